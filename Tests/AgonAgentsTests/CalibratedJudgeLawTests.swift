import AgonAgents
import AgonCore
import AgonLaws
import AgonTransformer
import Foundation
import Testing

/// Reward models from folders, and their scores as probabilities.
@Suite struct CalibratedJudgeLawTests {
    private static let tasks = [["12", "21"], ["1", "1", "2"], ["é", "1", "2"]].enumerated()
        .map { JudgingTask(id: UInt64($0), prompt: "31=", answers: $1) }

    private static func judge(_ lines: String) throws -> any Judge {
        let folder = try AgentFolder()
        try AgentFolder.model(head: .score).save(to: folder.path + "/sorter/model")
        try folder.write("kind: reward_model\n" + lines, "sorter/judge.yaml")
        return try Judges.load(folder.path + "/sorter", threads: 1)
    }

    @Test("a temperature turns differences of scores into preferences and leaves verdicts and scores alone")
    func preferences() async throws {
        let plain = try await Self.judge("").judge(Self.tasks)
        let judge = try Self.judge("temperature: 0.5\n")
        #expect(try await JudgeLaws.violations(of: judge, tasks: Self.tasks) == [])
        let calibrated = try await judge.judge(Self.tasks)
        #expect(calibrated.map { $0.verdicts.map(\.verdict) } == plain.map { $0.verdicts.map(\.verdict) })
        #expect(plain.flatMap(\.verdicts).allSatisfy { $0.preference == nil })
        let scores = try #require(calibrated[0].scores)
        let expected = 1 / (1 + exp(-(scores[0] - scores[1]) / 0.5))
        #expect(abs(try #require(calibrated[0].verdicts[0].preference) - expected) < 1e-12)
        #expect(calibrated[1].verdicts[0].preference == 0.5)
        #expect(calibrated[2].verdicts[0].preference == nil && calibrated[2].verdicts[2].preference != nil)
    }

    @Test("through a chat template a reward model reads the conversation that transformers would")
    func chat() async throws {
        let folder = try AgentFolder()
        try AgentFolder.model(head: .score).save(to: folder.path + "/sorter/model")
        let template = "{% for message in messages %}{{ message.content }}={% endfor %}"
        try folder.write(template, "sorter/model/chat_template.jinja")
        try folder.write("kind: reward_model\n", "sorter/judge.yaml")
        let configuration = try JudgeConfiguration(folder: folder.path + "/sorter")
        let model = try configuration.loadModel()
        let read = try #require(
            RewardModel.tokens(
                prompt: "31", answer: "13", tokenizer: model.tokenizer, config: model.config,
                chatTemplate: configuration.chatTemplate(of: model)))
        #expect(try read == model.tokenizer.encode("31=13=", addSpecialTokens: false))
        try folder.write("kind: reward_model\nchat_template: none\n", "sorter/judge.yaml")
        let plain = try JudgeConfiguration(folder: folder.path + "/sorter")
        #expect(try plain.chatTemplate(of: model) == nil)
    }
}
