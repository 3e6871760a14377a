import AgonCore

/// The matches as indices, with who can be compared to whom.
struct MatchGraph {
    /// One match by player indices.
    struct Edge {
        var first: Int
        var second: Int
        var cluster: Int
        var score: Double
        var weight: Double
    }

    /// All matches of two players.
    struct Pair {
        /// Player indices, `first` < `second`.
        var first: Int
        var second: Int
        /// Sum of weights.
        var weight = 0.0
        /// Weighted points of `first`.
        var points = 0.0
    }

    /// Sorted by agent and version, so that the order of matches does not matter.
    let players: [PolicyID]
    let anchor: Int
    let edges: [Edge]
    /// The edges summed, sorted by first and second.
    let pairs: [Pair]
    /// Per player how many others it met.
    let opponentCount: [Int]
    /// Per player the island of matches, 0 the anchor's, then in the order of players.
    let component: [Int]
    /// Per player whether points flow only one way between it and the anchor, or none do.
    let isSeparated: [Bool]
    /// Clusters are numbered from 0 in the order of their numbers.
    let clusterCount: Int

    init(_ matches: [Match], anchor: PolicyID) {
        let (players, seats) = MatchGraph.numbered(matches.flatMap { [$0.first, $0.second] } + [anchor])
        let (clusters, clusterOf) = MatchGraph.numbered(matches.map(\.cluster))
        let edges = matches.enumerated().map { index, match in
            Edge(
                first: seats[2 * index], second: seats[2 * index + 1], cluster: clusterOf[index], score: match.score,
                weight: match.weight)
        }
        let pairs = MatchGraph.summed(edges, playerCount: players.count)
        var met = [[Int]](repeating: [], count: players.count)
        var beat = met
        var beatenBy = met
        for pair in pairs {
            met[pair.first].append(pair.second)
            met[pair.second].append(pair.first)
            if pair.points > 0 {
                beat[pair.first].append(pair.second)
                beatenBy[pair.second].append(pair.first)
            }
            if pair.points < pair.weight {
                beat[pair.second].append(pair.first)
                beatenBy[pair.first].append(pair.second)
            }
        }
        self.players = players
        self.anchor = seats[2 * matches.count]
        self.edges = edges
        self.pairs = pairs
        opponentCount = met.map(\.count)
        clusterCount = clusters.count
        component = MatchGraph.components(met, from: self.anchor)
        let down = MatchGraph.reached(beat, from: self.anchor)
        let up = MatchGraph.reached(beatenBy, from: self.anchor)
        isSeparated = zip(down, up).map { !($0 && $1) }
    }

    /// The distinct values in order, and the place of each given value among them.
    private static func numbered<Value: Hashable & Comparable>(_ values: [Value]) -> ([Value], [Int]) {
        var seen: [Value: Int] = [:]
        let arrivals = values.map { value in
            if let number = seen[value] { return number }
            let number = seen.count
            seen[value] = number
            return number
        }
        let sorted = seen.sorted { $0.key < $1.key }
        var place = [Int](repeating: 0, count: sorted.count)
        for (index, entry) in sorted.enumerated() { place[entry.value] = index }
        return (sorted.map(\.key), arrivals.map { place[$0] })
    }

    private static func summed(_ edges: [Edge], playerCount: Int) -> [Pair] {
        var sums: [Int: Pair] = [:]
        for edge in edges {
            let isStraight = edge.first < edge.second
            let (low, high) = isStraight ? (edge.first, edge.second) : (edge.second, edge.first)
            sums[low * playerCount + high, default: Pair(first: low, second: high)].add(
                edge.weight, score: isStraight ? edge.score : 1 - edge.score)
        }
        return sums.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Whom a walk along the edges reaches.
    private static func reached(_ neighbours: [[Int]], from start: Int) -> [Bool] {
        var isReached = [Bool](repeating: false, count: neighbours.count)
        var open = [start]
        isReached[start] = true
        while let player = open.popLast() {
            for next in neighbours[player] where !isReached[next] {
                isReached[next] = true
                open.append(next)
            }
        }
        return isReached
    }

    private static func components(_ neighbours: [[Int]], from anchor: Int) -> [Int] {
        var component = [Int?](repeating: nil, count: neighbours.count)
        var number = 0
        for start in [anchor] + Array(neighbours.indices) where component[start] == nil {
            for (player, isReached) in reached(neighbours, from: start).enumerated() where isReached {
                component[player] = number
            }
            number += 1
        }
        return component.map { $0 ?? 0 }
    }
}

extension MatchGraph.Pair {
    mutating func add(_ weight: Double, score: Double) {
        self.weight += weight
        points += weight * score
    }
}
