import AgonCore
import AgonJudging
import Testing

struct BothOrdersJudgeTests {
    @Test func `agreement decides, disagreement ties, unreadable is void, and all is counted`() async throws {
        let judge = BothOrdersJudge(id: JudgeID(name: "j"), comparer: LengthComparer())
        let tasks = [["long one", "x"], ["ab", "abc"], ["ab", "?"], ["ab", "ab"]].map {
            JudgingTask(id: 1, prompt: "", answers: $0)
        }
        let (judgements, tally) = try await judge.judgeWithTally(tasks)
        #expect(judgements.map { $0.verdicts[0].verdict } == [.first, .tie, .void, .tie])
        #expect(tally.pairCount == 4 && tally.voidCount == 1)
        #expect(tally.consistentCount == 2 && tally.inconsistentCount == 1)
        #expect(tally.firstShownCount == 3 && tally.secondShownCount == 1)
        #expect(tally.firstShownRate == 0.75)
        #expect(tally.positionConsistency == 2.0 / 3)
    }

    struct AlwaysFirst: PairComparer {
        func compare(_ comparisons: [Comparison]) async throws -> [ComparisonReply] {
            comparisons.map { _ in ComparisonReply(.first) }
        }
    }

    @Test func `a judge that always names the first place decides nothing`() async throws {
        let judge = BothOrdersJudge(id: JudgeID(name: "j"), comparer: AlwaysFirst())
        let judgement = try await judge.judge([JudgingTask(id: 1, prompt: "", answers: ["a", "b", "c"])])[0]
        #expect(judgement.verdicts.map(\.verdict) == [.tie, .tie, .tie])
    }

    struct HalfBlind: PairComparer {
        func compare(_ comparisons: [Comparison]) async throws -> [ComparisonReply] {
            comparisons.map { ComparisonReply($0.first < $0.second ? .first : .void) }
        }
    }

    @Test func `one unreadable reply voids the pair in either order and wins nobody anything`() async throws {
        let judge = BothOrdersJudge(id: JudgeID(name: "j"), comparer: HalfBlind())
        for answers in [["a", "b"], ["b", "a"]] {
            let task = JudgingTask(id: 1, prompt: "", answers: answers)
            #expect(try await judge.judge([task])[0].verdicts.map(\.verdict) == [.void])
        }
    }

    struct Silent: PairComparer {
        func compare(_ comparisons: [Comparison]) async throws -> [ComparisonReply] { [] }
    }

    @Test func `a comparer that loses a reply is a fault, not a verdict`() async throws {
        await #expect(throws: JudgingError.self) {
            _ = try await BothOrdersJudge(id: JudgeID(name: "j"), comparer: Silent())
                .judge([JudgingTask(id: 1, prompt: "", answers: ["a", "b"])])
        }
    }

    @Test func `votes tell both orders by seats, with the reason and the cost`() async throws {
        var usage = JudgeUsage()
        usage.requestCount = 1
        usage.cost = 0.25
        let cost = usage
        let judge = BothOrdersJudge(
            id: JudgeID(name: "j"),
            comparer: RuleComparer { comparison in
                if comparison.first == "x" { return ComparisonReply(.void, reason: "no letter", usage: cost) }
                let isFirst = comparison.first >= comparison.second
                return ComparisonReply(isFirst ? .first : .second, reason: comparison.first, usage: cost)
            })
        let judgement = try await judge.judge([JudgingTask(id: 1, prompt: "", answers: ["b", "a", "x"])])[0]
        #expect(
            judgement.votes[0]
                == Vote(
                    judge: JudgeID(name: "j"), first: 0, second: 1, verdict: .first, straight: .first, swapped: .first,
                    reason: "b\na"))
        #expect(judgement.votes[1].verdict == .void && judgement.votes[1].straight == .second)
        #expect(judgement.votes[1].swapped == .void && judgement.votes[1].reason == "no letter")
        #expect(judgement.usage?.requestCount == 6 && judgement.usage?.cost == 1.5)
    }

    @Test func `soft labels are the mean of both orders, and a half where they part without probabilities`() async throws {
        func soft(_ rule: @escaping @Sendable (Comparison) -> ComparisonReply, _ labels: PairLabels) async throws -> Judgement {
            try await BothOrdersJudge(id: JudgeID(name: "j"), labels: labels, comparer: RuleComparer(rule: rule))
                .judge([JudgingTask(id: 1, prompt: "", answers: ["a", "b"])])[0]
        }
        let alwaysFirst: @Sendable (Comparison) -> ComparisonReply = { _ in ComparisonReply(.first) }
        #expect(try await soft(alwaysFirst, .soft).verdicts[0].verdict == .tie)
        #expect(try await soft(alwaysFirst, .soft).verdicts[0].preference == 0.5)
        #expect(try await soft(alwaysFirst, .hard).verdicts[0].preference == nil)
        let graded: @Sendable (Comparison) -> ComparisonReply = {
            ComparisonReply(.first, preference: $0.first == "a" ? 0.9 : 0.6)
        }
        let leaning = try await soft(graded, .soft)
        #expect(leaning.verdicts[0].verdict == .tie && abs((leaning.verdicts[0].preference ?? 0) - 0.65) < 1e-12)
        #expect(abs((leaning.votes[0].preference ?? 0) - 0.65) < 1e-12)
        let broken: @Sendable (Comparison) -> ComparisonReply = {
            ComparisonReply($0.first == "a" ? .first : .second, preference: $0.first == "a" ? .nan : -3)
        }
        #expect(try await soft(broken, .soft).verdicts[0].preference == 1)
    }
}

