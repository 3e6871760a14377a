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
    ]

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

struct ExactJudgeTests {
    @Test(arguments: [
        ("42", "42", 1), (" 42\n", "42", 1), ("42.0", "42", 0), ("", "42", 0), ("a b", "a  b", 0), ("A", "a", 0),
    ])
    func `strings are equal after trimming`(answer: String, reference: String, score: Double) {
        #expect(ExactJudge.score(answer, reference: reference, mode: .string) == score)
    }

    @Test(arguments: [
        ("42.0", "42", 1), ("+4.2e1 ", "42", 1), ("042", "42", 1), ("43", "42", 0), ("0x2A", "42", 0), ("nan", "42", 0),
        ("42 apples", "42", 0), ("9007199254740993", "9007199254740992", 0), ("-0", "0", 1), ("", "0", 0),
    ])
    func `numbers are equal by value`(answer: String, reference: String, score: Double) {
        #expect(ExactJudge.score(answer, reference: reference, mode: .number) == score)
    }

    @Test func `without a usable reference nothing is judged`() {
        #expect(ExactJudge.score("42", reference: nil, mode: .string) == nil)
        #expect(ExactJudge.score("42", reference: "many", mode: .number) == nil)
    }
}

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
        func compare(_ comparisons: [Comparison]) async throws -> [Verdict] { comparisons.map { _ in .first } }
    }

    @Test func `a judge that always names the first place decides nothing`() async throws {
        let judge = BothOrdersJudge(id: JudgeID(name: "j"), comparer: AlwaysFirst())
        let judgement = try await judge.judge([JudgingTask(id: 1, prompt: "", answers: ["a", "b", "c"])])[0]
        #expect(judgement.verdicts.map(\.verdict) == [.tie, .tie, .tie])
    }

    struct HalfBlind: PairComparer {
        func compare(_ comparisons: [Comparison]) async throws -> [Verdict] {
            comparisons.map { $0.first < $0.second ? .first : .void }
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
        func compare(_ comparisons: [Comparison]) async throws -> [Verdict] { [] }
    }

    @Test func `a comparer that loses a reply is a fault, not a verdict`() async throws {
        await #expect(throws: JudgingError.self) {
            _ = try await BothOrdersJudge(id: JudgeID(name: "j"), comparer: Silent())
                .judge([JudgingTask(id: 1, prompt: "", answers: ["a", "b"])])
        }
    }
}
