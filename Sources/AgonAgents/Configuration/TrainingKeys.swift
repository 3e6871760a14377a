public import AgonTraining

/// The keys of an arena's `training:` section.
public enum TrainingKeys {
    public static let section = Section(
        "training",
        [
            Key("algorithm", .choice(["dpo"], default: "dpo"), "What turns wins and losses into a new version."),
            Key("loss_type", .list(default: ["sigmoid"]), "One or several of sigmoid, ipo, sft. `[sigmoid, sft]` is the NLL-regularised mix."),
            Key("loss_weights", .numbers(default: nil), "One weight per loss; without it all weigh 1."),
            Key("beta", .number(0.0001...1000, default: 0.1), "How strongly the loss holds the policy to its reference."),
            Key("learning_rate", .number(0...1, default: 2e-4), "AdamW step size at its peak."),
            Key("num_train_epochs", .integer(1...1000, default: 1), unit: "epochs", "How often an update sees each pair."),
            Key("batch_size", .integer(1...100_000, default: 32), unit: "pairs", "Pairs a step."),
            Key("max_grad_norm", .number(0...1_000_000, default: 1), "Gradients longer than this are shortened to it; 0 is off."),
            Key("adam_beta1", .number(0...0.9999, default: 0.9), "Decay of the mean of gradients."),
            Key("adam_beta2", .number(0...0.99999, default: 0.99), "Decay of the mean of squared gradients."),
            Key("weight_decay", .number(0...10, default: 0), "Pull of the weights towards zero, norms left out."),
            Key("lr_scheduler_type", .choice(["constant", "linear", "cosine"], default: "constant"), "How the step size falls within an update."),
            Key("warmup_steps", .integer(0...1_000_000, default: 0), unit: "steps", "Steps over which the step size rises from zero."),
            Key("reference", .choice(["round_start", "base"], default: "round_start"), "The policy that the loss compares with: the version that the round began with, or version 0."),
        ] + AdapterKeys.keys)

    /// Reads the section.
    /// - Throws: `AgentError` naming file and line.
    public static func read(_ reader: ConfigurationReader) throws -> TrainingConfiguration {
        do {
            guard let schedule = LearningRateSchedule(rawValue: try reader.text("lr_scheduler_type")) else {
                throw reader.error("lr_scheduler_type", "this schedule is not known.")
            }
            return try TrainingConfiguration(
                algorithm: .init(named: try reader.text("algorithm")),
                lossTypes: try reader.list("loss_type").map { name in try PreferenceLossType(named: name) },
                lossWeights: try reader.numbers("loss_weights"), beta: try reader.number("beta"),
                learningRate: try reader.number("learning_rate"), epochs: try reader.integer("num_train_epochs"),
                batchSize: try reader.integer("batch_size"), maxGradNorm: try reader.number("max_grad_norm"),
                adamBeta1: try reader.number("adam_beta1"), adamBeta2: try reader.number("adam_beta2"),
                weightDecay: try reader.number("weight_decay"), schedule: schedule,
                warmupSteps: try reader.integer("warmup_steps"),
                reference: try ReferencePolicy(named: try reader.text("reference")))
        } catch let error as TrainingError {
            let key = reader.has("loss_type") ? "loss_type" : "algorithm"
            throw AgentError(.badValue, "\(reader.place(key)): \(error.message)", underlying: error)
        }
    }
}
