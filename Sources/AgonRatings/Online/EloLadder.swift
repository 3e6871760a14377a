public import AgonCore
import Foundation

/// Elo over a log of battles.
///
/// A room of m seats moves all of them by their ratings before it, each by its mean over the m − 1 others:
///
///     Δ_x = K/(m−1) · Σ_y (s_xy − 1 / (1 + 10^((R_y − R_x) / scale)))
///
/// so that a room counts as one game whatever its size and nobody is moved twice by one ranking. With one K for all, what
/// one wins the others lose. A player's first rooms may move it more (`provisionalK`); a `floor` stops its fall.
///
/// - Source: Elo 1978, The Rating of Chessplayers; FIDE Handbook B.02 §8.
public struct EloLadder: Sendable, Hashable {
    /// What a ladder may be told; ratings in points.
    public struct Options: Sendable, Hashable, Codable {
        public var initial: Double
        public var k: Double
        public var scale: Double
        /// K of a player's first `provisionalRoomCount` rooms.
        public var provisionalK: Double
        public var provisionalRoomCount: Int
        /// No rating falls below it; nil for none.
        public var floor: Double?

        public init(
            initial: Double = 1000, k: Double = 16, scale: Double = 400, provisionalK: Double? = nil,
            provisionalRoomCount: Int = 0, floor: Double? = nil
        ) {
            self.initial = initial
            self.k = k
            self.scale = scale
            self.provisionalK = provisionalK ?? k
            self.provisionalRoomCount = provisionalRoomCount
            self.floor = floor
        }
    }

    public let options: Options
    /// Per player.
    public private(set) var ratings: [Double]
    public private(set) var roomCounts: [Int32]

    public init(playerCount: Int, options: Options = Options()) {
        self.options = options
        ratings = [Double](repeating: options.initial, count: playerCount)
        roomCounts = [Int32](repeating: 0, count: playerCount)
    }

    /// The ladder after a log, in its order.
    public init(_ log: BattleLog, options: Options = Options()) {
        self.init(playerCount: log.names.count, options: options)
        apply(log, order: nil)
    }

    /// Plays the rooms of a log, in its order or in another.
    mutating func apply(_ log: BattleLog, order: [Int32]?) {
        let options = options
        let slope = log10Scale
        let isPlain = options.floor == nil && options.provisionalRoomCount == 0
        log.seats.withUnsafeBufferPointer { seats in
            log.ranks.withUnsafeBufferPointer { ranks in
                log.starts.withUnsafeBufferPointer { starts in
                    for position in 0..<(order?.count ?? log.roomCount) {
                        let room = order.map { Int($0[position]) } ?? position
                        let (start, end) = (Int(starts[room]), Int(starts[room + 1]))
                        guard isPlain && end - start == 2 else {
                            applyRoom(seats, ranks, start..<end)
                            continue
                        }
                        let (first, second) = (Int(seats[start]), Int(seats[start + 1]))
                        let (one, other) = (ranks[start], ranks[start + 1])
                        let score = one == other ? 0.5 : one < other ? 1.0 : 0
                        let expected = 1 / (1 + exp((ratings[second] - ratings[first]) * slope))
                        let move = options.k * (score - expected)
                        ratings[first] += move
                        ratings[second] -= move
                        roomCounts[first] += 1
                        roomCounts[second] += 1
                    }
                }
            }
        }
    }

    private var log10Scale: Double { log(10) / options.scale }

    private mutating func applyRoom(
        _ seats: UnsafeBufferPointer<Int32>, _ ranks: UnsafeBufferPointer<UInt8>, _ room: Range<Int>
    ) {
        var moves = [Double](repeating: 0, count: room.count)
        for i in 0..<room.count {
            for j in (i + 1)..<max(room.count, i + 1) {
                let (one, other) = (ranks[room.lowerBound + i], ranks[room.lowerBound + j])
                let score = one == other ? 0.5 : one < other ? 1.0 : 0
                let difference = ratings[Int(seats[room.lowerBound + i])] - ratings[Int(seats[room.lowerBound + j])]
                let surprise = score - EloScale.expectedScore(difference: difference, scale: options.scale)
                moves[i] += surprise
                moves[j] -= surprise
            }
        }
        for i in 0..<room.count {
            let player = Int(seats[room.lowerBound + i])
            let isNew = roomCounts[player] < options.provisionalRoomCount
            let k = isNew ? options.provisionalK : options.k
            ratings[player] += k * moves[i] / Double(room.count - 1)
            if let floor = options.floor { ratings[player] = max(floor, ratings[player]) }
            roomCounts[player] += 1
        }
    }

    /// The ratings of many random orders of the log, on all cores.
    ///
    /// Elo depends on the order of rooms, which says nothing about players that do not change. The mean over orders does
    /// not.
    ///
    /// - Parameter resampling: rooms are drawn with replacement as well, so that the spread is the rating's whole error.
    /// - Returns: order after order `[orders, players]`, in points. Order k is the same whatever their number.
    public static func orders(
        _ log: BattleLog, count: Int, seed: Seed, resampling: Bool = false, options: Options = Options()
    ) async -> [Double] {
        let ladders = await withTaskGroup(of: (Int, [Double]).self) { group in
            for index in 0..<count {
                group.addTask {
                    var generator = SeededGenerator(seed.child(.shuffle, index))
                    var order: [Int32]
                    if resampling {
                        order = (0..<log.roomCount).map { _ in Int32(generator.index(below: log.roomCount)) }
                    } else {
                        order = generator.shuffled(Array(0..<Int32(log.roomCount)))
                    }
                    var ladder = EloLadder(playerCount: log.names.count, options: options)
                    ladder.apply(log, order: order)
                    return (index, ladder.ratings)
                }
            }
            var ladders = [[Double]](repeating: [], count: count)
            for await (index, ratings) in group { ladders[index] = ratings }
            return ladders
        }
        return ladders.flatMap { $0 }
    }

    /// The mean over random orders of the log, per player.
    public static func averaged(
        _ log: BattleLog, orders count: Int, seed: Seed, options: Options = Options()
    ) async -> [Double] {
        let all = await orders(log, count: count, seed: seed, options: options)
        let players = log.names.count
        return (0..<players).map { player in
            (0..<count).reduce(0) { $0 + all[$1 * players + player] } / Double(count)
        }
    }
}
