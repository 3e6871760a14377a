import Foundation
import Testing

/// Texts that commands print, committed as fixtures. `AGON_WRITE_SNAPSHOTS=1 swift test --filter AgonCLITests` writes
/// them anew; the difference is then read in the commit.
enum Snapshot {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")

    /// Compares a text with `Fixtures/NAME.txt`, run hashes and seconds of wall clock left out.
    static func expect(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let file = folder.appendingPathComponent(name + ".txt")
        let seen = text.replacing(#/-(\d+)-[0-9a-f]{8}\b/#) { "-\($0.1)-HASH" }
            .replacing(#/ · [0-9.]+ s\n/#, with: " · SECONDS\n")
        if ProcessInfo.processInfo.environment["AGON_WRITE_SNAPSHOTS"] != nil {
            return try seen.write(to: file, atomically: true, encoding: .utf8)
        }
        let expected = try String(contentsOf: file, encoding: .utf8)
        #expect(seen == expected, "\(name).txt", sourceLocation: sourceLocation)
    }
}
