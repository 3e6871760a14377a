import AgonTraining
import Testing

@Suite struct TrainingConfigurationTests {
    @Test func `each setting that is out of range is named with its value`() {
        let faults: [(String, () throws(TrainingError) -> TrainingConfiguration)] = [
            ("beta", { () throws(TrainingError) in try TrainingConfiguration(beta: 0) }),
            ("beta", { () throws(TrainingError) in try TrainingConfiguration(beta: .nan) }),
            ("learning_rate", { () throws(TrainingError) in try TrainingConfiguration(learningRate: -1) }),
            ("num_train_epochs", { () throws(TrainingError) in try TrainingConfiguration(epochs: 0) }),
            ("batch_size", { () throws(TrainingError) in try TrainingConfiguration(batchSize: 0) }),
            ("max_grad_norm", { () throws(TrainingError) in try TrainingConfiguration(maxGradNorm: .infinity) }),
            ("adam_beta1", { () throws(TrainingError) in try TrainingConfiguration(adamBeta1: 1) }),
            ("adam_beta2", { () throws(TrainingError) in try TrainingConfiguration(adamBeta2: -0.1) }),
            ("adam_epsilon", { () throws(TrainingError) in try TrainingConfiguration(adamEpsilon: 0) }),
            ("weight_decay", { () throws(TrainingError) in try TrainingConfiguration(weightDecay: -1) }),
            ("warmup_steps", { () throws(TrainingError) in try TrainingConfiguration(warmupSteps: -1) }),
            ("loss_type", { () throws(TrainingError) in try TrainingConfiguration(lossTypes: []) }),
            ("loss_weights", { () throws(TrainingError) in try TrainingConfiguration(lossWeights: [1, 2]) }),
        ]
        for (name, make) in faults {
            let error = #expect(throws: TrainingError.self) { try make() }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.hasPrefix(name) == true, "\(error?.message ?? "no error") should name \(name)")
        }
    }

    @Test func `names are those of the configuration file`() throws {
        #expect(try ReferencePolicy(named: "round_start") == .roundStart)
        #expect(try LearningRateSchedule(named: "cosine") == .cosine)
        #expect(try TrainingConfiguration.Algorithm(named: "dpo") == .dpo)
        #expect(throws: TrainingError.self) { try ReferencePolicy(named: "roundStart") }
        #expect(try LearningRateSchedule(named: "cosine_with_min_lr") == .cosineWithMinLR)
        #expect(throws: TrainingError.self) { try LearningRateSchedule(named: "cosinus") }
        #expect(throws: TrainingError.self) { try TrainingConfiguration.Algorithm(named: "dqn") }
    }
}
