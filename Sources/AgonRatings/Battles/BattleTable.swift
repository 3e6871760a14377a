/// How a battle of two ended, seen from the first.
public enum BattleOutcome: UInt8, Sendable, Hashable, Codable, CaseIterable {
    case win, tie, loss

    /// The same battle seen from the second.
    public var turned: BattleOutcome {
        switch self {
        case .win: .loss
        case .tie: .tie
        case .loss: .win
        }
    }

    /// Points of the first: 1, ½, 0.
    public var score: Double { 1 - Double(rawValue) / 2 }
}

/// All that a rating of static players needs of any number of battles: who met whom how often, and how it ended.
///
/// Ten million battles of two hundred players are 19,900 rows here. Battles that hang together (the pairs of one room,
/// the two orders of one prompt) are kept one by one beside the counts, since intervals must know of them; a room with
/// a single battle of weight 1 hangs together with nothing and is counted.
///
/// Players are numbered in the order of their names and pairs by their players, so the same battles in any order, cut
/// into any pieces, give the same table.
public struct BattleTable: Sendable, Hashable {
    /// The battles of two players.
    public struct Pair: Sendable, Hashable {
        /// Player indices, `first` < `second`.
        public var first: Int32
        public var second: Int32
        /// Weights of the battles that `first` won, drew and lost.
        public var wins: Double
        public var ties: Double
        public var losses: Double

        /// Battles, weighted.
        public var weight: Double { wins + ties + losses }
        /// Points of `first`, a tie half a win.
        public var points: Double { wins + ties / 2 }

        mutating func add(_ weight: Double, _ outcome: BattleOutcome) {
            switch outcome {
            case .win: wins += weight
            case .tie: ties += weight
            case .loss: losses += weight
            }
        }
    }

    /// A battle that depends on the others of its room.
    public struct RoomBattle: Sendable, Hashable {
        /// Index into `pairs`.
        public var pair: Int32
        /// Seen from the pair's first.
        public var outcome: BattleOutcome
        public var weight: Double
    }

    /// Players by name, sorted.
    public let names: [String]
    /// Everything that was played, sorted by first and second.
    public let pairs: [Pair]
    /// Of each pair the battles that depend on no other; whole numbers.
    public let singles: [Pair]
    /// The battles of rooms, room after room.
    public let roomBattles: [RoomBattle]
    /// Where each room begins in `roomBattles`, and at last their count.
    public let roomStarts: [Int]
    /// Battles, unweighted.
    public let battleCount: Int

    /// Rooms with more than one battle, or a weighted one.
    public var roomCount: Int { roomStarts.count - 1 }

    init(names: [String], singles: [Pair], roomBattles: [RoomBattle], roomStarts: [Int]) {
        self.names = names
        self.singles = singles
        self.roomBattles = roomBattles
        self.roomStarts = roomStarts
        var total = singles
        for battle in roomBattles { total[Int(battle.pair)].add(battle.weight, battle.outcome) }
        pairs = total
        battleCount = roomBattles.count + Int(singles.reduce(0) { $0 + $1.weight })
    }

    /// The table of several logs, as if they had been one. A room lies in one log.
    public init(merging tables: [BattleTable]) {
        var builder = Builder()
        for table in tables { builder.add(table) }
        self = builder.table()
    }

    /// The index of a player.
    public func index(of name: String) -> Int? {
        var (low, high) = (0, names.count)
        while low < high {
            let middle = (low + high) / 2
            if names[middle] < name { low = middle + 1 } else { high = middle }
        }
        return low < names.count && names[low] == name ? low : nil
    }
}
