import AgonTransformer
import Foundation

@testable import AgonTournament

/// A small agent, a small judge, and pairs of which the answer with more `a` is the better one.
enum OfflineProject {
    /// Ids 0 to 2 are `<pad>`, `<bos>` and `<eos>`.
    static func model(
        _ head: ModelConfig.Head = .language, alphabet: String = "0123456789=abc "
    ) throws -> ModelFolder {
        let tokenizer = try Tokenizer.characters(alphabet, special: ["<pad>", "<bos>", "<eos>"])
        let config = try ModelConfig(
            vocabularySize: tokenizer.idLimit, hiddenSize: 16, layerCount: 1, headCount: 2, feedForwardSize: 24,
            maxPositionCount: 32, bosToken: 1, eosTokens: [2], padToken: 0, head: head)
        return try ModelFolder(parameters: Parameters.initialised(config, seed: 3), tokenizer: tokenizer)
    }

    /// Writes `agents/mini` and `judges/taste`.
    static func make(in folder: PairFolder) throws {
        try model().save(to: folder.path + "/agents/mini/model")
        try folder.write("kind: transformer\nmodel: model\n", "agents/mini/agent.yaml")
        try model(.score).save(to: folder.path + "/judges/taste/model")
        try folder.write("kind: reward_model\n", "judges/taste/judge.yaml")
    }

    static func pairs(_ count: Int, perPrompt: Int = 1) -> String {
        (0..<count).map { index in
            let prompt = "\(index / perPrompt)="
            let (chosen, rejected) = (["aab", "aa", "aca"][index % 3], ["bbc", "b", "cbb"][index % 3])
            return "{\"prompt\": \"\(prompt)\", \"chosen\": \"\(chosen)\", \"rejected\": \"\(rejected)\"}\n"
        }.joined()
    }

    static func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }
}
