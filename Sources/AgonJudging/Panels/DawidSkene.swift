public import AgonCore

/// How each judge errs, and what is therefore true: estimated from votes alone, helped by canaries.
///
/// A pair's truth is `first`, `second` or `tie` with P = (1 − τ)/2, (1 − τ)/2, τ. Judge j, asked about a pair with a
/// better side, names it with probability `right`, the other with `wrong`, or ties; about even answers it ties with
/// `tieOnTie` and else names either side alike. Sides are exchangeable, so a pair and its mirror image are one and the
/// same evidence: the model has no position bias to learn, that is what both orders are for.
///
///     E   q(truth) ∝ P(truth) · Π_j P(vote_j | truth)       known pairs stay as they are, voids are left out
///     M   right = (Σ q · [named the better] + 2) / (Σ q · [truth is no tie] + 4),   and so on
///
/// The smoothing (2, 1, 1 for right, wrong, tie) keeps judges who were never seen alike and slightly better than chance.
/// Starts from the share of votes, so that it is deterministic. A majority of liars who agree looks like the truth; only
/// canaries tell.
///
/// - Source: Dawid and Skene 1979, Applied Statistics 28, pp. 20–28, made symmetric in the sides.
public struct DawidSkene: Sendable, Hashable {
    /// One pair's votes.
    public struct Item: Sendable, Hashable {
        /// One per judge, in the order of the panel; void where it said nothing readable or was not asked.
        public var votes: [Verdict]
        /// The truth where gold knows it.
        public var truth: Verdict?

        public init(votes: [Verdict], truth: Verdict? = nil) {
            self.votes = votes
            self.truth = truth
        }
    }

    /// How one judge answers; the first three sum to 1.
    public struct Skill: Sendable, Hashable {
        public var right: Double
        public var wrong: Double
        public var tie: Double
        public var tieOnTie: Double
    }

    /// P(truth) of a pair; sums to 1.
    public struct Belief: Sendable, Hashable {
        public var first: Double
        public var second: Double
        public var tie: Double
    }

    public private(set) var skills: [Skill]
    /// τ, the share of even pairs.
    public private(set) var tieRate: Double
    /// Rounds of EM that were run.
    public private(set) var iterationCount = 0
    /// Whether no parameter moved by more than the tolerance in the last round.
    public private(set) var hasConverged = false

    /// The estimate from a history of votes. Without items every judge has the skill of the prior.
    ///
    /// - Parameter judgeCount: judges of the panel; each item has so many votes.
    /// - Parameter maximumIterationCount: where it stops, converged or not.
    public init(
        _ items: [Item], judgeCount: Int, maximumIterationCount: Int = 500, tolerance: Double = 1e-9
    ) {
        precondition(items.allSatisfy { $0.votes.count == judgeCount }, "each item needs one vote per judge")
        skills = []
        tieRate = 0
        var beliefs = items.map { Belief($0) }
        maximise(items, beliefs, judgeCount: judgeCount)
        while iterationCount < maximumIterationCount, !hasConverged {
            let before = self
            beliefs = items.map { $0.truth.map { Belief(certain: $0) } ?? belief(in: $0.votes) }
            maximise(items, beliefs, judgeCount: judgeCount)
            iterationCount += 1
            hasConverged = distance(to: before) < tolerance
        }
    }

    /// What the votes on one pair make likely. A pure function of this pair's votes.
    /// - Parameter votes: one per judge, void where there is none.
    public func belief(in votes: [Verdict]) -> Belief {
        precondition(votes.count == skills.count, "\(votes.count) votes of \(skills.count) judges")
        var (first, second) = (Elementary.log((1 - tieRate) / 2), Elementary.log((1 - tieRate) / 2))
        var tie = Elementary.log(tieRate)
        for (skill, vote) in zip(skills, votes) {
            switch vote {
            case .first:
                first += Elementary.log(skill.right)
                second += Elementary.log(skill.wrong)
                tie += Elementary.log((1 - skill.tieOnTie) / 2)
            case .second:
                first += Elementary.log(skill.wrong)
                second += Elementary.log(skill.right)
                tie += Elementary.log((1 - skill.tieOnTie) / 2)
            case .tie:
                first += Elementary.log(skill.tie)
                second += Elementary.log(skill.tie)
                tie += Elementary.log(skill.tieOnTie)
            case .void: continue
            }
        }
        let top = max(first, second, tie)
        let odds = [first, second, tie].map { Elementary.exp($0 - top) }
        let sum = odds[0] + odds[1] + odds[2]
        return Belief(first: odds[0] / sum, second: odds[1] / sum, tie: odds[2] / sum)
    }

