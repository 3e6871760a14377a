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

    init(_ matches: MatchList, anchor: PolicyID) {
        var isUsed = [Bool](repeating: false, count: matches.policies.count)
        for index in matches.indices {
            isUsed[Int(matches.firsts[index])] = true
            isUsed[Int(matches.seconds[index])] = true
        }
        let used = zip(matches.policies, isUsed).filter(\.1).map(\.0)
        let players = (used.contains(anchor) ? used : used + [anchor]).sorted()
        let placeOf = Dictionary(uniqueKeysWithValues: players.enumerated().map { ($1, $0) })
        let places = matches.policies.map { placeOf[$0] ?? 0 }
        let (clusterCount, clusterOf) = MatchGraph.numbered(matches.clusters)
        let edges = matches.indices.map { index in
            Edge(
                first: places[Int(matches.firsts[index])], second: places[Int(matches.seconds[index])], cluster: clusterOf[index],
                score: matches.scores[index], weight: matches.weights[index])
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
        self.anchor = placeOf[anchor] ?? 0
        self.edges = edges
        self.pairs = pairs
        opponentCount = met.map(\.count)
        self.clusterCount = clusterCount
        component = MatchGraph.components(met, from: self.anchor)
        let down = MatchGraph.reached(beat, from: self.anchor)
        let up = MatchGraph.reached(beatenBy, from: self.anchor)
        isSeparated = zip(down, up).map { !($0 && $1) }
    }

    /// How many distinct clusters there are, and the place of each given one among them in their order.
    private static func numbered(_ clusters: [Int]) -> (count: Int, places: [Int]) {
        var seen: [Int: Int] = [:]
        let arrivals = clusters.map { cluster in
            if let number = seen[cluster] { return number }
            let number = seen.count
            seen[cluster] = number
            return number
        }
        var place = [Int](repeating: 0, count: seen.count)
        for (index, entry) in seen.sorted(by: { $0.key < $1.key }).enumerated() { place[entry.value] = index }
        return (seen.count, arrivals.map { place[$0] })
    }

    /// The edges' indices, cluster after cluster, each cluster's in their order, and where each cluster begins; the last
    /// entry is their count.
    func byCluster() -> (order: [Int], starts: [Int]) {
        var starts = [Int](repeating: 0, count: clusterCount + 1)
        for edge in edges { starts[edge.cluster + 1] += 1 }
        for cluster in 0..<clusterCount { starts[cluster + 1] += starts[cluster] }
        var next = starts
        var order = [Int](repeating: 0, count: edges.count)
        for (index, edge) in edges.enumerated() {
            order[next[edge.cluster]] = index
            next[edge.cluster] += 1
        }
        return (order, starts)
    }

    private static func summed(_ edges: [Edge], playerCount: Int) -> [Pair] {
        // Few players: a table of all pairs; many: only of those that met.
        var slots: [Int: Int] = [:]
        var table = [Int32](repeating: -1, count: playerCount <= 2048 ? playerCount * playerCount : 0)
        var pairs: [Pair] = []
        for edge in edges {
            let isStraight = edge.first < edge.second
            let (low, high) = isStraight ? (edge.first, edge.second) : (edge.second, edge.first)
            let key = low * playerCount + high
            var slot = table.isEmpty ? slots[key] ?? -1 : Int(table[key])
            if slot < 0 {
                slot = pairs.count
                if table.isEmpty { slots[key] = slot } else { table[key] = Int32(slot) }
                pairs.append(Pair(first: low, second: high))
            }
            pairs[slot].add(edge.weight, score: isStraight ? edge.score : 1 - edge.score)
        }
        return pairs.sorted { ($0.first, $0.second) < ($1.first, $1.second) }
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
