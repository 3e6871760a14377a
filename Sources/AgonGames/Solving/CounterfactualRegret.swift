/// Equilibria of zero-sum games of two seats, approached by counterfactual regret minimisation (CFR+).
///
/// In each round and for each seat in turn, every information set moves in proportion to its positive regrets
///
///     R ← max(0, R + Σ over its nodes of (reach of chance and the other seat) · (value of the move − value of the node))
///
/// and the answer is the average over the rounds, round t counted t times, each set's part weighed by how often its own
/// seat got there. How far it is from an equilibrium is `GameTree.exploitability(of:)`.
///
/// - Source: Zinkevich et al., NIPS 2007; Tammelin 2014, arXiv:1407.5042.
public enum CounterfactualRegret {
    /// The average profile after some rounds, always the same.
    public static func profile(of tree: GameTree, iterationCount: Int) -> BehaviourProfile {
        precondition(iterationCount > 0, "an average needs at least one round, not \(iterationCount)")
        var solver = Solver(tree)
        for round in 1...iterationCount {
            for seat in 0..<2 { solver.improve(seat, weight: Double(round)) }
        }
        return solver.average
    }

    private struct Solver {
        private let tree: GameTree
        /// Where each set's moves begin in the arrays below, and where the last ends.
        private let starts: [Int]
        private let seats: [Int]
        private var regrets: [Double]
        private var sums: [Double]
        private var current: [Double]
        /// How often chance and the seats lead to each node, by seat; chance counts with both.
        private var reach: [[Double]]
        private var values: [Double]

        init(_ tree: GameTree) {
            self.tree = tree
            starts = tree.informationSets.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.moves.count) }
            seats = tree.informationSets.map(\.seat)
            regrets = Array(repeating: 0, count: starts[starts.count - 1])
            sums = regrets
            current = regrets
            reach = Array(repeating: Array(repeating: 1, count: tree.nodes.count), count: 2)
            values = Array(repeating: 0, count: tree.nodes.count)
            for set in seats.indices { match(set) }
        }

        var average: BehaviourProfile {
            let (starts, sums) = (starts, sums)
            let rows = seats.indices.map { Array(sums[starts[$0]..<starts[$0 + 1]]) }
            var index = -1
            return BehaviourProfile(of: tree) { _ in
                index += 1
                return rows[index]
            }
        }

        /// One seat's regrets, average and moves after one walk.
        mutating func improve(_ seat: Int, weight: Double) {
            walkDown()
            let sign = seat == 0 ? 1.0 : -1.0
            for index in stride(from: tree.nodes.count - 1, through: 0, by: -1) {
                let set = tree.nodes[index].set
                guard set >= 0 else {
                    values[index] = sign * tree.nodes[index].payoff
                    continue
                }
                let start = starts[set]
                var value = 0.0
                for move in tree.nodes[index].children.indices {
                    value += current[start + move] * values[tree.nodes[index].children[move]]
                }
                values[index] = value
                guard seats[set] == seat else { continue }
                let (others, own) = (reach[1 - seat][index], reach[seat][index])
                for move in tree.nodes[index].children.indices {
                    regrets[start + move] += others * (values[tree.nodes[index].children[move]] - value)
                    sums[start + move] += weight * own * current[start + move]
                }
            }
            for set in seats.indices where seats[set] == seat {
                for move in starts[set]..<starts[set + 1] { regrets[move] = max(0, regrets[move]) }
                match(set)
            }
        }

        /// The current moves' shares of each seat in reaching each node.
        private mutating func walkDown() {
            for index in tree.nodes.indices {
                let set = tree.nodes[index].set
                guard set >= 0 else { continue }
                for move in tree.nodes[index].children.indices {
                    let child = tree.nodes[index].children[move]
                    for seat in 0..<2 {
                        reach[seat][child] = reach[seat][index] * (seats[set] == seat ? current[starts[set] + move] : 1)
                    }
                }
            }
        }

        /// A set's moves in proportion to its regrets, all alike where there are none.
        private mutating func match(_ set: Int) {
            let range = starts[set]..<starts[set + 1]
            let total = regrets[range].reduce(0, +)
            for move in range { current[move] = total > 0 ? regrets[move] / total : 1 / Double(range.count) }
        }
    }
}
