/// What each board of nine squares is worth to X where a fair coin decides who marks next.
///
///     V = ½ · (max over X's marks of V) + ½ · (min over O's marks of V),  1 for X's row, −1 for O's, 0 for a draw
///
/// In an auction with real numbers of chips, won bids paid to the loser, the side that bids a quarter of the difference
/// between the two, as a share of all chips, cannot be made to lose what it holds. With whole chips that is a good rule
/// and no more.
/// - Source: Lazarus et al., "Combinatorial games under auction play", Games and Economic Behavior 27, 1999.
struct RichmanValues: Sendable {
    /// Built on first use, never changed after.
    static let shared = RichmanValues()

    /// By the squares of X and O, `[X · 512 + O]`; NaN where it was never reached.
    private let values: [Double]

    private init() {
        var values = Array(repeating: Double.nan, count: 512 * 512)
        _ = Self.solve(0, 0, into: &values)
        self.values = values
    }

    private static func solve(_ crosses: UInt16, _ noughts: UInt16, into values: inout [Double]) -> Double {
        let code = Int(crosses) * 512 + Int(noughts)
        if !values[code].isNaN { return values[code] }
        let value: Double
        if NineSquares.hasRow(crosses) {
            value = 1
        } else if NineSquares.hasRow(noughts) {
            value = -1
        } else {
            var (high, low) = (-Double.infinity, Double.infinity)
            for square in 0..<9 where (crosses | noughts) & (1 << UInt16(square)) == 0 {
                high = max(high, solve(crosses | 1 << UInt16(square), noughts, into: &values))
                low = min(low, solve(crosses, noughts | 1 << UInt16(square), into: &values))
            }
            value = high < low ? 0 : (high + low) / 2
        }
        values[code] = value
        return value
    }

    /// The value for X.
    func value(_ marks: [UInt16]) -> Double { values[Int(marks[0]) * 512 + Int(marks[1])] }

    /// How a seat that is to move bids or marks.
    func chances(at position: BidTicTacToePosition, seat: Int) -> MoveChances {
        let moves = position.legalMoves(of: seat)
        let own = marked(position, by: seat)
        if position.marker != nil {
            let best = own.max() ?? 0
            return MoveChances(moves, evenlyAmong: zip(moves, own).filter { $0.1 == best }.map(\.0))
        }
        // Either side's gain counts from where the other would have marked.
        let loss = -(marked(position, by: 1 - seat).max() ?? 0)
        let share = ((own.max() ?? 0) - loss) / 4
        let bid = min(share * Double(position.chips[0] + position.chips[1]), Double(position.chips[seat]))
        let whole = Int(bid)
        let part = bid - Double(whole)
        return MoveChances(moves, weights: moves.indices.map { $0 == whole ? 1 - part : $0 == whole + 1 ? part : 0 })
    }

    /// What each free square is worth to the side that marks it.
    private func marked(_ position: BidTicTacToePosition, by seat: Int) -> [Double] {
        position.freeSquares.map { square in
            var marks = position.marks
            marks[seat] |= 1 << UInt16(square)
            return seat == 0 ? value(marks) : -value(marks)
        }
    }
}
