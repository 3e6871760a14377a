/// A game of two seats unrolled: every position that can be reached from its deals, and which of them a seat cannot
/// tell apart.
///
/// All deals are equally likely. Moves of one step stand one after another, the later not knowing the earlier. Nodes are
/// in the order of a walk that visits parents before children, so values are added up backwards in one pass.
public struct GameTree: Sendable {
    /// What a seat knows when it is to move: its view. Positions with one view are one decision.
    public struct InformationSet: Sendable, Hashable {
        public let seat: Int
        public let view: String
        /// The legal moves, in the order of the rules.
        public let moves: [String]
    }

    /// One moment: an end with its payoff, or a decision.
    struct Node: Sendable {
        /// An index into `informationSets`; −1 at an end.
        var set = -1
        /// Indices of the nodes that the set's moves lead to.
        var children: [Int] = []
        /// What seat 0 has won, at an end.
        var payoff = 0.0
    }

    /// In the order in which a walk meets them.
    public let informationSets: [InformationSet]
    let nodes: [Node]
    /// The node of each deal.
    let roots: [Int]

    /// Unrolls a game.
    ///
    /// - Parameter nodeLimit: the most nodes that the tree may have.
    /// - Returns: nil where the game has not two seats, is not zero-sum, or has more nodes than that.
    public init?(_ game: any Game, nodeLimit: Int = 1_000_000) {
        guard game.seatCount == 2, game.isZeroSum else { return nil }
        var builder = Builder(nodeLimit: nodeLimit)
        var roots: [Int] = []
        for deal in game.deals {
            guard let position = game.position(after: deal), let root = builder.add(position, pending: []) else { return nil }
            roots.append(root)
        }
        (informationSets, nodes, self.roots) = (builder.sets, builder.nodes, roots)
    }

    private struct Builder {
        struct Address: Hashable {
            let seat: Int
            let view: String
        }

        let nodeLimit: Int
        var nodes: [Node] = []
        var sets: [InformationSet] = []
        var indexOfSet: [Address: Int] = [:]

        /// Adds a position and everything after it; nil where there are too many.
        ///
        /// - Parameter pending: moves of this step that were chosen and not yet shown to anybody.
        mutating func add(_ position: any GamePosition, pending: [String]) -> Int? {
            guard nodes.count < nodeLimit else { return nil }
            let index = nodes.count
            nodes.append(Node())
            let seats = position.seatsToMove
            guard pending.count < seats.count else {
                nodes[index].payoff = position.payoffs?[0] ?? 0
                return index
            }
            let address = Address(seat: seats[pending.count], view: position.view(of: seats[pending.count]))
            let moves = position.legalMoves(of: address.seat)
            if indexOfSet[address] == nil {
                indexOfSet[address] = sets.count
                sets.append(InformationSet(seat: address.seat, view: address.view, moves: moves))
            }
            var children: [Int] = []
            for move in moves {
                let chosen = pending + [move]
                let child: Int?
                if chosen.count < seats.count {
                    child = add(position, pending: chosen)
                } else {
                    guard let next = position.playing(chosen) else {
                        preconditionFailure("a legal move of \(address.view) can be played, \(move) cannot")
                    }
                    child = add(next, pending: [])
                }
                guard let child else { return nil }
                children.append(child)
            }
            nodes[index].set = indexOfSet[address] ?? -1
            nodes[index].children = children
            return index
        }
    }
}

/// How both seats of a tree move: for each information set the probability of each move.
public struct BehaviourProfile: Sendable, Hashable {
    /// By the tree's information sets, then by their moves; each row sums to 1.
    public var weights: [[Double]]

    /// - Parameter weigh: weights of a set's moves, none negative, of any sum. Where all are zero, for instance because
    ///   only illegal moves were drawn, the moves count as equally likely.
    public init(of tree: GameTree, weigh: (GameTree.InformationSet) -> [Double]) {
        weights = tree.informationSets.map { set in
            let weights = weigh(set)
            precondition(weights.count == set.moves.count, "\(set.moves.count) moves need as many weights, not \(weights.count)")
            let total = weights.reduce(0, +)
            return total > 0 ? weights.map { $0 / total } : weights.map { _ in 1 / Double(weights.count) }
        }
    }

