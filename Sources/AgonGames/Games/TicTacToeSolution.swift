/// The value of every position of tic-tac-toe, solved once by exhaustive negamax.
///
/// The value is the mover's: 10 less the moves until it wins, minus that until it loses, 0 for a draw. So
/// perfect play wins as soon as it can and, when lost, holds out as long as it can.
struct TicTacToeSolution: Sendable {
    /// Built on first use, never changed after.
    static let shared = TicTacToeSolution()

    /// By code: the squares as a number in base 3, 0 free, 1 X, 2 O. `[3^9]`; most codes are never reached.
    private let values: [Int8]

    private static let unsolved = Int8.min

    private init() {
        var values = Array(repeating: Self.unsolved, count: 19_683)
        _ = Self.solve(TicTacToePosition(), into: &values)
        self.values = values
    }

    /// The value for the side to move.
    func value(of position: TicTacToePosition) -> Int { Int(values[Self.code(of: position)]) }

    private static func solve(_ position: TicTacToePosition, into values: inout [Int8]) -> Int8 {
        let code = code(of: position)
        if values[code] != unsolved { return values[code] }
        let value: Int8
        if let payoffs = position.payoffs {
            // Whoever is to move in a won position is the one who lost it.
            value = payoffs[0] == 0 ? 0 : -10
        } else {
            value = position.freeSquares
                .map { aged(-solve(position.playing(square: $0), into: &values)) }
                .max() ?? 0
        }
        values[code] = value
        return value
    }

    /// A result one move further away is one closer to a draw.
    private static func aged(_ value: Int8) -> Int8 { value - value.signum() }

    private static func code(of position: TicTacToePosition) -> Int {
        var code = 0
        for square in stride(from: 8, through: 0, by: -1) {
            let cross = Int(position.crosses >> UInt16(square)) & 1
            let nought = Int(position.noughts >> UInt16(square)) & 1
            code = code * 3 + cross + 2 * nought
        }
        return code
    }
}
