import AgonAgents
import AgonCore
public import AgonRatings
import AgonStore

/// Two agents or versions of a run against one another: how much better, how sure, and what it would take to know.
public struct Comparison: Sendable, Hashable, Codable {
    /// A sequential test of the games so far.
    public struct Test: Sendable, Hashable, Codable {
        public var elo0: Double
        public var elo1: Double
        public var alpha: Double
        public var beta: Double
        public var logLikelihoodRatio: Double
        public var lowerBound: Double
        public var upperBound: Double
        public var decision: SequentialTest.Decision
        /// About how many more games it takes at the difference that is seen; nil where it is decided.
        public var gamesNeeded: Int?
    }

    public var run: String
    public var first: String
    public var second: String
    /// Games that the two played against one another.
    public var gameCount: Int
    public var wins: Int
    public var draws: Int
    public var losses: Int
    /// Share of the points of the first, with its 95 % interval, clustered by prompt; nil where they never met.
    public var score: Interval?
    /// The same as a rating difference; an end at a clean sweep is infinite.
    public var elo: Interval?
    /// The difference of both ratings in the fit over all games of the run; nil where no chain of games joins them.
    public var ratingDifference: Interval?
    /// Which versions the rating difference is of: an agent stands for the newest that has played.
    public var ratedPolicies: String
    /// The probability that the first is the better one, by their own games; nil where they never met, or always with one
    /// result.
    public var likelihoodOfSuperiority: Double?
    public var test: Test?

    /// - Parameters:
    ///   - first, second: agents (all versions together), or `NAME@vN`.
    ///   - round: the last round that counts; nil: all that are closed.
    ///   - elo0, elo1, alpha, beta: of the sequential test.
    /// - Throws: `configuration` where the test's numbers contradict one another, one of the two does not take part or both are the same; `StoreError`.
    public init(
        _ first: String, _ second: String, in stored: StoredRun, upToRound round: Int? = nil, elo0: Double = 0, elo1: Double = 20,
        alpha: Double = 0.05, beta: Double = 0.05
    ) throws {
        let template: SequentialTest
        do {
            template = try SequentialTest(elo0: elo0, elo1: elo1, alpha: alpha, beta: beta)
        } catch {
            throw TournamentError(.configuration, error.message, underlying: error)
        }
        let sides = try [first, second].map { try Comparison.side($0, in: stored) }
        guard sides[0].agent != sides[1].agent || (sides[0].version != nil && sides[1].version != nil && sides[0].version != sides[1].version) else {
            throw TournamentError(.configuration, "\(first) and \(second) are not two: name another agent, or two versions of one.")
        }
        if let round { try stored.require(round: round) }
        let matches = try stored.store.matches(run: stored.record.id, upToRound: round ?? .max)
        func belongs(_ policy: PolicyID, to side: (agent: String, version: Int?)) -> Bool {
            policy.agent == side.agent && (side.version ?? policy.version) == policy.version
        }
        let direct = DirectMatches(matches, first: { belongs($0, to: sides[0]) }, second: { belongs($0, to: sides[1]) })
        (run, self.first, self.second) = (stored.record.id, first, second)
        (gameCount, wins, draws, losses) = (direct.gameCount, direct.wins, direct.draws, direct.losses)
        score = direct.score
        elo = direct.score?.eloDifference()
        likelihoodOfSuperiority = direct.result.likelihoodOfSuperiority
        self.test = direct.gameCount == 0 ? nil : Comparison.tested(direct, template)
        // An agent stands for its newest version that has played.
        let policies = sides.map { side in
            PolicyID(agent: side.agent, version: side.version ?? Comparison.newest(side.agent, matches))
        }
        ratedPolicies = policies.map { stored.arena.learners.contains($0.agent) ? "\($0)" : $0.agent }.joined(separator: " against ")
        // Where no game joins the two to the arena's reference, as in self-play, one of them holds the scale.
        for anchor in [stored.arena.referencePolicy, policies[1]] where ratingDifference == nil {
            let fit = try BradleyTerry.fit(
                matches, anchor: anchor, options: .init(anchorRating: stored.arena.configuration.initialRating))
            ratingDifference = fit.difference(policies[0], policies[1])
        }
    }

