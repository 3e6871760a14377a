public import AgonAgents
import AgonTransformer
import Foundation

/// What `agon pretrain FILE` makes from nothing: a base model or a judge that has watched a mixed crowd.
public struct PretrainingConfiguration: Sendable {
    /// What the crowd does.
    public enum Corpus: Sendable, Hashable {
        /// Plays a game, a share of its moves perfect and the others random.
        case game(String, skill: Double)
        /// Answers a task's prompts, a share of the answers right and the others plausible mistakes.
        case task(String, right: Double)
    }

    /// Sizes of the model, under the names of Hugging Face's `config.json`.
    public struct ModelShape: Sendable, Hashable {
        public var hiddenSize: Int
        public var layerCount: Int
        public var headCount: Int
        public var keyValueHeadCount: Int
        public var feedForwardSize: Int
        public var maxPositionCount: Int
    }

    /// The folder that is written, resolved.
    public var output: String
    /// A score head that learns which of two answers is right; otherwise a language model that imitates the crowd.
    public var isRewardModel: Bool
    public var corpus: Corpus
    public var shape: ModelShape
    public var stepCount: Int
    public var batchSize: Int
    public var learningRate: Double
    public var warmupStepCount: Int
    public var weightDecay: Double
    /// Steps between checkpoints; 0 for none.
    public var saveSteps: Int
    public var seed: UInt64
    public var file: String

    /// What batches are drawn from beside the seed, so that a checkpoint goes on with the same ones.
    var corpusText: String {
        let crowd = switch corpus {
        case .game(let name, let skill): "game \(name), skill \(skill)"
        case .task(let name, let right): "task \(name), right \(right)"
        }
        return "\(crowd), batch_size \(batchSize), max_position_embeddings \(shape.maxPositionCount)"
    }

    static let model = Section(
        "model",
        [
            Key("hidden_size", .integer(8...16_384, default: 96), "Width of the residual stream."),
            Key("num_hidden_layers", .integer(1...256, default: 3), "Decoder layers."),
            Key("num_attention_heads", .integer(1...256, default: 4), "Query heads; must divide hidden_size."),
            Key("num_key_value_heads", .integer(1...256, default: 4), "Key and value heads; must divide the query heads."),
            Key("intermediate_size", .integer(8...65_536, default: 256), "Width of the feed-forward layer."),
            Key("max_position_embeddings", .integer(4...1_000_000, default: 64), unit: "tokens", "The longest sequence."),
        ])

    /// The keys of a pretraining file.
    public static let section = Section(
        "",
        [
            Key("output", .text(default: nil), "The model folder to write, relative to this file."),
            Key("kind", .choice(["language", "reward_model"], default: "language"), "A base model for agents, or a judge."),
            Key("game", .text(default: ""), "The game that the crowd plays. Give one of `game` and `task`."),
            Key("task", .text(default: ""), "The task whose prompts the crowd answers."),
            Key("skill", .number(0...1, default: 0.5), unit: "share", "game: moves of the crowd that are perfect; the others are random."),
            Key("right", .number(0...1, default: 0.5), unit: "share", "task: answers of the crowd that are right; the others are plausible mistakes."),
            Key("model", .section(model), "The model's sizes."),
            Key("steps", .integer(1...10_000_000, default: 1000), unit: "steps", "Optimiser steps."),
            Key("batch_size", .integer(1...100_000, default: 128), unit: "sequences", "Sequences (reward_model: pairs) a step, drawn anew each time."),
            Key("learning_rate", .number(0...1, default: 2e-3), "AdamW step size at its peak; it then falls to zero along a cosine."),
            Key("warmup_steps", .integer(0...1_000_000, default: 50), unit: "steps", "Steps over which the step size rises from zero."),
            Key("weight_decay", .number(0...10, default: 0.01), "Pull of the weights towards zero, norms left out."),
            Key("save_steps", .integer(0...10_000_000, default: 0), unit: "steps", "Steps between checkpoints, from which a killed training goes on exactly when it is started again; they and a `metrics.jsonl` lie in a folder beside the output, `.training` behind its name. 0 writes neither. Changes no result."),
            Key("seed", .integer(0...Int.max, default: 1), "Decides first weights and corpus."),
        ])

    /// Reads and checks a pretraining file.
    /// - Throws: `AgentError`, one sentence naming file and line.
    public init(file: String) throws {
        let reader = try ConfigurationReader(file: file, section: PretrainingConfiguration.section)
        self.file = file
        output = ArenaConfiguration.path(try reader.text("output"), besides: file)
        isRewardModel = try reader.text("kind") == "reward_model"
        let (game, task) = (try reader.text("game"), try reader.text("task"))
        guard game.isEmpty != task.isEmpty else { throw reader.error("output", "give exactly one of `game` and `task`.") }
        corpus = game.isEmpty
            ? .task(task, right: try reader.number("right")) : .game(game, skill: try reader.number("skill"))
        if isRewardModel, task.isEmpty { throw reader.error("kind", "a reward_model learns from answers: give a `task`.") }
        let model = try reader.reader("model")
        shape = ModelShape(
            hiddenSize: try model.integer("hidden_size"), layerCount: try model.integer("num_hidden_layers"),
            headCount: try model.integer("num_attention_heads"),
            keyValueHeadCount: try model.integer("num_key_value_heads"),
            feedForwardSize: try model.integer("intermediate_size"),
            maxPositionCount: try model.integer("max_position_embeddings"))
        guard shape.hiddenSize % shape.headCount == 0, shape.hiddenSize / shape.headCount % 2 == 0 else {
            throw model.error("num_attention_heads", "\(shape.headCount) heads must divide hidden_size \(shape.hiddenSize) into even parts.")
        }
        guard shape.headCount % shape.keyValueHeadCount == 0 else {
            throw model.error("num_key_value_heads", "\(shape.keyValueHeadCount) key/value heads must divide the \(shape.headCount) query heads.")
        }
        stepCount = try reader.integer("steps")
        batchSize = try reader.integer("batch_size")
        learningRate = try reader.number("learning_rate")
        warmupStepCount = try reader.integer("warmup_steps")
        weightDecay = try reader.number("weight_decay")
        saveSteps = try reader.integer("save_steps")
        seed = UInt64(try reader.integer("seed"))
    }
}
