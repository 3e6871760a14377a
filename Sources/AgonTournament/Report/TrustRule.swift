/// When a round's updates may be promoted: the arena's `judge.min_accuracy` over `judge.window`.
public struct TrustRule: Sendable, Hashable, Codable {
    /// The least share of canary pairs that the judge must have ranked right.
    public var minAccuracy: Double
    /// Rounds whose canary pairs are counted together, the round itself the last of them.
    public var roundCount: Int

    public init(minAccuracy: Double, roundCount: Int) {
        self.minAccuracy = minAccuracy
        self.roundCount = roundCount
    }

    /// `over the last 3 rounds`, fewer where fewer were played.
    /// - Parameter round: the round that is asked about.
    func span(to round: Int) -> String {
        let count = min(roundCount, round)
        return count == 1 ? "in this round" : "over the last \(count) rounds"
    }

    /// The rule in words.
    var sentence: String {
        let rounds = roundCount == 1 ? "the round" : "the last \(roundCount) rounds taken together, the round itself among them"
        let reason = roundCount == 1 ? "" : " One round alone has too few to decide by, so its own accuracy may lie on the other side."
        return "A round's updates are promoted where the judge was right on at least \(ReportNumber.percent(minAccuracy)) of the canary pairs of \(rounds).\(reason)"
    }
}

extension ArenaConfiguration {
    /// The rule that the judge is held to; nil where there are no canaries.
    var trustRule: TrustRule? {
        judge.canaryRoomCount == 0 ? nil : TrustRule(minAccuracy: judge.minAccuracy, roundCount: judge.window)
    }
}