struct AnswerPairingTests {
    /// Compares numbers; counts nothing as unreadable unless it is told to.
    private func judge(_ pairing: AnswerPairing, unreadable: Set<String> = []) -> BothOrdersJudge {
        BothOrdersJudge(
            id: JudgeID(name: "j"), pairing: pairing,
            comparer: RuleComparer { comparison in
                guard let left = Int(comparison.first), let right = Int(comparison.second),
                    !unreadable.contains(comparison.first)
                else { return ComparisonReply(.void) }
                return ComparisonReply(left / 10 == right / 10 ? .tie : left > right ? .first : .second)
            })
    }

    private func truth(_ left: Int, _ right: Int) -> Verdict {
        left / 10 == right / 10 ? .tie : left > right ? .first : .second
    }

    @Test(arguments: 2...17) func `sorting finds every verdict with fewer questions`(count: Int) async throws {
        for id in 0..<20 {
            var draw = SeededGenerator(Seed(run: UInt64(id)))
            let numbers = (0..<count).map { _ in draw.index(below: 60) }
            let task = JudgingTask(id: UInt64(id), prompt: "", answers: numbers.map(String.init))
            let (judgements, tally) = try await judge(.sort).judgeWithTally([task])
            for pair in judgements[0].verdicts {
                #expect(pair.verdict == truth(numbers[pair.first], numbers[pair.second]))
            }
            var limit = 0
            while 1 << limit < count { limit += 1 }
            #expect(tally.pairCount <= (count - 1) * limit)
            #expect(judgements[0].votes.count == tally.pairCount)
        }
    }

    @Test func `an unreadable answer leaves voids behind, and nothing is guessed`() async throws {
        let numbers = [15, 25, 35, 45, 55, 65]
        let task = JudgingTask(id: 4, prompt: "", answers: numbers.map(String.init))
        let judgement = try await judge(.sort, unreadable: ["35"]).judge([task])[0]
        for pair in judgement.verdicts {
            if pair.first == 2 || pair.second == 2 { #expect(pair.verdict == .void) }
            else { #expect([.void, truth(numbers[pair.first], numbers[pair.second])].contains(pair.verdict)) }
        }
        #expect(judgement.verdicts.count == 15)
    }

    @Test(arguments: [1, 3, 5, 6, 8, 15, 40]) func `a budget holds, spreads over the seats, and the rest is void`(limit: Int)
        async throws
    {
        let numbers = [15, 25, 35, 45, 55, 65]
        let task = JudgingTask(id: 9, prompt: "", answers: numbers.map(String.init))
        let judgement = try await judge(.budget(limit)).judge([task])[0]
        let decided = judgement.verdicts.filter { $0.verdict != .void }
        #expect(decided.count == min(limit, 15) && judgement.votes.count == decided.count)
        #expect(decided.allSatisfy { $0.verdict == truth(numbers[$0.first], numbers[$0.second]) })
        let loads = (0..<6).map { seat in decided.filter { $0.first == seat || $0.second == seat }.count }
        #expect(loads.max().map { $0 - (loads.min() ?? 0) } ?? 9 <= 2)
        if limit >= 6 { #expect(loads.min() ?? 0 >= 2) }
    }

    @Test func `equal texts tie without being asked`() async throws {
        let task = JudgingTask(id: 2, prompt: "", answers: ["15", "25", "15", "25"])
        for pairing in [AnswerPairing.sort, .budget(9)] {
            let judgement = try await judge(pairing).judge([task])[0]
            #expect(judgement.votes.count == 1)
            #expect(judgement.verdicts.map(\.verdict) == [.second, .tie, .second, .first, .tie, .second])
        }
    }

    @Test func `a circle is reported and ties, whoever loses to it still loses`() async throws {
        let wins = ["rs", "sp", "pr", "rx", "sx", "px"]
        let judge = BothOrdersJudge(
            id: JudgeID(name: "j"), labels: .soft,
            comparer: RuleComparer { ComparisonReply(wins.contains($0.first + $0.second) ? .first : .second) })
        let (judgements, tally) = try await judge.judgeWithTally(
            [JudgingTask(id: 1, prompt: "", answers: ["r", "x", "s", "p"])])
        #expect(judgements[0].verdicts.map(\.verdict) == [.first, .tie, .tie, .second, .second, .tie])
        #expect(judgements[0].verdicts.map(\.preference) == [1, 0.5, 0.5, 0, 0, 0.5])
        #expect(judgements[0].votes.map(\.verdict) == [.first, .first, .second, .second, .second, .first])
        #expect(tally.cycleCount == 1 && tally.cyclicPairCount == 3)
    }
}
