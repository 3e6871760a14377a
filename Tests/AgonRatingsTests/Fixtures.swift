import AgonCore
import Foundation

/// The golden values beside these tests.
enum Fixtures {
    static func text(_ name: String) throws -> String {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
        return try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
    }

    static func json<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text(name).utf8))
    }

    static func rows(_ name: String) throws -> [[String]] {
        try text(name).split(whereSeparator: \.isNewline).dropFirst().map { line in
            line.split(separator: ",").map(String.init)
        }
    }

    /// Rows of `a,b,winner`, each in a room and a cluster of its own.
    static func battles(_ name: String) throws -> [Match] {
        try rows(name).enumerated().map { index, row in
            Match(
                round: 1, room: index, cluster: index, first: PolicyID(agent: row[0], version: 0),
                second: PolicyID(agent: row[1], version: 0), score: ["a": 1, "b": 0][row[2]] ?? 0.5)
        }
    }
}

/// A number written as a string of 22 digits.
struct Exact: Decodable {
    var value: Double

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = Double(text) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: text))
        }
        self.value = value
    }
}

/// Version 0 of an agent.
func policy(_ agent: String, _ version: Int = 0) -> PolicyID { PolicyID(agent: agent, version: version) }

/// Matches of two agents: so many wins, draws and losses of the first, each in a cluster of its own.
func matches(
    _ first: PolicyID, _ second: PolicyID, wins: Int = 0, draws: Int = 0, losses: Int = 0, clustersFrom start: Int = 0
) -> [Match] {
    let scores =
        Array(repeating: 1.0, count: wins) + Array(repeating: 0.5, count: draws)
        + Array(repeating: 0.0, count: losses)
    return scores.enumerated().map { index, score in
        Match(round: 1, room: index, cluster: start + index, first: first, second: second, score: score)
    }
}
