public import AgonCore

/// What follows from verdicts by transitivity, and where they contradict themselves.
///
/// "At least as good" is a win or a tie; a chain of it with one win among its links is better. Chains run over seats
/// in O(n³), n being a room's seats.
///
/// - Source: Warshall 1962, J. ACM 9, pp. 11–12.
struct WeakOrder {
    /// What a chain of verdicts proves of one seat against another.
    private enum Proof: Int {
        case nothing, asGood, better
    }

    private var proofs: [[Proof]]

    init(_ verdicts: some Sequence<PairVerdict>, count: Int) {
        proofs = Array(repeating: Array(repeating: .nothing, count: count), count: count)
        for pair in verdicts {
            switch pair.verdict {
            case .first: proofs[pair.first][pair.second] = .better
            case .second: proofs[pair.second][pair.first] = .better
            case .tie:
                proofs[pair.first][pair.second] = .asGood
                proofs[pair.second][pair.first] = .asGood
            case .void: continue
            }
        }
        for middle in 0..<count {
            for from in 0..<count where proofs[from][middle] != .nothing {
                for to in 0..<count where proofs[middle][to] != .nothing {
                    let chain = max(proofs[from][middle].rawValue, proofs[middle][to].rawValue)
                    if chain > proofs[from][to].rawValue { proofs[from][to] = Proof(rawValue: chain) ?? .better }
                }
            }
        }
    }

    /// What follows for two seats: void where no chain joins them, a tie where chains run both ways.
    func verdict(_ first: Int, _ second: Int) -> Verdict {
        switch (proofs[first][second], proofs[second][first]) {
        case (.nothing, .nothing): .void
        case (_, .nothing): .first
        case (.nothing, _): .second
        case (_, _): .tie
        }
    }

    /// Whether each of two seats is better than the other by some chain.
    func isContradiction(_ first: Int, _ second: Int) -> Bool {
        proofs[first][second] == .better && proofs[second][first] == .better
    }
}

/// Seats that beat one another in a circle.
public enum Cycles {
    /// The strongly connected components of two seats or more of "beats": from each of a group a chain of wins leads to each
    /// other. Sorted by their lowest seat. A tie is no link: a beats b, b ties c, c beats a says little for a circle.
    public static func groups(of verdicts: [PairVerdict], seatCount: Int) -> [[Int]] {
        let order = WeakOrder(verdicts.filter { $0.verdict != .tie }, count: seatCount)
        var groups: [[Int]] = []
        var isPlaced = [Bool](repeating: false, count: seatCount)
        for seat in 0..<seatCount where !isPlaced[seat] {
            let group = [seat] + (seat..<seatCount).filter { $0 != seat && order.isContradiction(seat, $0) }
            for member in group { isPlaced[member] = true }
            if group.count > 1 { groups.append(group) }
        }
        return groups
    }
}

extension Judgement {
    /// Makes ties of decided verdicts between answers of one circle, and reports the circles.
    ///
    /// Whoever beats somebody outside the circle still does. Votes stay: they are what was said. A preference becomes ½.
    public mutating func tieCycles(answerCount: Int) -> (groups: [[Int]], pairCount: Int) {
        let groups = Cycles.groups(of: verdicts, seatCount: answerCount)
        guard !groups.isEmpty else { return ([], 0) }
        var group = [Int](repeating: -1, count: answerCount)
        for (index, members) in groups.enumerated() {
            for member in members { group[member] = index }
        }
        var pairCount = 0
        for index in verdicts.indices {
            let pair = verdicts[index]
            guard group[pair.first] >= 0, group[pair.first] == group[pair.second],
                pair.verdict == .first || pair.verdict == .second
            else { continue }
            verdicts[index].verdict = .tie
            if pair.preference != nil { verdicts[index].preference = 0.5 }
            pairCount += 1
        }
        return (groups, pairCount)
    }
}
