import AgonCore
import AgonJudging
import AgonLaws
import Testing

/// What every judge obeys.
struct JudgeLawTests {
    static let judges: [any Judge] = [
        ExactJudge.judge(id: JudgeID(name: "exact"), mode: .string),
        ExactJudge.judge(id: JudgeID(name: "number"), mode: .number),
        ScoringJudge(id: JudgeID(name: "length"), needsReference: false, tieMargin: 1) { tasks in
            tasks.map { $0.answers.map { $0.contains("?") ? nil : Double($0.count) } }
        },
        BothOrdersJudge(id: JudgeID(name: "shown"), comparer: LengthComparer()),
        BothOrdersJudge(id: JudgeID(name: "soft"), labels: .soft, comparer: graded),
        BothOrdersJudge(id: JudgeID(name: "few"), pairing: .budget(4), comparer: LengthComparer()),
        BothOrdersJudge(id: JudgeID(name: "sort"), labels: .soft, pairing: .sort, comparer: LengthComparer()),
        panel(.majority), panel(.mean), panel(.weighted([1, 0.5, 0.75])),
        panel(.dawidSkene(DawidSkene([DawidSkene.Item(votes: [.first, .second, .tie], truth: .first)], judgeCount: 3))),
    ]

    private static func panel(_ rule: PanelRule) -> PanelJudge {
        PanelJudge(
            id: JudgeID(name: "panel"),
            members: [
                ExactJudge.judge(id: JudgeID(name: "exact"), mode: .string),
                BothOrdersJudge(id: JudgeID(name: "shown"), labels: .soft, comparer: graded),
                BothOrdersJudge(id: JudgeID(name: "sort"), pairing: .sort, comparer: LengthComparer()),
            ], rule: rule)
    }

    /// Says how sure it is, and leans to the first place.
    static let graded = RuleComparer { comparison in
        let p = min(max(0.6 + 0.1 * Double(comparison.first.count - comparison.second.count), 0), 1)
        return ComparisonReply(p > 0.5 ? .first : p < 0.5 ? .second : .tie, preference: p)
    }

    static let tasks: [JudgingTask] = [
        ["42", "41"], ["42", " 42 ", "42.0"], ["", "4", "42", "420", "four"], ["?", "42", "x"], ["a", "a"], ["1"],
    ].enumerated().map { JudgingTask(id: UInt64($0), prompt: "p", reference: "42", answers: $1) }

    @Test(arguments: judges) func `judges obey the laws of judges`(judge: any Judge) async throws {
        #expect(try await JudgeLaws.violations(of: judge, tasks: Self.tasks).isEmpty)
    }
}

struct ScoringJudgeTests {
    private func verdict(_ left: Double?, _ right: Double?, margin: Double) async throws -> Verdict {
        let judge = ScoringJudge(id: JudgeID(name: "j"), needsReference: false, tieMargin: margin) { _ in
            [[left, right]]
        }
        let task = JudgingTask(id: 0, prompt: "", answers: ["a", "b"])
        return try await judge.judge([task])[0].verdicts[0].verdict
    }

    @Test func `only a difference above the margin decides`() async throws {
        #expect(try await verdict(1, 0.5, margin: 0.5) == .tie)
        #expect(try await verdict(1, 0.25, margin: 0.5) == .first)
        #expect(try await verdict(0.25, 1, margin: 0.5) == .second)
        #expect(try await verdict(1, 1, margin: 0) == .tie)
    }

    @Test func `a score that is missing or not finite is void`() async throws {
        for broken in [nil, Double.nan, .infinity] {
            #expect(try await verdict(broken, 0, margin: 0) == .void)
            #expect(try await verdict(0, broken, margin: 0) == .void)
        }
    }

    @Test func `a referee decides by each side's points and leaves forfeits to the rule`() throws {
        let transcript = "X5 O1 X3"
        let game = [rollout(transcript, gold: 0), rollout(transcript, gold: 1)]
        let judgement = Judgement(goldOf: game)
        #expect(judgement.verdicts == [PairVerdict(first: 0, second: 1, verdict: .second)])
        #expect(Judgement(goldOf: [rollout("x", gold: 0.5), rollout("x", gold: 0.5)]).verdicts[0].verdict == .tie)
        #expect(Judgement(goldOf: [rollout("x", gold: 1), rollout("x")]).verdicts[0].verdict == .void)
        let broken = [rollout(transcript, forfeit: .illegal, gold: 0), rollout(transcript, gold: 1)]
        let result = try RoomJudging.result(
            room: room(["a", "b"]), rollouts: broken, judge: JudgeID(name: "referee"),
            judgement: Judgement(goldOf: broken))
        #expect(result.verdicts == [PairVerdict(first: 0, second: 1, verdict: .second, byRule: true)])
        #expect(result.scores == [nil, 1])
    }

    @Test func `a scorer that loses an answer is a fault, not a verdict`() async throws {
        await #expect(throws: JudgingError.self) {
            _ = try await ScoringJudge(id: JudgeID(name: "j"), needsReference: false) { _ in [[1]] }
                .judge([JudgingTask(id: 0, prompt: "", answers: ["a", "b"])])
        }
    }
}
