import AgonCore
import Testing

@testable import AgonTransformer

/// Many adapters on one base in one batch.
@Suite struct AdapterBatchTests {
    private static func policies(_ kernels: Kernels) throws -> (adapters: [Adapter], views: [Transformer]) {
        let base = Transformer(
            try GoldenFile("dpo/policy.safetensors").parameters(GoldenFile.config(tied: true)), kernels: kernels)
        let configs = [
            try AdapterConfig(rank: 4, targets: .allLinear), try AdapterConfig(rank: 8),
            try AdapterConfig(rank: 3, targets: .allLinear, usesMagnitudes: true),
            try AdapterConfig(rank: 2, targets: .pattern(#".*\.1\..*_proj"#), usesRankStabilisation: true),
        ]
        let adapters = try configs.enumerated().map { index, config in
            try AdapterGradientTests.lively(config, base, seed: UInt64(index), size: 0.1)
        }
        return (adapters, adapters.map(base.adapted) + [base])
    }

    static let sequences = (0..<80).map { (index: Int) -> TokenSequence in
        let completion = (0...index % 17).map { (place: Int) -> Int32 in Int32((place * 11 + index) % 128) }
        return TokenSequence(prompt: [1, Int32(index / 6), 7, 9, 11], completion: completion)
    }

    @Test func logProbabilitiesOfAMixedBatchAreThoseOfEachPolicyAlone() throws {
        for kernels in Kernels.allAvailable {
            let (_, views) = try Self.policies(kernels)
            let indices = Self.sequences.indices.map { ($0 * 7 / 3) % views.count }
            for threads in [1, 2] {
                let mixed = try Transformer.logProbs(
                    of: Self.sequences, policyIndices: indices, policies: views, threads: threads)
                for (index, view) in views.enumerated() {
                    let own = Self.sequences.indices.filter { indices[$0] == index }
                    let alone = try view.logProbs(of: own.map { Self.sequences[$0] })
                    #expect(own.map { mixed[$0] } == alone, "policy \(index) on \(kernels.name)")
                }
            }
            let distinct = try views.map { try $0.logProbs(of: [Self.sequences[40]])[0] }
            #expect(Set(distinct).count == views.count, "every policy answers in its own way")
        }
    }

    @Test func aMixedBatchDecodesWhatEachPolicyDecodesAlone() throws {
        for kernels in Kernels.allAvailable {
            let (_, views) = try Self.policies(kernels)
            let requests = (0..<60).map { (index: Int) -> GenerationRequest in
                let prompt = (0..<index / 5 % 13).map { (place: Int) -> Int32 in Int32((place * 13 + index / 5) % 128) }
                return GenerationRequest(
                    tokens: [1] + prompt, maxNewTokens: 1 + (index * 7) % 15, key: UInt64(index) &* 0x9E37_79B9,
                    policyIndex: (index * 2) % views.count)
            }
            let alone = try requests.map { request in
                var own = request
                own.policyIndex = 0
                return try views[request.policyIndex].generate([own])[0]
            }
            for (width, threads) in [(64, 1), (7, 1), (16, 2)] {
                let mixed = try Transformer.generate(requests, policies: views, maxBatchSize: width, threads: threads)
                #expect(mixed == alone, "width \(width) on \(kernels.name)")
            }
            // A session keeps caches from call to call, never those of another policy.
            let session = GenerationSession(policies: views, maxBatchSize: 5)
            #expect(try session.generate(requests) == alone)
            #expect(try session.generate(requests.reversed()).reversed() == alone)
        }
    }

    @Test func gradientsOfAMixedTrainingBatchAreThoseOfEachAdapterAlone() throws {
        for kernels in Kernels.allAvailable {
            let (adapters, views) = try Self.policies(kernels)
            let indices = Self.sequences.indices.map { ($0 * 5 / 2) % adapters.count }
            func gradients(_ chosen: [Int], _ adapters: [Adapter], _ own: [Int]) throws -> ([[Float]], [[Float]]) {
                let pass = TrainingPass(adapting: views[views.count - 1])
                let values = try pass.forward(chosen.map { Self.sequences[$0] }, AdapterBatch(adapters, indices: own))
                let made = adapters.map { $0.zeroAdapter() }
                pass.backward(dLogProbs: values.map { $0.map { $0 + 1 } }, into: made)
                return (values, made.map { Array($0.values) })
            }
            let (values, mixed) = try gradients(Array(Self.sequences.indices), adapters, indices)
            for (index, adapter) in adapters.enumerated() {
                let own = Self.sequences.indices.filter { indices[$0] == index }
                let alone = try gradients(own, [adapter], own.map { _ in 0 })
                #expect(own.map { values[$0] } == alone.0)
                #expect(mixed[index] == alone.1[0], "adapter \(index) on \(kernels.name)")
                #expect(mixed[index].contains { $0 != 0 })
            }
        }
    }

    @Test func fiftyAdaptersShareTheBase() throws {
        let config = try ModelConfig(
            vocabularySize: 512, hiddenSize: 256, layerCount: 4, headCount: 4, feedForwardSize: 768)
        let base = Transformer(Parameters.initialised(config, seed: 1), kernels: try .current)
        let settings = try AdapterConfig(rank: 8, targets: .allLinear)
        let adapters = try (0..<50).map { try Adapter.initialised(settings, for: base, seed: $0) }
        let views = adapters.map(base.adapted)
        #expect(views.allSatisfy { $0.packed === base.packed && $0.parameters === base.parameters })
        #expect(views.allSatisfy { $0.sharesBase(with: base) && $0.baseIdentity == base.baseIdentity })
        #expect(zip(views, adapters).allSatisfy { $0.source === $1 } && base.source == nil)
        #expect(views[0].withoutAdapter.source == nil && views[0].withoutAdapter.sharesBase(with: base))
        // Packing fills up to whole panels: at rank 8 with 32 outputs a panel, less than three times the adapter.
        let packed = try #require(views[0].adapter?.count)
        #expect(packed < 3 * adapters[0].layout.count)
        #expect(adapters[0].layout.count * 10 < base.parameters.layout.count)
    }
}