    /// A rule in both seats.
    public init(of tree: GameTree, _ strategy: GameStrategy) {
        self.init(of: tree) { set in
            let chances = strategy.chances(inView: set.view)
            return set.moves.map { chances?[$0] ?? 0 }
        }
    }
}

extension GameTree {
    /// What seat 0 wins on average when both seats move as a profile says.
    public func value(of profile: BehaviourProfile) -> Double {
        var values = nodes.map(\.payoff)
        for index in nodes.indices.reversed() where nodes[index].set >= 0 {
            values[index] = zip(nodes[index].children, profile.weights[nodes[index].set]).reduce(0) { $0 + values[$1.0] * $1.1 }
        }
        return roots.reduce(0) { $0 + values[$1] } / Double(roots.count)
    }

    /// What a seat wins on average with its best answer to the other seat's part of a profile.
    ///
    /// The seat chooses one move for each of its information sets, by what it brings over all positions that look alike,
    /// each weighed by how often chance and the other seat lead there.
    public func bestResponse(to profile: BehaviourProfile, by seat: Int) -> Double {
        let response = BestResponse(tree: self, profile: profile, seat: seat)
        return roots.reduce(0) { $0 + response.value(of: $1) } / Double(roots.count)
    }

    /// How much a profile can be exploited: the mean over the seats of what the best answer wins beyond the profile's
    /// own value, in the game's own unit. Zero in an equilibrium and only there.
    ///
    ///     (best response of seat 0 + best response of seat 1) / 2        half of what is called NashConv
    public func exploitability(of profile: BehaviourProfile) -> Double {
        (bestResponse(to: profile, by: 0) + bestResponse(to: profile, by: 1)) / 2
    }
}

/// The best answer of one seat, worked out from the ends.
private final class BestResponse {
    private let tree: GameTree
    private let profile: BehaviourProfile
    private let seat: Int
    /// How often chance and the other seat lead to each node, up to the constant share of a deal.
    private let reach: [Double]
    /// The nodes of each information set.
    private let members: [[Int]]
    private var choices: [Int?]
    private var values: [Double?]

    init(tree: GameTree, profile: BehaviourProfile, seat: Int) {
        self.tree = tree
        self.profile = profile
        self.seat = seat
        var reach = [Double](repeating: 0, count: tree.nodes.count)
        var members = [[Int]](repeating: [], count: tree.informationSets.count)
        for root in tree.roots { reach[root] = 1 }
        for (index, node) in tree.nodes.enumerated() where node.set >= 0 {
            members[node.set].append(index)
            let isOwn = tree.informationSets[node.set].seat == seat
            for (child, weight) in zip(node.children, profile.weights[node.set]) {
                reach[child] = reach[index] * (isOwn ? 1 : weight)
            }
        }
        self.reach = reach
        self.members = members
        choices = Array(repeating: nil, count: members.count)
        values = Array(repeating: nil, count: tree.nodes.count)
    }

    func value(of index: Int) -> Double {
        if let value = values[index] { return value }
        let node = tree.nodes[index]
        let value: Double
        if node.set < 0 {
            value = seat == 0 ? node.payoff : -node.payoff
        } else if tree.informationSets[node.set].seat == seat {
            value = self.value(of: node.children[choice(at: node.set)])
        } else {
            value = zip(node.children, profile.weights[node.set]).reduce(0) { sum, branch in
                branch.1 == 0 ? sum : sum + branch.1 * self.value(of: branch.0)
            }
        }
        values[index] = value
        return value
    }

    private func choice(at set: Int) -> Int {
        if let choice = choices[set] { return choice }
        let gains = tree.informationSets[set].moves.indices.map { move in
            members[set].reduce(0) { sum, member in
                reach[member] == 0 ? sum : sum + reach[member] * value(of: tree.nodes[member].children[move])
            }
        }
        let choice = gains.indices.max { gains[$0] < gains[$1] } ?? 0
        choices[set] = choice
        return choice
    }
}
