import AgonAgents
import AgonConnections
import AgonCore
import AgonJudging
import AgonLaws
import Testing

/// A language model that prefers the greater number in an answer, and the first place where it sees no difference.
/// It cannot be read where an answer says void, and rejects what says long.
private struct ReadingStub: ChatAnswerer {
    var isStructured = true
    var logprobs = false
    /// Prefers the first place whatever is there.
    var isBiased = false

    func replies(to requests: [ChatRequest]) async throws -> [Result<ChatReply, ConnectionError>] {
        requests.map { request in
            let messages = isStructured ? request.messages : request.plainMessages ?? request.messages
            let answers = quotations(messages[1].content)
            if answers.contains(where: { $0.contains("long") }) {
                return .failure(ConnectionError(.rejected, "the context is exceeded"))
            }
            var reply = ChatReply(text: text(answers), isStructured: isStructured)
            if request.topLogprobs > 0 {
                reply.firstToken = logprobs ? chances(answers) : []
                reply.text = chances(answers)[0].token
                reply.isStructured = false
            }
            reply.usage.requestCount = 1
            return .success(reply)
        }
    }

    private func quotations(_ text: String) -> [String] {
        text.split(separator: "<<<answer", omittingEmptySubsequences: false).dropFirst().map { part in
            part.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().prefix { !$0.hasSuffix(">>>") }
                .joined(separator: "\n")
        }
    }

    private func value(_ text: String) -> Int { isBiased ? 0 : text.compactMap(\.wholeNumberValue).max() ?? 0 }

    private func text(_ answers: [String]) -> String {
        if answers.contains(where: { $0.contains("void") }) { return "I cannot say." }
        let verdict: String
        switch answers.count {
        case 1: verdict = "\(min(10, value(answers[0]) + 1))"
        case 2 where !isRanking: verdict = value(answers[0]) >= value(answers[1]) ? "A" : "B"
        default:
            let order = answers.indices.sorted {
                value(answers[$0]) == value(answers[$1]) ? $0 < $1 : value(answers[$0]) > value(answers[$1])
            }
            let labels = order.map(JudgePrompts.label)
            if !isStructured { return "so\nVERDICT: \(labels.joined(separator: ", "))" }
            return "{\"reason\":\"so\",\"verdict\":[\(labels.map { "\"\($0)\"" }.joined(separator: ","))]}"
        }
        if !isStructured { return "so\nVERDICT: \(verdict)" }
        return "{\"reason\":\"so\",\"verdict\":\(answers.count == 1 ? verdict : "\"\(verdict)\"")}"
    }

    var isRanking = false

    private func chances(_ answers: [String]) -> [TokenChance] {
        let first = value(answers[0]) >= value(answers[1]) ? 0.7 : 0.2
        return [TokenChance(token: "A", probability: first), TokenChance(token: " B", probability: 0.9 - first)]
            .sorted { $0.probability > $1.probability }
    }
}

/// The laws of judges, on language models behind an endpoint.
@Suite struct LanguageModelJudgeLawTests {
    private static let tasks = [
        ["1", "2"], ["3", "3", "5"], ["", "a", "9", "0", "4"], ["7"], [], ["void", "1"], ["1", "long", "2"], ["same", "same"],
        ["<|im_start|>8", "7"],
    ].enumerated().map { JudgingTask(id: UInt64($0), prompt: "Greatest?", answers: $1) }

    private static func judge(
        _ style: LanguageModelOptions.Style, _ stub: ReadingStub, logprobs: Bool = false, labels: PairLabels = .hard
    ) -> LanguageModelJudge {
        var stub = stub
        stub.isRanking = style == .listwise
        return LanguageModelJudge(
            id: JudgeID(name: "llm"),
            options: LanguageModelOptions(
                style: style, prompts: JudgePrompts(rubric: "The greater wins."), usesLogprobs: logprobs, labels: labels),
            answerer: stub)
    }

    @Test("a language model obeys the laws of judges in every style and form", arguments: LanguageModelOptions.Style.allCases)
    func laws(style: LanguageModelOptions.Style) async throws {
        for labels in PairLabels.allCases {
            for stub in [ReadingStub(), ReadingStub(isStructured: false), ReadingStub(isBiased: true)] {
                let judge = Self.judge(style, stub, labels: labels)
                #expect(try await JudgeLaws.violations(of: judge, tasks: Self.tasks).isEmpty)
            }
        }
    }

    @Test("the greater number wins in every style; what cannot be read and what is rejected is void, with the reason")
    func verdicts() async throws {
        for style in LanguageModelOptions.Style.allCases {
            let judgements = try await Self.judge(style, ReadingStub()).judge(Self.tasks)
            #expect(judgements[0].verdicts.map(\.verdict) == [.second])
            #expect(judgements[1].verdicts.map(\.verdict) == [.tie, .second, .second])
            #expect(judgements[5].verdicts.map(\.verdict) == [.void])
            #expect(judgements[5].votes.first?.reason.contains("unreadable: I cannot say.") == true)
            #expect(judgements[6].verdicts[0].verdict == .void)
            #expect(judgements[6].verdicts[1].verdict == (style == .listwise ? .void : .second))
            #expect(judgements[6].votes[0].reason.contains("the context is exceeded"))
            #expect(judgements[7].verdicts.map(\.verdict) == [.tie])
            #expect(judgements[8].verdicts.map(\.verdict) == [.first])
            #expect(judgements[0].usage?.requestCount == 2)
        }
    }

    @Test("a liking for the first place makes ties only, in pairs and in lists")
    func bias() async throws {
        for style in [LanguageModelOptions.Style.pairwise, .listwise] {
            let judgements = try await Self.judge(style, ReadingStub(isBiased: true)).judge(Self.tasks)
            #expect(judgements[2].verdicts.allSatisfy { $0.verdict == .tie })
            #expect(judgements[1].verdicts.allSatisfy { $0.verdict == .tie })
        }
    }

    @Test("probabilities of the letters give a preference in both orders; a server without them is read by its letter")
    func logprobs() async throws {
        let judge = Self.judge(.pairwise, ReadingStub(logprobs: true), logprobs: true, labels: .soft)
        #expect(try await JudgeLaws.violations(of: judge, tasks: Self.tasks).isEmpty)
        let judgement = try await judge.judge([Self.tasks[0]])[0]
        #expect(judgement.verdicts[0].verdict == .second)
        #expect(abs((judgement.verdicts[0].preference ?? 0) - 2.0 / 9) < 1e-12)
        let plain = Self.judge(.pairwise, ReadingStub(), logprobs: true)
        #expect(try await plain.judge([Self.tasks[0]])[0].verdicts[0].verdict == .second)
    }

    @Test("the grades of a pointwise judge are its scores")
    func grades() async throws {
        let judgement = try await Self.judge(.pointwise, ReadingStub()).judge([Self.tasks[1]])[0]
        #expect(judgement.scores == [4, 4, 6])
        #expect(judgement.votes.map(\.reason) == ["4: so\n4: so", "4: so\n6: so", "4: so\n6: so"])
    }
}
