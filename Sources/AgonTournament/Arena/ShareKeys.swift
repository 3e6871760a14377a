import AgonAgents
import AgonTraining

/// The keys of `share`.
enum ShareKeys {
    static let section = Section(
        "share",
        [
            Key("local", .integer(0...1_000_000, default: 0), unit: "pairs", "How many pairs of each training batch hold an answer of the learner's own."),
            Key("external", .integer(0...1_000_000, default: 0), unit: "pairs", "How many are between others' answers, which the learner reads as text, in its own tokens. `training.batch_size` is the sum of both; what fills no whole batch is left out. For `dpo`, `cpo`, `simpo` and `orpo`, on prompts."),
        ])

    /// - Returns: nil where nothing is shared.
    static func read(_ reader: ConfigurationReader, _ training: TrainingConfiguration) throws -> BatchMix? {
        guard reader.has("share") else { return nil }
        let share = try reader.reader("share")
        let (local, external) = (try share.integer("local"), try share.integer("external"))
        guard local + external > 0 else {
            throw share.error("local", "a batch of none holds nothing: give `local`, `external` or both.")
        }
        switch training.method {
        case .dpo, .cpo, .simpo, .orpo: break
        case .kto, .sft, .grpo, .ppo:
            throw reader.error("share", "`share` mixes preference pairs: use `training.algorithm: dpo`, `cpo`, `simpo` or `orpo`, or remove it.")
        }
        guard training.batchSize == local + external else {
            throw share.error("local", "\(local) and \(external) pairs make batches of \(local + external), and `training.batch_size` is \(training.batchSize): make them equal.")
        }
        guard training.evalShare == 0, training.maxLength == nil else {
            throw reader.error("share", "`training.eval_share` and `max_length` take pairs away, which `share` counts: remove one of them.")
        }
        try reader.reader("pairs").refuse(["from"], belongingTo: "arenas without `share`")
        return BatchMix(local: local, external: external)
    }
}
