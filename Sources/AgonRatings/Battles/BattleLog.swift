/// Rooms in the order in which they were played, for ratings that depend on order or on whole rankings.
///
/// A game of two is a room with two seats. Everything lies in flat arrays: ten million games take 140 MB.
public struct BattleLog: Sendable, Hashable {
    /// Players in the order of arrival.
    public private(set) var names: [String] = []
    /// Player indices, room after room.
    public private(set) var seats: [Int32] = []
    /// Of each seat, 0 the best of its room, equal is a tie.
    public private(set) var ranks: [UInt8] = []
    /// Where each room's seats begin, and at last their count.
    public private(set) var starts: [Int32] = [0]
    /// Names of the covariates that each game of two comes with: its first player's value less its second's.
    public let covariateNames: [String]
    /// Game after game, `[games, covariates]`.
    public private(set) var covariates: [Double] = []
    private var indices: [String: Int32] = [:]

    /// - Parameter covariateNames: what is known about each game; with any, all rooms have two seats.
    public init(covariateNames: [String] = []) { self.covariateNames = covariateNames }

    public var roomCount: Int { starts.count - 1 }

    /// The number of a player, a new one where the name is new.
    public mutating func player(_ name: String) -> Int32 {
        if let known = indices[name] { return known }
        let index = Int32(names.count)
        indices[name] = index
        names.append(name)
        return index
    }

    /// Adds a game of two.
    ///
    /// - Parameter covariates: one value per name.
    public mutating func add(first: Int32, second: Int32, outcome: BattleOutcome, covariates values: [Double] = []) {
        precondition(first != second, "a player cannot battle itself")
        precondition(values.count == covariateNames.count, "each game has a value of each covariate")
        seats.append(first)
        seats.append(second)
        ranks.append(outcome == .loss ? 1 : 0)
        ranks.append(outcome == .win ? 1 : 0)
        starts.append(Int32(seats.count))
        covariates += values
    }

    /// Adds a room.
    ///
    /// - Parameter ranks: of each seat, lower is better, equal is a tie.
    public mutating func addRoom(_ players: [Int32], ranks roomRanks: [Int32]) {
        precondition((2...256).contains(players.count) && players.count == roomRanks.count, "a room has 2 to 256 ranked seats")
        precondition(covariateNames.isEmpty, "only games of two have covariates")
        seats += players
        let distinct = Set(roomRanks).sorted()
        ranks += roomRanks.map { rank in UInt8(distinct.firstIndex(of: rank) ?? 0) }
        starts.append(Int32(seats.count))
    }

    /// Adds what another log holds, whose rooms were played later.
    public mutating func add(_ other: BattleLog) {
        precondition(covariateNames == other.covariateNames, "logs of one kind have the same covariates")
        let numbers = other.names.map { player($0) }
        let offset = Int32(seats.count)
        seats += other.seats.map { numbers[Int($0)] }
        ranks += other.ranks
        starts += other.starts.dropFirst().map { $0 + offset }
        covariates += other.covariates
    }

    /// The seats of a room.
    public func room(_ index: Int) -> Range<Int> { Int(starts[index])..<Int(starts[index + 1]) }

    /// The battles counted; the pairs of one room depend on one another.
    public func table() -> BattleTable {
        var builder = BattleTable.Builder()
        for name in names { _ = builder.player(name) }
        for index in 0..<roomCount {
            let room = room(index)
            if room.count == 2 {
                builder.add(
                    first: seats[room.lowerBound], second: seats[room.lowerBound + 1],
                    outcome: BattleOutcome(Int32(ranks[room.lowerBound]), Int32(ranks[room.lowerBound + 1])))
            } else {
                builder.addRoom(seats[room], ranks: ranks[room].map { Int32($0) })
            }
        }
        return builder.table()
    }
}
