public import AgonCore
internal import Foundation
internal import GRDB

/// Which stored preference pairs are meant; what is nil or empty excludes none.
public struct PairFilter: Sendable, Hashable {
    /// The run's id.
    public var run: String?
    public var arena: String?
    public var rounds: ClosedRange<Int>?
    /// The judge's name, of whichever version; a person's name, or `everybody` for all people, means what they voted.
    public var judge: String?
    /// An agent that one of the two sides is of.
    public var agent: String?
    /// Pairs whose judge scores, and whose scores differ by at least this.
    public var minMargin: Double?

    /// What stands for all people in place of a judge's name.
    public static let everybody = "human"

    public init(
        run: String? = nil, arena: String? = nil, rounds: ClosedRange<Int>? = nil, judge: String? = nil,
        agent: String? = nil, minMargin: Double? = nil
    ) {
        self.run = run
        self.arena = arena
        self.rounds = rounds
        self.judge = judge
        self.agent = agent
        self.minMargin = minMargin
    }
}

/// A preference pair with its texts, and where it came from.
public struct StoredPair: Sendable, Hashable {
    /// What one side said, and where.
    public struct Side: Sendable, Hashable {
        public var address: RolloutAddress
        public var text: String
        /// The judge's score; nil where it gave none.
        public var score: Double?

        public init(address: RolloutAddress, text: String, score: Double?) {
            self.address = address
            self.text = text
            self.score = score
        }
    }

    public var arena: String
    /// The run's id.
    public var run: String
    public var round: Int
    public var promptID: String
    public var prompt: String
    public var chosen: Side
    public var rejected: Side
    public var judge: JudgeID
    /// How probable it is that the chosen side is the better one, ½ … 1.
    public var label: Double

    public init(
        arena: String, run: String, round: Int, promptID: String, prompt: String, chosen: Side, rejected: Side,
        judge: JudgeID, label: Double
    ) {
        self.arena = arena
        self.run = run
        self.round = round
        self.promptID = promptID
        self.prompt = prompt
        self.chosen = chosen
        self.rejected = rejected
        self.judge = judge
        self.label = label
    }

    /// By how much the judge scored the chosen side higher; nil where it does not score.
    public var margin: Double? {
        guard let high = chosen.score, let low = rejected.score else { return nil }
        return high - low
    }
}

