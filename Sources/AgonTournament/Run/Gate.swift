import AgonCore
import AgonJudging
public import AgonRatings

/// What a new version must show against its parent on held-out prompts before it replaces it.
public enum Gate: Sendable, Hashable {
    /// So many prompts, and at least this score; 0 prompts: the gate is open.
    case fixed(promptCount: Int, minScore: Double)
    /// A sequential test that ends as soon as it is decided, and at the latest after so many prompts.
    case sequential(SequentialTest, maxPromptCount: Int)

    /// The most prompts that it plays.
    var promptCount: Int {
        switch self {
        case .fixed(let count, _), .sequential(_, let count): count
        }
    }

    /// Prompts between two looks of a sequential test.
    static let batchSize = 16

    /// What it found.
    struct Finding {
        /// The candidate's mean points against its parent; nil where nothing was played or all was void.
        var score: Interval?
        /// Why the version is promoted or not.
        var sentence: String
        var isPassed: Bool
        /// The log-likelihood ratio at the end of a sequential test.
        var ratio: Double?
    }

    /// Lets a candidate meet its parent.
    ///
    /// - Parameter prompts: as many as there are up to a number, the same beginning for every number.
    func decide(
        _ candidate: PolicyID, _ parent: PolicyID, _ contest: HeldOutContest, prompts: (Int) -> [Prompt], judge: any Judge
    ) async throws -> Finding {
        switch self {
        case .fixed(0, _): return Finding(sentence: "the gate is open", isPassed: true)
        case .fixed(let count, let minScore):
            let score = try await contest.play(candidate, parent, prompts: prompts(count), judge: judge).score
            return Gate.fixed(score, minScore)
        case .sequential(var test, let limit):
            // A prompt that comes again says nothing new.
            var seen: Set<String> = []
            let distinct = prompts(limit).filter { seen.insert($0.id).inserted }
            var played: [HeldOutContest.Game] = []
            var (used, decision) = (0, SequentialTest.Decision.goOn)
            while used < distinct.count, decision == .goOn {
                let batch = Array(distinct[used..<min(used + Gate.batchSize, distinct.count)])
                played += try await contest.games(candidate, parent, prompts: batch, from: used, judge: judge)
                used += batch.count
                test.result = MatchResult(units: HeldOutContest.unitScores(played), games: contest.gamesPerPrompt)
                decision = test.decision
            }
            return Gate.sequential(test, decision, used, HeldOutContest.Outcome(played).score)
        }
    }

    private static func fixed(_ score: Interval?, _ minScore: Double) -> Finding {
        guard let score else {
            return Finding(sentence: "nobody could tell who won its match against its parent on held-out prompts, every verdict was void", isPassed: false)
        }
        if score.value < minScore {
            return Finding(
                score: score, sentence: "it scored \(Percent.text(score.value)) against its parent on held-out prompts, \(Percent.text(minScore)) are needed",
                isPassed: false)
        }
        if score.high < 0.5 {
            return Finding(
                score: score, sentence: "against its parent on held-out prompts it scored \(Percent.text(score.high)) at the upper end of the interval, less than one half",
                isPassed: false)
        }
        return Finding(score: score, sentence: "it scored \(Percent.text(score.value)) against its parent on held-out prompts", isPassed: true)
    }

    private static func sequential(
        _ test: SequentialTest, _ decision: SequentialTest.Decision, _ used: Int, _ score: Interval?
    ) -> Finding {
        guard let score, test.result.count > 0 else { return fixed(nil, 0) }
        let ratio = test.logLikelihoodRatio
        let (low, high) = test.bounds
        let numbers = "it scored \(Percent.text(score.value)) against its parent on \(used) held-out prompts, LLR \(hundredths(ratio)) (\(hundredths(low)), \(hundredths(high)))"
        let sentence = switch decision {
        case .acceptElo1: numbers
        case .acceptElo0: "\(numbers), so less than \(hundredths(test.elo1)) Elo better"
        case .goOn: "\(numbers), undecided when the prompts were used up"
        }
        return Finding(score: score, sentence: sentence, isPassed: decision == .acceptElo1, ratio: ratio)
    }

    private static func hundredths(_ value: Double) -> String {
        let cents = Int((abs(value) * 100).rounded())
        let digits = cents % 100 == 0 ? "" : "." + String(100 + cents % 100).dropFirst()
        return "\(value < 0 && cents > 0 ? "−" : "")\(cents / 100)\(digits)"
    }
}
