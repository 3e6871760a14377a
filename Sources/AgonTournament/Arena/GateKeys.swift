import AgonAgents
import AgonRatings

/// The keys of sequential tests, in the words of chess engines' testers.
enum SequentialKeys {
    static let keys = [
        Key("elo0", .number(-1000...1000, default: 0), unit: "Elo", "The difference that is not worth it."),
        Key("elo1", .number(-1000...1000, default: 20), unit: "Elo", "The difference that is; greater than elo0."),
        Key("alpha", .number(0.000001...0.499, default: 0.05), unit: "probability", "How often elo0 may be taken for elo1."),
        Key("beta", .number(0.000001...0.499, default: 0.05), unit: "probability", "How often elo1 may be taken for elo0."),
    ]

    static func read(_ reader: ConfigurationReader) throws -> SequentialTest {
        let (low, high) = (try reader.number("elo0"), try reader.number("elo1"))
        guard low < high else { throw reader.error("elo1", "`elo1` is \(high), it must be greater than `elo0`, which is \(low).") }
        return try SequentialTest(
            elo0: low, elo1: high, alpha: try reader.number("alpha"), beta: try reader.number("beta"),
            result: MatchResult(pairs: [0, 0, 0, 0, 0]))
    }
}

/// The keys of `gate`.
enum GateKeys {
    static let section = Section(
        "gate",
        [
            Key("prompts", .integer(0...100_000, default: 64), unit: "prompts", "Prompts or openings, set apart for this alone, on which a new version meets its parent; in games all sides are played. 0 opens the gate. With `elo1` or one of its like: the most that the test may use, 512 where it is left out."),
            Key("min_score", .number(0...1, default: 0.5), unit: "share", "The least score against the parent with which the new version is promoted. A version whose 95 % interval lies below one half is never promoted."),
        ] + SequentialKeys.keys)

    /// The most prompts of a sequential test where the file does not say.
    private static let sequentialPromptCount = 512

    static func read(_ reader: ConfigurationReader) throws -> Gate {
        guard SequentialKeys.keys.contains(where: { reader.has($0.name) }) else {
            return .fixed(promptCount: try reader.integer("prompts"), minScore: try reader.number("min_score"))
        }
        try reader.refuse(["min_score"], belongingTo: "a gate of a fixed number of prompts, and elo0, elo1, alpha and beta make it a sequential test")
        let count = reader.has("prompts") ? try reader.integer("prompts") : sequentialPromptCount
        guard count > 0 else { throw reader.error("prompts", "a sequential test needs prompts: give 1 or more, or remove elo0, elo1, alpha and beta.") }
        return .sequential(try SequentialKeys.read(reader), maxPromptCount: count)
    }
}