    private static func newest(_ agent: String, _ matches: MatchList) -> Int {
        matches.policies.filter { $0.agent == agent }.map(\.version).max() ?? 0
    }

    private static func side(_ text: String, in stored: StoredRun) throws -> (agent: String, version: Int?) {
        let (agent, version) = try VersionName.read(text)
        let names = stored.arena.entrants.map(\.name)
        guard names.contains(agent) else {
            let hint = NearestName.of(agent, among: names).map { "did you mean `\($0)`?" } ?? "name one of \(names.joined(separator: ", "))."
            throw TournamentError(.configuration, "\(agent) does not take part in \(stored.record.arena): \(hint)")
        }
        if let version {
            let known = try stored.store.versions(run: stored.record.id).filter { !$0.isJudge && $0.name == agent }.map(\.version)
            guard known.contains(version) else {
                throw TournamentError(.configuration, "run \(stored.record.id) has no \(text): it has v0 to v\(known.max() ?? 0) of it.")
            }
        }
        return (agent, version)
    }

    private static func tested(_ direct: DirectMatches, _ template: SequentialTest) -> Test {
        var test = template
        test.result = direct.result
        let (lower, upper) = test.bounds
        var needed: Int?
        let ratio = test.logLikelihoodRatio
        if test.decision == .goOn, ratio != 0 {
            // At the pace of the games so far, to the bound that they move to.
            let left = ((ratio > 0 ? upper : lower) - ratio) / ratio
            needed = Int(min(1e12, (left * Double(direct.gameCount)).rounded(.up)))
        }
        return Test(
            elo0: test.elo0, elo1: test.elo1, alpha: test.alpha, beta: test.beta, logLikelihoodRatio: test.logLikelihoodRatio,
            lowerBound: lower, upperBound: upper, decision: test.decision, gamesNeeded: needed)
    }

    /// The difference alone, `+31 [+12, +50]`; by all games where the two never met.
    public var shortText: String { (elo ?? ratingDifference).map(Comparison.span) ?? ReportNumber.missing }

    private static func span(_ interval: Interval) -> String {
        func end(_ value: Double) -> String { value.isFinite ? ReportNumber.signed(value) : value > 0 ? "∞" : "−∞" }
        return "\(end(interval.value)) [\(end(interval.low)), \(end(interval.high))]"
    }

    /// For people.
    public var text: String {
        func span(_ interval: Interval) -> String { Comparison.span(interval) + " Elo" }
        var lines = ["\(first) against \(second), run \(run)", ""]
        if let score, let elo {
            lines.append("games            \(ReportNumber.count(gameCount)): \(ReportNumber.tally(wins: wins, draws: draws, losses: losses)) (won/drawn/lost)")
            lines.append("score            \(ReportNumber.percent(Estimate(value: score.value, low: score.low, high: score.high))), \(ReportNumber.count(score.count)) prompts")
            lines.append("difference       \(span(elo))")
            if let likelihoodOfSuperiority { lines.append("superiority      \(ReportNumber.percent(likelihoodOfSuperiority)) likely that \(first) is the better one") }
        } else {
            lines.append("games            none: they never met")
        }
        lines.append("by all games     \(ratedPolicies): \(ratingDifference.map(span) ?? "no chain of games joins the two")")
        if let test {
            let decision = switch test.decision {
            case .acceptElo1: "accepted: more than \(ReportNumber.fixed(test.elo0, decimals: 0)) Elo better"
            case .acceptElo0: "rejected: less than \(ReportNumber.fixed(test.elo1, decimals: 0)) Elo better"
            case .goOn: "undecided" + (test.gamesNeeded.map { ", about \(ReportNumber.count($0)) more games" } ?? "")
            }
            lines.append("sequential test  \(ReportNumber.fixed(test.elo0, decimals: 0)) against \(ReportNumber.fixed(test.elo1, decimals: 0)) Elo: LLR \(ReportNumber.fixed(test.logLikelihoodRatio, decimals: 2)) in (\(ReportNumber.fixed(test.lowerBound, decimals: 2)), \(ReportNumber.fixed(test.upperBound, decimals: 2))), \(decision)")
        }
        return DisplayText.visible(lines.joined(separator: "\n"), keepsLines: true)
    }
}
