import AgonTransformer
import Testing

@testable import AgonTraining

/// Memory that is planned from sizes.
@Suite struct MemoryPlanTests {
    /// SmolLM2-135M's shape.
    private func large() throws -> ModelConfig {
        try ModelConfig(
            vocabularySize: 49152, hiddenSize: 576, layerCount: 30, headCount: 9, keyValueHeadCount: 3,
            feedForwardSize: 1536, ropeTheta: 100_000, normEpsilon: 1e-5, tiesEmbeddings: true, maxPositionCount: 8192)
    }

    @Test("weights, gradients and moments are counted float by float, and an adapter pays for itself alone")
    func weights() throws {
        let config = try large()
        let count = ParameterLayout(config).count
        #expect((134_000_000...135_000_000).contains(count))
        let whole = MemoryPlan.training(config, adapterCount: nil, sequenceCount: 16, length: 128, ownCount: 64)
        #expect(whole.parameters == 4 * count && whole.gradients == 4 * count && whole.optimiser == 8 * count)
        let adapter = MemoryPlan.training(config, adapterCount: 460_800, sequenceCount: 16, length: 128, ownCount: 64)
        #expect(adapter.gradients == 4 * 460_800 && adapter.optimiser == 8 * 460_800)
        #expect(adapter.activations == whole.activations)
        #expect(adapter.total < whole.total / 2)
    }

    @Test("matrices take what their format takes, forward and backward, and weights that are trained stay float32")
    func formats() throws {
        let config = try large()
        func answering(_ weights: WeightFormat) -> MemoryPlan { .answering(config, weights: weights, slotCount: 0, length: 0) }
        let exact = answering(.float32)
        #expect(answering(.bfloat16).packedWeights * 2 == exact.packedWeights)
        #expect(answering(.int8).packedWeights * 64 == exact.packedWeights * 17)
        #expect(answering(.int8).parameters == exact.parameters)
        let released = MemoryPlan.answering(config, weights: .int8, keepsMatrices: false, slotCount: 0, length: 0)
        #expect(released.packedWeights == answering(.int8).packedWeights)
        // The embedding, and 61 norms.
        #expect(released.parameters == 4 * (49152 * 576 + 61 * 576))
        func training(_ adapter: Int?, _ weights: WeightFormat = .float32, _ products: WeightFormat = .float32) -> MemoryPlan {
            .training(
                config, adapterCount: adapter, weights: weights, products: products, sequenceCount: 16, length: 128,
                ownCount: 64)
        }
        #expect(training(9).packedWeights == exact.packedWeights)
        for format in [WeightFormat.bfloat16, .int8] {
            #expect(training(9, format).packedWeights * 2 == exact.packedWeights)
            #expect(training(9, format, .bfloat16) == training(9, format))
        }
        #expect(training(9, .float32, .bfloat16).packedWeights == exact.packedWeights)
        let (whole, narrow) = (training(nil), training(nil, .float32, .bfloat16))
        #expect(whole.packedWeights == 2 * exact.packedWeights)
        #expect(narrow.packedWeights * 4 == whole.packedWeights * 3)
        #expect(narrow.parameters == whole.parameters && narrow.optimiser == whole.optimiser)
    }

    @Test("every shard has a gradient of its own, and packs weights that are trained for itself")
    func shards() throws {
        let config = try large()
        func plan(_ adapter: Int?, _ shards: Int) -> MemoryPlan {
            .training(config, adapterCount: adapter, sequenceCount: 16, length: 128, ownCount: 8, shardCount: shards)
        }
        let (one, two) = (plan(nil, 1), plan(nil, 2))
        #expect(two.packedWeights == 2 * one.packedWeights && two.gradients == 2 * one.gradients)
        #expect(two.optimiser == one.optimiser && two.parameters == one.parameters)
        #expect(plan(9, 2).packedWeights == plan(9, 1).packedWeights)
        #expect(plan(9, 2).gradients == 2 * plan(9, 1).gradients)
    }

    @Test("logits beyond what a pass keeps are recomputed, so a longer answer costs its rows alone")
    func logits() throws {
        let config = try large()
        func activations(own: Int) -> Int {
            MemoryPlan.training(config, adapterCount: nil, sequenceCount: 16, length: 128, ownCount: own).activations
        }
        #expect(activations(own: 64) == activations(own: 128))
        #expect(activations(own: 8) < activations(own: 64))
    }

    @Test("a reference that moves is there twice, and a mean once more")
    func following() throws {
        let config = try large()
        let weights = 4 * ParameterLayout(config).count
        let one = MemoryPlan.answering(config, slotCount: 0, length: 0)
        #expect(one.parameters == weights && one.packedWeights > weights * 9 / 10)
        #expect(try MemoryPlan.following(config, ReferenceSync()).total == 2 * one.total)
        #expect(try MemoryPlan.following(config, ReferenceSync(bema: BiasCorrectedMean())).parameters == 3 * weights)
        let adapter = try MemoryPlan.following(config, adapterCount: 1000, ReferenceSync(bema: BiasCorrectedMean()))
        #expect(adapter.parameters == 3 * 4000 && adapter.packedWeights == 2 * 4000)
    }

    @Test("a cache holds keys and values of every layer and slot, no longer than the model's positions")
    func cache() throws {
        let config = try large()
        let plan = MemoryPlan.answering(config, slotCount: 64, length: 100)
        #expect(plan.keyValueCache == 64 * 30 * 2 * 100 * 192 * 4)
        #expect(
            MemoryPlan.answering(config, slotCount: 1, length: 1 << 40)
                == MemoryPlan.answering(config, slotCount: 1, length: 8192))
    }

    @Test("people read MiB, and parts that take nothing are left out")
    func text() {
        var plan = MemoryPlan.zero
        plan.parameters = 3 << 20
        plan.optimiser = 1 << 19
        #expect(plan.text == "3.5 MiB (parameters 3.0, optimiser 0.5)")
        #expect((plan + plan).total == (plan * 2).total)
    }
}