    private mutating func maximise(_ items: [Item], _ beliefs: [Belief], judgeCount: Int) {
        tieRate = (beliefs.reduce(0) { $0 + $1.tie } + 1) / (Double(items.count) + 3)
        skills = (0..<judgeCount).map { judge in
            var (right, wrong, tie, tieOnTie, decidedOnTie) = (2.0, 1.0, 1.0, 1.0, 2.0)
            for (item, belief) in zip(items, beliefs) {
                switch item.votes[judge] {
                case .first:
                    right += belief.first
                    wrong += belief.second
                    decidedOnTie += belief.tie
                case .second:
                    right += belief.second
                    wrong += belief.first
                    decidedOnTie += belief.tie
                case .tie:
                    tie += belief.first + belief.second
                    tieOnTie += belief.tie
                case .void: continue
                }
            }
            let sum = right + wrong + tie
            return Skill(
                right: right / sum, wrong: wrong / sum, tie: tie / sum, tieOnTie: tieOnTie / (tieOnTie + decidedOnTie))
        }
    }

    private func distance(to other: DawidSkene) -> Double {
        zip(skills, other.skills).reduce(abs(tieRate - other.tieRate)) { far, pair in
            let (one, two) = pair
            return max(
                far, abs(one.right - two.right), abs(one.wrong - two.wrong), abs(one.tie - two.tie),
                abs(one.tieOnTie - two.tieOnTie))
        }
    }
}

extension DawidSkene.Belief {
    init(certain truth: Verdict) {
        self.init(first: truth == .first ? 1 : 0, second: truth == .second ? 1 : 0, tie: truth == .tie ? 1 : 0)
    }

    /// Where EM starts: the truth, or the share of votes; even odds where nobody voted.
    init(_ item: DawidSkene.Item) {
        if let truth = item.truth {
            self.init(certain: truth)
            return
        }
        func share(_ verdict: Verdict) -> Double { Double(item.votes.count { $0 == verdict }) }
        let sum = share(.first) + share(.second) + share(.tie)
        guard sum > 0 else {
            self.init(first: 1.0 / 3, second: 1.0 / 3, tie: 1.0 / 3)
            return
        }
        self.init(first: share(.first) / sum, second: share(.second) / sum, tie: share(.tie) / sum)
    }

    /// P(first is better), an even pair half.
    public var preference: Double { first + tie / 2 }

    /// The likeliest truth; a tie where both sides are as likely.
    public var verdict: Verdict {
        guard max(first, second) > tie, abs(first - second) > 1e-12 else { return .tie }
        return first > second ? .first : .second
    }
}

extension DawidSkene {
    /// The history of a panel: one item for each pair that any of its judges voted on, canaries with their truth.
    public static func items(of results: [RoomResult], judges: [JudgeID]) -> [Item] {
        results.flatMap { result in
            seatPairs(result.rollouts.count).compactMap { first, second -> Item? in
                var item = Item(votes: Array(repeating: .void, count: judges.count))
                for vote in result.allVotes where vote.first == first && vote.second == second {
                    if let judge = judges.firstIndex(of: vote.judge) { item.votes[judge] = vote.verdict }
                }
                guard item.votes.contains(where: { $0 != .void }) else { return nil }
                if result.room.isCanary { item.truth = result.goldVerdict(first, second) }
                return item
            }
        }
    }
}
