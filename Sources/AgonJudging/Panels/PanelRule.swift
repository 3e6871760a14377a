public import AgonCore

/// How a panel's votes on a pair become its verdict. Voids are in no sum, and a pair with voids only is void.
public enum PanelRule: Sendable, Hashable {
    /// The side that more than half of the votes name, else a tie; the preference is the mean of points.
    case majority
    /// The mean of the preferences, 1, ½ or 0 where a member says no more than its verdict; above ½ is a win.
    case mean
    /// Log-odds: one weight per member, see `JudgeAccuracy.weight`.
    ///
    ///     S = Σ w · (2p − 1),   preference = σ(S),   verdict by the sign of S
    ///
    /// Where no member of the panel has weight, heads count, as before the first canary. Where only members without weight
    /// gave a readable vote the pair is void.
    case weighted([Double])
    /// The likeliest truth by a Dawid–Skene estimate, made from earlier votes so that a pair's verdict never hangs on its
    /// company.
    case dawidSkene(DawidSkene)

    /// Members that the rule was made for; nil where it fits any panel.
    var memberCount: Int? {
        switch self {
        case .majority, .mean: nil
        case .weighted(let weights): weights.count
        case .dawidSkene(let model): model.skills.count
        }
    }

    /// The panel's verdict and P(first is better) on one pair.
    /// - Parameter votes: one per member; nil where it is lost.
    public func join(_ votes: [PairVerdict?]) -> (verdict: Verdict, preference: Double?) {
        let leanings = votes.map { vote -> Double? in
            guard let vote, let score = vote.verdict.score else { return nil }
            return vote.preference.flatMap { $0.isNaN ? nil : min(max($0, 0), 1) } ?? score
        }
        guard leanings.contains(where: { $0 != nil }) else { return (.void, nil) }
        switch self {
        case .majority:
            let verdicts = votes.compactMap { $0?.verdict }
            let (first, second) = (verdicts.count { $0 == .first }, verdicts.count { $0 == .second })
            let count = first + second + verdicts.count { $0 == .tie }
            let verdict: Verdict = 2 * first > count ? .first : 2 * second > count ? .second : .tie
            return (verdict, 0.5 + Double(first - second) / Double(2 * count))
        case .mean: return PanelRule.mean(leanings)
        case .weighted(let weights):
            guard weights.contains(where: { $0 > 0 }) else { return PanelRule.mean(leanings) }
            var sum = 0.0
            var isHeard = false
            for (weight, leaning) in zip(weights, leanings) where weight > 0 {
                guard let leaning else { continue }
                isHeard = true
                sum += weight * (2 * leaning - 1)
            }
            return isHeard ? (PanelRule.sign(sum), Elementary.sigmoid(sum)) : (.void, nil)
        case .dawidSkene(let model):
            let belief = model.belief(in: votes.map { $0?.verdict ?? .void })
            return (belief.verdict, belief.preference)
        }
    }

    private static func mean(_ leanings: [Double?]) -> (verdict: Verdict, preference: Double?) {
        let known = leanings.compactMap { $0 }
        let lean = known.reduce(0) { $0 + ($1 - 0.5) } / Double(known.count)
        return (sign(lean), 0.5 + lean)
    }

    /// What is this close to even is even: the sums of swapped answers differ in their last bits.
    private static func sign(_ lean: Double) -> Verdict { lean > 1e-9 ? .first : lean < -1e-9 ? .second : .tie }
}
