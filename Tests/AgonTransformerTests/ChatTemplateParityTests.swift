import Foundation
import Testing

@testable import AgonTransformer

/// The Swift side of `Tests/Parity/templates.py`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["AGON_PARITY_TEMPLATES"] != nil))
struct ChatTemplateParityTests {
    @Test func everyCaseIsComparedWithTransformers() throws {
        let folder = try #require(ProcessInfo.processInfo.environment["AGON_PARITY_TEMPLATES"])
        var lines: [String] = []
        for example in try ChatCase.read("\(folder)/cases.jsonl") {
            let (isEqual, outcome) = example.compare()
            let line = ["equal": isEqual, "outcome": outcome] as [String: Any]
            lines.append(String(decoding: try JSONSerialization.data(withJSONObject: line), as: UTF8.self))
        }
        try lines.joined(separator: "\n").write(toFile: "\(folder)/results.jsonl", atomically: true, encoding: .utf8)
    }
}
