import AgonCore
import AgonTraining
import AgonTransformer
import Foundation
import Testing

/// The small Llama of the golden files.
enum GoldenModel {
    private struct Line: Decodable {
        let prompt, chosen, rejected: [Int32]

        enum CodingKeys: String, CodingKey {
            case prompt = "prompt_ids"
            case chosen = "chosen_ids"
            case rejected = "rejected_ids"
        }
    }

    static func policy() throws -> Parameters { try ModelFolder.loadParameters(Fixture.url("policy-tied").path) }
    static func reference() throws -> Parameters { try ModelFolder.loadParameters(Fixture.url("ref-tied").path) }

    /// The sixteen pairs, in file order.
    static func pairs() throws -> [TrainingPair] {
        try Fixture.lines(Line.self, "pairs.jsonl").map {
            TrainingPair(
                chosen: TokenSequence(prompt: $0.prompt, completion: $0.chosen),
                rejected: TokenSequence(prompt: $0.prompt, completion: $0.rejected))
        }
    }

    /// A file of tensors in the layout of the golden model.
    static func tensors(_ name: String) throws -> Parameters {
        let parameters = Parameters(zeros: try policy().config)
        let file = try SafetensorsFile(path: Fixture.url(name).path)
        for tensor in file.tensors {
            let memory = try #require(parameters[tensor.name])
            try file.read(tensor, into: memory)
        }
        return parameters
    }
}
