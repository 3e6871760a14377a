import AgonCore
import AgonTransformer
import Testing

@testable import AgonTraining

/// Whoever changes the bits of an update has to say so.
@Suite struct EngineVersionTests {
    @Test(
        "a small update has the bits of its engine version: where this fails and nothing is wrong, raise the version and write the new bits here",
        .enabled(if: EngineVersionTests.isMeasured))
    func bits() throws {
        #expect(EngineVersion.number == 1)
        let kernels = try #require(Kernels.named("portable"))
        let policy = Parameters.initialised(ToyTask.config, seed: 1)
        let start = Transformer(policy, kernels: kernels)
        let outcome = try PolicyUpdate.run(
            policy: policy, reference: .model(start), base: start, data: .pairs(ToyTask.pairs(count: 40, seed: 2)),
            configuration: TrainingConfiguration(beta: 0.3, learningRate: 3e-3, epochs: 2, batchSize: 8), seed: Seed(run: 7),
            kernels: kernels)
        var fingerprint = Fingerprint()
        fingerprint.add(outcome.trained)
        #expect(fingerprint.text == "cbac1318aa85c7b0")
    }

    /// Other processors contract products and sums in their own way.
    private static var isMeasured: Bool {
        #if os(Linux) && arch(x86_64)
        true
        #else
        false
        #endif
    }
}
