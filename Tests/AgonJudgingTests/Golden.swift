import AgonCore
import Foundation

/// The values that `Fixtures/golden.py` made.
struct Golden: Decodable {
    var votes: [[Verdict]]
    var truth: [Verdict?]
    /// By the judges' columns: "01".
    var kappas: [String: Double]
    var alpha: Double
    var tieRate: Double
    /// Per judge: right, wrong, tie, tie on tie.
    var skills: [[Double]]
    /// Per item: first, second, tie.
    var beliefs: [[Double]]
    var scores: [Double]
    var lengths: [Int]
    var pearson: Double
    var spearman: Double

    static func read() throws -> Golden {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
        return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: folder.appendingPathComponent("golden.json")))
    }

    /// One room of two seats for each row of votes.
    func rooms() throws -> [RoomResult] {
        try votes.enumerated().map { index, row in
            var result = try decided(["a", "b"], [.void], in: room(["a", "b"], index: index))
            result.votes = row.enumerated().map { judge, verdict in
                Vote(judge: JudgeID(name: "j\(judge)"), first: 0, second: 1, verdict: verdict)
            }
            return result
        }
    }
}
