import Foundation
import Testing

@testable import AgonTransformer

/// A folder that a test may fill; removed with the value.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "agon-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    func write(_ text: String, _ name: String) throws { try write(Array(text.utf8), name) }

    func read(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }
}

/// A file of this target's fixtures.
func fixture(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/" + name
}

/// A safetensors file with any header text and data.
func safetensorsBytes(_ header: String, data: Int = 0, claimedLength: UInt64? = nil) -> [UInt8] {
    let length = claimedLength ?? UInt64(header.utf8.count)
    return withUnsafeBytes(of: length.littleEndian) { [UInt8]($0) } + Array(header.utf8)
        + [UInt8](repeating: 0, count: data)
}

/// The sentence of the error that the closure throws; empty where it throws none.
func sentence(_ body: () throws -> Void) -> String {
    do {
        try body()
        return ""
    } catch {
        return "\(error)"
    }
}
