import AgonAgents
import AgonCore
import AgonGames
public import AgonTraining
import AgonTransformer

/// Makes a model from nothing, by letting it watch a crowd. Bit for bit the same on the same kernel path.
public struct Pretraining {
    public let configuration: PretrainingConfiguration
    private let crowd: Crowd
    private let tokenizer: Tokenizer
    let model: ModelConfig
    let kernels: Kernels

    /// Tokens that every model of ours begins its vocabulary with.
    static let specialTokens = ["<pad>", "<bos>", "<eos>"]

    /// - Throws: `AgentError` where the file names a game or task that does not exist; `TransformerError` where the
    ///   sizes make no model.
    public init(_ configuration: PretrainingConfiguration) throws {
        self.configuration = configuration
        kernels = try Kernels.current
        crowd = try Crowd(configuration)
        tokenizer = try Tokenizer.characters(crowd.alphabet, special: Pretraining.specialTokens)
        let shape = configuration.shape
        model = try ModelConfig(
            vocabularySize: tokenizer.idLimit, hiddenSize: shape.hiddenSize, layerCount: shape.layerCount,
            headCount: shape.headCount, keyValueHeadCount: shape.keyValueHeadCount,
            headSize: shape.hiddenSize / shape.headCount, feedForwardSize: shape.feedForwardSize, ropeTheta: 10_000,
            normEpsilon: 1e-5, tiesEmbeddings: true, maxPositionCount: shape.maxPositionCount, bosToken: 1,
            eosTokens: [2], padToken: 0, head: configuration.isRewardModel ? .score : .language)
    }

    /// Trains and writes the folder, going on from the last checkpoint where a training of this file was killed.
    /// - Returns: what the training measured.
    public func run(threads: Int, progress: @escaping ProgressCallback = { _ in }) throws -> [String: Double] {
        let seed = Seed(run: configuration.seed)
        let start = Parameters.initialised(model, seed: seed.child(.training, 0).value)
        let steps = try StepConfiguration(
            stepCount: configuration.stepCount, learningRate: configuration.learningRate,
            schedule: .cosine, warmupSteps: configuration.warmupStepCount, weightDecay: configuration.weightDecay,
            shardCount: 2)
        let corpus = seed.child(.training, 1)
        let folder = configuration.saveSteps > 0
            ? TrainingFolder(path: configuration.output + ".training", saveSteps: configuration.saveSteps) : nil
        let outcome: TrainingOutcome
        if configuration.isRewardModel {
            outcome = try RewardTraining.run(
                start, loss: RewardLoss(centerCoefficient: 0.01), configuration: steps, seed: corpus, threads: threads,
                kernels: kernels, folder: folder, corpus: configuration.corpusText, progress: progress
            ) { _, seed in try pairs(seed) }
        } else {
            outcome = try SupervisedTraining.run(
                start, configuration: steps, seed: corpus, threads: threads, kernels: kernels, folder: folder,
                corpus: configuration.corpusText, progress: progress
            ) { _, seed in try sequences(seed) }
        }
        try ModelFolder(parameters: outcome.parameters, tokenizer: tokenizer).save(to: configuration.output)
        try folder?.removeCheckpoint()
        return outcome.metrics
    }

    /// What a language model watches: whole games, or answers after their prompts.
    private func sequences(_ seed: Seed) throws -> [TokenSequence] {
        switch crowd {
        case .game(let crowd, _):
            try crowd.transcripts(count: configuration.batchSize, seed: seed).map { transcript in
                TokenSequence(prompt: [1], completion: try tokenizer.encode(transcript, addSpecialTokens: false))
            }
        case .task(let task, let answers):
            try TaskSource(task: task).prompts(.training, count: configuration.batchSize, seed: seed).enumerated().compactMap { index, prompt in
                guard let answer = answers.answer(to: prompt, seed: seed.child(.sample, index)) else { return nil }
                return TokenSequence(
                    prompt: [1] + (try tokenizer.encode(prompt.text, addSpecialTokens: false)),
                    completion: (try tokenizer.encode(answer, addSpecialTokens: false)) + [2])
            }
        }
    }

    /// What a judge watches: a right answer of the crowd over a wrong one.
    private func pairs(_ seed: Seed) throws -> [RewardPair] {
        guard case .task(let task, _) = crowd else { return [] }
        let (right, wrong) = (AnswerCrowd(task: task, right: 1), AnswerCrowd(task: task, right: 0))
        return TaskSource(task: task).prompts(.training, count: configuration.batchSize, seed: seed).enumerated().compactMap { index, prompt in
            let draw = seed.child(.sample, index)
            guard let chosen = right.answer(to: prompt, seed: draw), let rejected = wrong.answer(to: prompt, seed: draw) else { return nil }
            func read(_ answer: String) -> [Int32]? {
                RewardModel.tokens(prompt: prompt.text, answer: answer, tokenizer: tokenizer, config: model)
            }
            guard let high = read(chosen), let low = read(rejected) else { return nil }
            return RewardPair(chosen: high, rejected: low)
        }
    }

    /// The crowd that a file names.
    private enum Crowd {
        case game(GameCrowd, alphabet: String)
        case task(any PromptTask, AnswerCrowd)

        init(_ configuration: PretrainingConfiguration) throws {
            switch configuration.corpus {
            case .game(let name, let skill):
                guard let game = Games.named(name) else {
                    throw AgentError(.badValue, "\(configuration.file): there is no game `\(name)`: known are \(Games.names.joined(separator: ", ")).")
                }
                self = .game(GameCrowd(game: game, skill: skill), alphabet: game.alphabet)
            case .task(let name, let right):
                guard let task = PromptTasks.named(name) else {
                    throw AgentError(.badValue, "\(configuration.file): there is no task `\(name)`: known are \(PromptTasks.names.joined(separator: ", ")).")
                }
                self = .task(task, AnswerCrowd(task: task, right: right))
            }
        }

        var alphabet: String {
            switch self {
            case .game(_, let alphabet): alphabet
            case .task(let task, _): task.alphabet
            }
        }
    }
}
