public import AgonCore

/// How far judges agree beyond chance, on the same pairs.
///
/// A void is a missing value: it agrees with nothing and disagrees with nothing.
public struct JudgeAgreement: Sendable, Hashable {
    /// In the order of the columns.
    public let judges: [JudgeID]
    /// One row a pair of seats that somebody voted on, one column a judge; nil where it gave no readable vote.
    public let votes: [[Verdict?]]

    /// Votes from wherever they come.
    /// - Parameter votes: one row a pair, as long as `judges`.
    public init(judges: [JudgeID], votes: [[Verdict?]]) {
        self.judges = judges
        self.votes = votes
    }

    /// The votes of rooms, a panel's own verdicts left out where its members voted: they follow from the rest.
    public init(_ results: [RoomResult]) {
        var seen: Set<JudgeID> = []
        let rooms = results.map { result in result.votes.isEmpty ? result.allVotes : result.votes }
        for vote in rooms.joined() { seen.insert(vote.judge) }
        judges = seen.sorted { ($0.name, $0.version) < ($1.name, $1.version) }
        var columns: [JudgeID: Int] = [:]
        for (column, judge) in judges.enumerated() { columns[judge] = column }
        var rows: [[Verdict?]] = []
        for (result, votes) in zip(results, rooms) {
            let seatCount = result.rollouts.count
            var byPair: [Int: [Verdict?]] = [:]
            for vote in votes {
                guard let column = columns[vote.judge] else { continue }
                byPair[vote.first * seatCount + vote.second, default: Array(repeating: nil, count: judges.count)][column] =
                    vote.verdict == .void ? nil : vote.verdict
            }
            rows += byPair.sorted { $0.key < $1.key }.map(\.value)
        }
        self.votes = rows
    }

    /// Cohen's κ of two judges over the pairs that both voted on.
    ///
    ///     κ = (p_o − p_e) / (1 − p_e),   p_e = Σ_v share_one(v) · share_other(v)
    ///
    /// - Returns: κ and the pairs behind it; a nil κ where there are none or where both always say the same one thing.
    /// - Source: Cohen 1960, Educational and Psychological Measurement 20, pp. 37–46.
    public func cohenKappa(_ one: Int, _ other: Int) -> (kappa: Double?, count: Int) {
        JudgeAgreement.cohenKappa(
            votes.compactMap { row in
                guard let left = row[one], let right = row[other] else { return nil }
                return (left, right)
            })
    }

    /// κ of pairs of votes.
    static func cohenKappa(_ pairs: [(Verdict, Verdict)]) -> (kappa: Double?, count: Int) {
        let n = Double(pairs.count)
        guard !pairs.isEmpty else { return (nil, 0) }
        let observed = Double(pairs.count { $0.0 == $0.1 }) / n
        let expected = Verdict.allCases.reduce(0.0) { sum, verdict in
            sum + Double(pairs.count { $0.0 == verdict }) / n * (Double(pairs.count { $0.1 == verdict }) / n)
        }
        return (expected < 1 ? (observed - expected) / (1 - expected) : nil, pairs.count)
    }

    /// Krippendorff's α of all judges, nominal, over the pairs with two votes or more.
    ///
    ///     α = 1 − (n − 1) · Σ_pairs Σ_{v≠w} n_v n_w / (m − 1)  /  Σ_{v≠w} N_v N_w
    ///
    /// with m votes on a pair, n_v of them for v, and n votes altogether, N_v of them for v.
    ///
    /// - Returns: α and the votes behind it; a nil α where all votes say the same one thing.
    /// - Source: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", eq. D.
    public var krippendorffAlpha: (alpha: Double?, voteCount: Int) {
        var totals: [Verdict: Double] = [:]
        var disagreement = 0.0
        for row in votes {
            var counts: [Verdict: Double] = [:]
            for vote in row { if let vote { counts[vote, default: 0] += 1 } }
            let m = Verdict.allCases.reduce(0) { $0 + counts[$1, default: 0] }
            guard m >= 2 else { continue }
            for verdict in Verdict.allCases {
                let own = counts[verdict, default: 0]
                totals[verdict, default: 0] += own
                disagreement += own * (m - own) / (m - 1)
            }
        }
        let n = Verdict.allCases.reduce(0) { $0 + totals[$1, default: 0] }
        let expected = Verdict.allCases.reduce(0.0) { $0 + totals[$1, default: 0] * (n - totals[$1, default: 0]) }
        return (expected > 0 ? 1 - (n - 1) * disagreement / expected : nil, Int(n))
    }
}
