import Foundation

/// Files beside the tests. Their README says which tools made them.
enum Fixture {
    static func url(_ name: String) -> URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/\(name)")
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: url(name)))
    }

    /// One value per line.
    static func lines<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> [Value] {
        try String(contentsOf: url(name), encoding: .utf8).split(separator: "\n")
            .map { try JSONDecoder().decode(type, from: Data($0.utf8)) }
    }
}

/// Whether two numbers agree to a relative and an absolute tolerance.
func isClose(_ left: Double, _ right: Double, relative: Double = 1e-5, absolute: Double = 1e-6) -> Bool {
    abs(left - right) <= absolute + relative * abs(right)
}

/// A line of `logps-tied.jsonl`.
struct GoldenLogProbs: Decodable {
    let policyChosen, policyRejected, referenceChosen, referenceRejected: Double
    let chosenTokens, rejectedTokens: Int

    enum CodingKeys: String, CodingKey {
        case policyChosen = "policy_chosen_logps"
        case policyRejected = "policy_rejected_logps"
        case referenceChosen = "ref_chosen_logps"
        case referenceRejected = "ref_rejected_logps"
        case chosenTokens = "chosen_tokens"
        case rejectedTokens = "rejected_tokens"
    }
}

/// A string or a list of strings, as `loss_type` may be.
struct OneOrMany: Decodable {
    let values: [String]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        values = try (try? container.decode([String].self)) ?? [container.decode(String.self)]
    }
}
