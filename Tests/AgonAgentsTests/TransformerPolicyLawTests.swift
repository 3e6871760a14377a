import AgonAgents
import AgonCore
import AgonLaws
import AgonTransformer
import Testing

/// The laws of policies, on native transformers.
@Suite struct TransformerPolicyLawTests {
    private static func policy(
        _ sampling: SamplingOptions, system: String = "", threads: Int = 1, kernels: Kernels
    ) throws -> TransformerPolicy {
        let model = try AgentFolder.model()
        return TransformerPolicy(
            id: PolicyID(agent: "ada", version: 2), transformer: Transformer(model.parameters, kernels: kernels),
            tokenizer: model.tokenizer, sampling: sampling, system: system, threads: threads)
    }

    /// Prompts of all lengths, some of them games in progress, with limits from none to more than there is room for.
    private static let requests = (0..<24).map { index in
        let own = Turn.own(tokens: [5, 6], text: "23")
        return PolicyRequest(
            prompt: String("31=4 2abc=091".prefix(1 + index % 13)),
            turns: index % 3 == 0 ? [own, .other(text: "a1"), own] : [], maxNewTokens: [1, 8, 3, 0][index % 4],
            seed: Seed(run: 1).child(.room, index / 2))
    }

    @Test(
        "a transformer obeys the laws of policies however it samples",
        arguments: [
            SamplingOptions(), .greedy, SamplingOptions(temperature: 0.7, topK: 5), SamplingOptions(topP: 0.8, minP: 0.02),
            SamplingOptions(typicalP: 0.7, repetitionPenalty: 1.3),
        ])
    func laws(sampling: SamplingOptions) async throws {
        for kernels in Kernels.allAvailable {
            let policy = try Self.policy(sampling, system: "a=1 ", kernels: kernels)
            #expect(try await PolicyLaws.violations(of: policy, requests: Self.requests).isEmpty)
            let wide = try Self.policy(sampling, system: "a=1 ", threads: 5, kernels: kernels)
            #expect(try await PolicyLaws.differences(policy, wide, requests: Self.requests).isEmpty)
        }
    }

    @Test("the context is bos, system, prompt and turns, own turns by the ids that were generated")
    func context() async throws {
        let policy = try Self.policy(.greedy, system: "a=", kernels: .current)
        let request = PolicyRequest(
            prompt: "12", turns: [.own(tokens: [9, 9], text: "b"), .other(text: "c")], maxNewTokens: 2, seed: Seed(run: 1))
        let tokenizer = try AgentFolder.model().tokenizer
        let spelled = try ["a=12", "c"].map { try tokenizer.encode($0, addSpecialTokens: false) }
        #expect(try await policy.respond(to: [request])[0].context == [1] + spelled[0] + [9, 9] + spelled[1])
    }

    @Test("taking the likeliest token is the same policy otherwise, and a foreign character is a fault of the world")
    func samplingAndSpelling() async throws {
        let policy = try Self.policy(SamplingOptions(temperature: 3), kernels: .current)
        let greedy = policy.greedy
        #expect(greedy.id == policy.id && greedy.transformer === policy.transformer)
        let answers = try await greedy.respond(to: Self.requests)
        let expected = try await Self.policy(.greedy, kernels: .current).respond(to: Self.requests)
        #expect(answers == expected)
        let shy = SamplingOptions(temperature: 3, typicalP: 0.5, repetitionPenalty: 50)
        let penalised = try await Self.policy(shy, kernels: .current).greedy.respond(to: Self.requests)
        let plain = try await Self.policy(SamplingOptions(temperature: 0, repetitionPenalty: 50), kernels: .current)
            .respond(to: Self.requests)
        #expect(penalised == plain && penalised != expected)
        await #expect(throws: TransformerError.self) {
            _ = try await policy.respond(to: [PolicyRequest(prompt: "é", maxNewTokens: 1, seed: Seed(run: 1))])
        }
    }
}