extension ArenaStore {
    /// Hands over the preference pairs of closed rounds one by one, in the order of runs and rounds and as each closing
    /// gave them, from one consistent view of the database. However many there are, one is in memory.
    ///
    /// What people voted comes only where `PairFilter.judge` asks for it, after what a judge of that name decided: the
    /// better and the worse answer of each vote that is no tie, both by policies with tokens, without scores.
    /// - Throws: what the body throws; `unknownRun` for a run that the database does not have.
    public func forEachPair(_ filter: PairFilter, _ body: (StoredPair) throws -> Void) throws {
        var failure: (any Error)?
        try read("the preference pairs") { db in
            if let run = filter.run { _ = try db.key(ofRun: run) }
            let (condition, values) = filter.condition
            do {
                try db.forEachRow(ArenaStore.pairsQuery(where: condition), values) { try body(StoredPair($0)) }
                if let (condition, values) = filter.voteCondition {
                    try db.forEachRow(ArenaStore.votedPairsQuery(where: condition), values) { try body(StoredPair($0)) }
                }
            } catch let error as DatabaseError {
                throw error
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Walks the pairs of each run by their index; everything else is found by key. `CROSS JOIN` keeps SQLite to that
    /// order, in which nothing has to be sorted and so nothing is held.
    static func pairsQuery(where condition: String) -> String {
        """
        SELECT runs.arena, runs.name, pairs.round, CAST(pairs.prompt_id AS BLOB), CAST(chosen.prompt AS BLOB),
            chosen.room, chosen_seat, winner.name, winner.version, CAST(win.text AS BLOB), win.score,
            rejected.room, rejected_seat, loser.name, loser.version, CAST(loss.text AS BLOB), loss.score,
            pairs.judge, pairs.judge_version, pairs.label
        FROM runs
        CROSS JOIN pairs ON pairs.run_id = runs.id
        CROSS JOIN rooms AS chosen ON chosen.id = chosen_room_id
        CROSS JOIN rooms AS rejected ON rejected.id = rejected_room_id
        CROSS JOIN rollouts AS win ON win.room_id = chosen_room_id AND win.seat = chosen_seat
        CROSS JOIN rollouts AS loss ON loss.room_id = rejected_room_id AND loss.seat = rejected_seat
        CROSS JOIN versions AS winner ON winner.id = chosen_policy_id
        CROSS JOIN versions AS loser ON loser.id = rejected_policy_id
        WHERE \(isOfOnePrompt("chosen")) AND \(condition) ORDER BY runs.id, pairs.round, pairs.id
        """
    }

    /// Later stages showed each seat another text, so their outputs are no two answers to one prompt.
    private static func isOfOnePrompt(_ rooms: String) -> String { "(\(rooms).stage IS NULL OR \(rooms).stage IN ('answer', 'solve'))" }

    /// The same columns of what people voted, walked in the order of the rooms.
    static func votedPairsQuery(where condition: String) -> String {
        """
        SELECT runs.arena, runs.name, rooms.round, CAST(rooms.prompt_id AS BLOB), CAST(rooms.prompt AS BLOB),
            rooms.room, win.seat, winner.name, winner.version, CAST(win.text AS BLOB), NULL,
            rooms.room, loss.seat, loser.name, loser.version, CAST(loss.text AS BLOB), NULL,
            votes.judge, votes.judge_version, 1.0
        FROM runs
        CROSS JOIN rooms ON rooms.run_id = runs.id
        CROSS JOIN votes ON votes.room_id = rooms.id AND votes.is_person AND votes.verdict IN ('first', 'second')
        CROSS JOIN rollouts AS win
            ON win.room_id = rooms.id AND win.seat = iif(votes.verdict = 'first', votes.first, votes.second)
        CROSS JOIN rollouts AS loss
            ON loss.room_id = rooms.id AND loss.seat = iif(votes.verdict = 'first', votes.second, votes.first)
        CROSS JOIN versions AS winner ON winner.id = win.policy_id
        CROSS JOIN versions AS loser ON loser.id = loss.policy_id
        WHERE win.tokens IS NOT NULL AND loss.tokens IS NOT NULL AND \(isOfOnePrompt("rooms")) AND \(condition)
        ORDER BY runs.id, rooms.round, rooms.room, votes.first, votes.second, votes.judge
        """
    }
}

extension PairFilter {
    private typealias Part = (sql: String, values: [(any DatabaseValueConvertible)?])

    /// Over the tables of `pairsQuery`.
    var condition: (sql: String, values: [(any DatabaseValueConvertible)?]) {
        var parts = common(round: "pairs.round")
        if let judge { parts.append(("pairs.judge = ?", [judge])) }
        if let minMargin { parts.append(("win.score - loss.score >= ?", [minMargin])) }
        return PairFilter.all(parts)
    }

    /// Over the tables of `votedPairsQuery`; nil where no votes are meant: people give no scores, so no margin either.
    var voteCondition: (sql: String, values: [(any DatabaseValueConvertible)?])? {
        guard let judge, minMargin == nil else { return nil }
        var parts = common(round: "rooms.round")
        if judge != PairFilter.everybody { parts.append(("votes.judge = ?", [judge])) }
        return PairFilter.all(parts)
    }

    private func common(round: String) -> [Part] {
        var parts: [Part] = []
        if let run { parts.append(("runs.name = ?", [run])) }
        if let arena { parts.append(("runs.arena = ?", [arena])) }
        if let rounds { parts.append(("\(round) BETWEEN ? AND ?", [rounds.lowerBound, rounds.upperBound])) }
        if let agent { parts.append(("(winner.name = ? OR loser.name = ?)", [agent, agent])) }
        return parts
    }

    private static func all(_ parts: [Part]) -> Part {
        guard !parts.isEmpty else { return ("TRUE", []) }
        return (parts.map(\.sql).joined(separator: " AND "), parts.flatMap(\.values))
    }
}

extension StoredPair {
    /// From a row of `pairsQuery`.
    init(_ row: Row) {
        func side(_ first: Int) -> Side {
            let policy = PolicyID(agent: row[first + 2], version: row[first + 3])
            return Side(
                address: RolloutAddress(room: row[first], seat: row[first + 1], policy: policy),
                text: Text.decode(row[first + 4]), score: row[first + 5])
        }
        self.init(
            arena: row[0], run: row[1], round: row[2], promptID: Text.decode(row[3]), prompt: Text.decode(row[4]),
            chosen: side(5), rejected: side(11), judge: JudgeID(name: row[17], version: row[18]), label: row[19])
    }
}
