public import AgonCore

/// How probable each legal move is.
public struct MoveChances: Sendable, Hashable {
    /// The legal moves, in the order of the rules.
    public let moves: [String]
    /// One for each move; they sum to 1.
    public let weights: [Double]

    /// - Parameter weights: one for each move, none negative, not all zero, of any sum.
    public init(_ moves: [String], weights: [Double]) {
        precondition(moves.count == weights.count, "\(moves.count) moves need as many weights, not \(weights.count)")
        let total = weights.reduce(0, +)
        precondition(
            total > 0 && total.isFinite && weights.allSatisfy { $0 >= 0 },
            "weights of moves are not negative and not all zero, they are \(weights)")
        self.moves = moves
        self.weights = total == 1 ? weights : weights.map { $0 / total }
    }

    /// Some of the moves, all equally likely.
    /// - Precondition: at least one of the chosen is among the moves.
    public init(_ moves: [String], evenlyAmong chosen: [String]) {
        let chosen = Set(chosen)
        self.init(moves, weights: moves.map { chosen.contains($0) ? 1 : 0 })
    }

    /// All moves equally likely.
    public init(evenly moves: [String]) { self.init(moves, evenlyAmong: moves) }

    /// The moves that can happen.
    public var supported: [String] { zip(moves, weights).filter { $0.1 > 0 }.map(\.0) }

    /// The probability of a move, 0 where it is not legal.
    public subscript(move: String) -> Double { moves.firstIndex(of: move).map { weights[$0] } ?? 0 }

    /// One move. Where all that can happen are equally likely, it is one bounded draw, otherwise one number in [0, 1).
    public func draw(using generator: inout SeededGenerator) -> String? {
        let supported = supported
        let positive = weights.filter { $0 > 0 }
        if positive.allSatisfy({ $0 == positive[0] }) { return generator.element(of: supported) }
        var remainder = generator.unit()
        for (move, weight) in zip(supported, positive) {
            if remainder < weight { return move }
            remainder -= weight
        }
        return supported.last
    }
}
