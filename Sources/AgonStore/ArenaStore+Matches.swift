public import AgonCore
internal import GRDB

extension ArenaStore {
    /// The matches of the closed rounds up to one, in round and room order.
    ///
    /// Two walks, along the index of the run's rooms and along the matches of these rooms, and no search for each: with a
    /// million rooms that is the difference between a second and several.
    public func matches(run: String, upToRound round: Int = .max) throws(StoreError) -> MatchList {
        try read("the matches") { db in
            let key = try db.key(ofRun: run)
            var policies: [Int64: PolicyID] = [:]
            try db.forEachRow("SELECT id, name, version FROM versions WHERE run_id = ? AND NOT is_judge", [key]) { row in
                policies[row[0]] = PolicyID(agent: row[1], version: row[2])
            }
            let rooms = try RoomPlaces(db, run: key, upToRound: round)
            guard let ids = rooms.ids else { return MatchList() }
            var stored: [StoredMatch] = []
            try db.forEachRow(ArenaStore.matchQuery, [ids.lowerBound, ids.upperBound]) { row in
                guard let place = rooms.place(of: row[0]) else { return }
                stored.append(
                    StoredMatch(place: place, cluster: row[1], first: row[2], second: row[3], score: row[4], weight: row[5]))
            }
            return try ArenaStore.list(stored, rooms, policies)
        }
    }

    /// A row of the table, with its room's place in round and room order.
    private struct StoredMatch {
        var place: Int
        var cluster: Int
        var first: Int64
        var second: Int64
        var score: Double
        var weight: Double
    }

    static let matchQuery = """
        SELECT room_id, cluster, first_policy_id, second_policy_id, score, weight
        FROM matches WHERE room_id BETWEEN ? AND ? ORDER BY room_id, position
        """

    private static func list(_ stored: [StoredMatch], _ rooms: RoomPlaces, _ policies: [Int64: PolicyID]) throws -> MatchList {
        // Rooms are saved in waves, so their keys are not in the rooms' order; each room's matches are.
        var starts = [Int](repeating: 0, count: rooms.count + 1)
        for match in stored { starts[match.place + 1] += 1 }
        for place in 0..<rooms.count { starts[place + 1] += starts[place] }
        var order = [Int](repeating: 0, count: stored.count)
        for (index, match) in stored.enumerated() {
            order[starts[match.place]] = index
            starts[match.place] += 1
        }
        var list = MatchList()
        var numbers: [Int64: Int32] = [:]
        func number(_ id: Int64) throws -> Int32 {
            if let known = numbers[id] { return known }
            guard let policy = policies[id] else { throw StoreError(.damaged, "a match names version \(id), which its run does not have.") }
            let number = list.number(of: policy)
            numbers[id] = number
            return number
        }
        for index in order {
            let match = stored[index]
            list.append(
                round: rooms.round(match.place), room: rooms.room(match.place), cluster: match.cluster,
                first: try number(match.first), second: try number(match.second), score: match.score, weight: match.weight)
        }
        return list
    }
}

/// The rooms of a run's closed rounds in round and room order, with their keys.
private struct RoomPlaces {
    private var rounds: [Int32] = []
    private var rooms: [Int32] = []
    /// By key from the least one on: the place of the room, −1 where the key is another run's.
    private var places: [Int32] = []
    /// The least and the greatest key; nil without rooms.
    private(set) var ids: ClosedRange<Int64>?

    var count: Int { rounds.count }
    func round(_ place: Int) -> Int { Int(rounds[place]) }
    func room(_ place: Int) -> Int { Int(rooms[place]) }

    init(_ db: Database, run key: Int64, upToRound round: Int) throws {
        var keys: [Int64] = []
        try db.forEachRow(
            "SELECT id, round, room FROM rooms WHERE run_id = ? AND round <= ? ORDER BY round, room", [key, min(round, db.lastClosedRound(ofRun: key))]
        ) { row in
            keys.append(row[0])
            rounds.append(row[1])
            rooms.append(row[2])
        }
        guard let least = keys.min(), let greatest = keys.max() else { return }
        ids = least...greatest
        places = Array(repeating: -1, count: Int(greatest - least) + 1)
        for (place, key) in keys.enumerated() { places[Int(key - least)] = Int32(place) }
    }

    func place(of key: Int64) -> Int? {
        guard let ids, ids.contains(key) else { return nil }
        let place = places[Int(key - ids.lowerBound)]
        return place < 0 ? nil : Int(place)
    }
}

/// What an agent did in the matches on one prompt.
public struct MatchTally: Sendable, Hashable {
    public var agent: String
    /// The prompt's name; empty where matches are told apart otherwise.
    public var prompt: String
    /// In games for two: whether it moved first.
    public var isFirst: Bool
    public var wins: Int
    public var draws: Int
    public var losses: Int

    public init(agent: String, prompt: String = "", isFirst: Bool = false, wins: Int = 0, draws: Int = 0, losses: Int = 0) {
        self.agent = agent
        self.prompt = prompt
        self.isFirst = isFirst
        self.wins = wins
        self.draws = draws
        self.losses = losses
    }
}

extension ArenaStore {
    /// Wins, draws and losses of each agent on each prompt in the closed rounds, matches against its own versions left out.
    public func promptTallies(run: String, upToRound round: Int = .max) throws(StoreError) -> [MatchTally] {
        try read("the scores by prompt") { db in
            try db.rows(ArenaStore.promptTallyQuery, [db.key(ofRun: run), round]).map { row in
                MatchTally(agent: row[0], prompt: Text.decode(row[1]), wins: row[2], draws: row[3], losses: row[4])
            }
        }
    }

    static let promptTallyQuery = """
        SELECT agent, prompt, sum(score > 0.5), sum(score = 0.5), sum(score < 0.5)
        FROM (
            SELECT one.name AS agent, CAST(prompt_id AS BLOB) AS prompt, score
            FROM rooms JOIN matches ON room_id = rooms.id
            JOIN versions AS one ON one.id = first_policy_id JOIN versions AS other ON other.id = second_policy_id
            WHERE rooms.run_id = ?1 AND rooms.round <= ?2 AND one.name <> other.name
            UNION ALL
            SELECT one.name, CAST(prompt_id AS BLOB), 1 - score
            FROM rooms JOIN matches ON room_id = rooms.id
            JOIN versions AS one ON one.id = second_policy_id JOIN versions AS other ON other.id = first_policy_id
            WHERE rooms.run_id = ?1 AND rooms.round <= ?2 AND one.name <> other.name
        )
        GROUP BY agent, prompt ORDER BY agent, prompt
        """
}
