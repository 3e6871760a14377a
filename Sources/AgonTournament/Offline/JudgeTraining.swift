import AgonAgents
import AgonCore
import AgonJudging
import AgonRatings
import AgonStore
public import AgonTraining
import AgonTransformer
import Foundation

/// A reward model made of preferences by the Bradley–Terry loss, and measured on prompts that it did not see.
public struct JudgeTraining: Sendable {
    /// A pair as the model reads it, and which prompt it belongs to.
    struct Item: Sendable {
        var pair: RewardPair
        var prompt: Int
    }

    let options: JudgeTrainingOptions
    let model: ModelFolder
    let start: Parameters
    let kernels: Kernels
    /// What the steps see, and what they do not.
    private(set) var training: [Item] = []
    private(set) var heldOut: [Item] = []
    /// Pairs that teach nothing: sides that are the same, or as probable as not.
    private(set) var undecidedCount = 0
    /// Pairs that the model cannot read: foreign characters, or more tokens than it has positions.
    private(set) var unreadableCount = 0

    /// Loads the base, reads all pairs and sets those of some prompts apart.
    /// - Throws: `AgentError`, `StoreError`, `TransformerError` or `TournamentError`, one sentence naming the file.
    public init(_ options: JudgeTrainingOptions) throws {
        self.options = options
        kernels = try Kernels.current
        guard options.replaces || !FileManager.default.fileExists(atPath: options.judge) else {
            throw TournamentError(.configuration, "\(options.judge) exists already and is left as it is: choose another name, or say --replace.")
        }
        let folder = FileManager.default.fileExists(atPath: options.base + "/judge.yaml")
            ? try JudgeConfiguration(folder: options.base).model : options.base
        let base = try ModelFolder.load(folder)
        start = base.config.head == .score
            ? base.parameters
            : try RewardTraining.scoreModel(from: base.parameters, seed: Seed(run: options.seed).child(.judge, 0).value)
        model = try base.replacing(start)
        try read(try model.chatTemplate())
        guard !training.isEmpty else {
            throw TournamentError(
                .configuration,
                "\(options.source.name) has no pair to train on: \(undecidedCount) decide nothing, \(unreadableCount) cannot be read by \(folder), \(heldOut.count) are held out.")
        }
    }

    private mutating func read(_ template: ChatTemplate?) throws {
        switch options.source {
        case .file(let path):
            _ = try PairImport(path: path).forEachPair { record, _ in take(record, template) }
        case .database(let path, let filter):
            try ArenaStore.readOnly(path: path).forEachPair(filter) { pair in
                take(
                    PairRecord(
                        prompt: .text(pair.prompt), chosen: .text(pair.chosen.text), rejected: .text(pair.rejected.text),
                        preference: pair.label), template)
            }
        }
    }

    /// A prompt's hash alone decides on which side it is, so that no prompt is on both.
    private mutating func take(_ record: PairRecord, _ template: ChatTemplate?) {
        guard record.preference != 0.5 else { return undecidedCount += 1 }
        func tokens(_ answer: PairText) -> [Int32]? {
            RewardModel.tokens(
                prompt: record.prompt.messages(role: "user"), plainPrompt: record.prompt.plain, answer: answer.plain,
                tokenizer: model.tokenizer, config: model.config, chatTemplate: template)
        }
        guard let one = tokens(record.chosen), let other = tokens(record.rejected) else { return unreadableCount += 1 }
        guard one != other else { return undecidedCount += 1 }
        let isStraight = record.preference > 0.5
        let item = Item(
            pair: RewardPair(chosen: isStraight ? one : other, rejected: isStraight ? other : one, margin: isStraight ? record.margin : 0),
            prompt: Prompt(id: record.prompt.json.json, text: "").cluster)
        var generator = SeededGenerator(Seed(run: 0x6865_6C64).child(.prompt, item.prompt))
        if generator.unit() < options.heldOutShare { heldOut.append(item) } else { training.append(item) }
    }

    var stepCount: Int { options.epochCount * ((training.count + options.batchSize - 1) / options.batchSize) }

    /// Trains, measures and writes the judge's folder, whole or not at all.
    /// - Throws: as `RewardTraining.run`; `TransformerError` where the disk refuses.
    public func run(threads: Int, progress: @escaping ProgressCallback = { _ in }) throws -> JudgeReport {
        let root = Seed(run: options.seed)
        let perEpoch = stepCount / options.epochCount
        let steps = try StepConfiguration(
            stepCount: stepCount, learningRate: options.learningRate, schedule: .cosine,
            warmupSteps: Int(options.warmupShare * Double(stepCount)), weightDecay: options.weightDecay)
        var order: (epoch: Int, indices: [Int]) = (-1, [])
        let outcome = try RewardTraining.run(
            start, loss: RewardLoss(centerCoefficient: options.centerCoefficient), configuration: steps,
            seed: root.child(.judge, 1), threads: threads, kernels: kernels, progress: progress
        ) { step, _ in
            if order.epoch != step / perEpoch {
                var generator = SeededGenerator(root.child(.judge, 2).child(.shuffle, step / perEpoch))
                order = (step / perEpoch, generator.shuffled(Array(training.indices)))
            }
            let first = step % perEpoch * options.batchSize
            return order.indices[first..<min(first + options.batchSize, training.count)].map { training[$0].pair }
        }
        let before = try odds(start, threads: threads)
        let after = try odds(outcome.parameters, threads: threads)
        let report = JudgeReport(self, metrics: outcome.metrics, before: before, after: after)
        try write(outcome.parameters, report)
        return report
    }

    /// By how much the model scores the chosen side of each held-out pair higher.
    private func odds(_ parameters: Parameters, threads: Int) throws -> [Double] {
        let scores = try Transformer(parameters, kernels: kernels)
            .scores(of: heldOut.flatMap { [$0.pair.chosen, $0.pair.rejected] }, threads: threads).map(Double.init)
        return heldOut.indices.map { scores[2 * $0] - scores[2 * $0 + 1] }
    }

    private func write(_ parameters: Parameters, _ report: JudgeReport) throws {
        let trained = try model.replacing(parameters)
        let text = """
            kind: reward_model
            description: \(YAMLText.quoted("Trained on \(training.count) pairs of \((options.source.name as NSString).lastPathComponent)."))
            model: model

            """ + (report.temperature.map { "temperature: \($0)\n" } ?? "")
        let json = Array(try JSONText.text(report).utf8)
        try DurableFile.writeFolder(to: options.judge) { (folder) throws(TransformerError) in
            try trained.save(to: folder + "/model")
            try DurableFile.write(Array(text.utf8), to: folder + "/judge.yaml")
            try DurableFile.write(json, to: folder + "/training.json")
        }
    }
}
