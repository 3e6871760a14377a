/// Matches in order, held in columns: a million take 48 MB, and policies are compared as numbers.
public struct MatchList: RandomAccessCollection, Sendable, Hashable {
    /// Every policy once, in the order of its first match.
    public private(set) var policies: [PolicyID] = []
    /// Numbers of both sides, places in `policies`.
    public private(set) var firsts: [Int32] = []
    public private(set) var seconds: [Int32] = []
    /// What hangs together, see `Match.cluster`.
    public private(set) var clusters: [Int] = []
    public private(set) var scores: [Double] = []
    public private(set) var weights: [Double] = []
    private var rounds: [Int32] = []
    private var rooms: [Int32] = []
    private var numbers: [PolicyID: Int32] = [:]

    public init() {}

    public init(_ matches: some Sequence<Match>) {
        for match in matches { append(match) }
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { firsts.count }

    public subscript(position: Int) -> Match {
        Match(
            round: Int(rounds[position]), room: Int(rooms[position]), cluster: clusters[position],
            first: policies[Int(firsts[position])], second: policies[Int(seconds[position])], score: scores[position],
            weight: weights[position])
    }

    /// The number of a policy, a new one where it is new.
    public mutating func number(of policy: PolicyID) -> Int32 {
        if let known = numbers[policy] { return known }
        let number = Int32(policies.count)
        numbers[policy] = number
        policies.append(policy)
        return number
    }

    public mutating func append(_ match: Match) {
        let (first, second) = (number(of: match.first), number(of: match.second))
        append(
            round: match.round, room: match.room, cluster: match.cluster, first: first, second: second, score: match.score,
            weight: match.weight)
    }

    /// Adds a match of two policies by their numbers.
    public mutating func append(
        round: Int, room: Int, cluster: Int, first: Int32, second: Int32, score: Double, weight: Double
    ) {
        firsts.append(first)
        seconds.append(second)
        clusters.append(cluster)
        scores.append(score)
        weights.append(weight)
        rounds.append(Int32(round))
        rooms.append(Int32(room))
    }

    /// The first so many.
    public func beginning(_ count: Int) -> MatchList {
        var list = self
        let extra = endIndex - count
        list.firsts.removeLast(extra)
        list.seconds.removeLast(extra)
        list.clusters.removeLast(extra)
        list.scores.removeLast(extra)
        list.weights.removeLast(extra)
        list.rounds.removeLast(extra)
        list.rooms.removeLast(extra)
        return list
    }
}
