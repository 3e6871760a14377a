import AgonAgents
import AgonCore
import AgonJudging
import AgonLaws
import AgonTransformer
import Testing

/// The laws of judges, on native reward models.
@Suite struct RewardModelLawTests {
    private static func model(threads: Int = 1, kernels: Kernels) throws -> RewardModel {
        let folder = try AgentFolder.model(head: .score)
        return RewardModel(
            id: JudgeID(name: "sorter", version: 1), transformer: Transformer(folder.parameters, kernels: kernels),
            tokenizer: folder.tokenizer, threads: threads)
    }

    private static let tasks = [
        ["12", "21"], ["1", "1", "2"], ["", "abc", "c=3", "0123456789"], ["é", "1", "2"], ["4"],
        [String(repeating: "7", count: 40), "7"],
    ].enumerated().map { JudgingTask(id: UInt64($0), prompt: "31=", answers: $1) }

    @Test("a reward model obeys the laws of judges, whatever its margin and its threads", arguments: [0, 0.01, 1000])
    func laws(tieMargin: Double) async throws {
        for kernels in Kernels.allAvailable {
            let judge = try Self.model(kernels: kernels).judge(tieMargin: tieMargin)
            #expect(try await JudgeLaws.violations(of: judge, tasks: Self.tasks).isEmpty)
            let wide = try Self.model(threads: 4, kernels: kernels).judge(tieMargin: tieMargin)
            #expect(try await wide.judge(Self.tasks).map(\.verdicts) == judge.judge(Self.tasks).map(\.verdicts))
        }
    }

    @Test("what it cannot read, or what is longer than its positions, is void and stops nothing")
    func unreadable() async throws {
        let judge = try Self.model(kernels: .current).judge(tieMargin: 0)
        let judgements = try await judge.judge(Self.tasks)
        #expect(judgements[3].verdicts.map(\.verdict).prefix(2) == [.void, .void])
        #expect(judgements[3].verdicts[2].verdict != .void)
        #expect(judgements[5].verdicts.map(\.verdict) == [.void])
    }
}
