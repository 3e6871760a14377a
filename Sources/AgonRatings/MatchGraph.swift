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

    /// Sorted by agent and version, so that the order of matches does not matter.
    let players: [PolicyID]
    let anchor: Int
    let edges: [Edge]
    /// Per player the island of matches, 0 the anchor's, then in the order of players.
    let component: [Int]
    /// Per player whether points flow only one way between it and the anchor, or none do.
    let isSeparated: [Bool]
    /// Clusters are numbered from 0 in the order of their numbers.
    let clusterCount: Int

    init(_ matches: [Match], anchor: PolicyID) {
        let players = Set(matches.flatMap { [$0.first, $0.second] } + [anchor]).sorted()
        let position = Dictionary(uniqueKeysWithValues: players.enumerated().map { ($1, $0) })
        let clusters = Set(matches.map(\.cluster)).sorted()
        let clusterPosition = Dictionary(uniqueKeysWithValues: clusters.enumerated().map { ($1, $0) })
        let edges = matches.map { match in
            Edge(
                first: position[match.first] ?? 0, second: position[match.second] ?? 0,
                cluster: clusterPosition[match.cluster] ?? 0, score: match.score, weight: match.weight)
        }
        var met = [Set<Int>](repeating: [], count: players.count)
        var beat = met
        var beatenBy = met
        for edge in edges {
            met[edge.first].insert(edge.second)
            met[edge.second].insert(edge.first)
            if edge.score > 0 {
                beat[edge.first].insert(edge.second)
                beatenBy[edge.second].insert(edge.first)
            }
            if edge.score < 1 {
                beat[edge.second].insert(edge.first)
                beatenBy[edge.first].insert(edge.second)
            }
        }
        self.players = players
        self.anchor = position[anchor] ?? 0
        self.edges = edges
        clusterCount = clusters.count
        component = MatchGraph.components(met, from: self.anchor)
        let down = MatchGraph.reached(beat, from: self.anchor)
        let up = MatchGraph.reached(beatenBy, from: self.anchor)
        isSeparated = zip(down, up).map { !($0 && $1) }
    }

    /// Whom a walk along the edges reaches.
    private static func reached(_ neighbours: [Set<Int>], from start: Int) -> [Bool] {
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

    private static func components(_ neighbours: [Set<Int>], from anchor: Int) -> [Int] {
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
