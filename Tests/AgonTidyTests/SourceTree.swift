import Foundation

/// The repository's own files.
enum SourceTree {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// A text file, by its path from the root.
    struct File: Sendable {
        let path: String
        let text: String

        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
        /// The file's code without comments and strings, line by line.
        var code: [String] { SourceTree.code[path]?.lines.map { String($0) } ?? [] }
        /// The folder under `Sources` or `Tests`.
        var module: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
    }

    /// Text files with one of the extensions below some folders, sorted; folders whose names begin with a dot and
    /// copied fixtures are left out.
    static func files(below folders: [String], extensions: Set<String>) -> [File] {
        folders.flatMap { folder -> [File] in
            let base = folder.isEmpty ? root : "\(root)/\(folder)"
            let names = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
            return names.sorted().compactMap { name in
                let parts = name.split(separator: "/")
                guard !parts.contains(where: { $0.hasPrefix(".") || $0 == "Fixtures" || $0 == "__pycache__" }),
                    extensions.contains((name as NSString).pathExtension),
                    let text = try? String(contentsOfFile: "\(base)/\(name)", encoding: .utf8)
                else { return nil }
                return File(path: folder.isEmpty ? name : "\(folder)/\(name)", text: text)
            }
        }
    }

    /// Everything that people wrote: code, tests, documents, configuration.
    static let written = files(
        below: ["Sources", "Tests", "agents", "arenas", "judges", "pretraining", "docs", "Benchmarks", "leaderboard/queries"],
        extensions: ["swift", "c", "h", "py", "sh", "md", "yaml", "yml", "sql"])
        + ["README.md", "CHANGELOG.md", "Makefile", "Package.swift", ".ci/run", "leaderboard/README.md", "leaderboard/schema.sql"]
        .compactMap { path in file(path) }

    static let swift = files(below: ["Sources", "Tests"], extensions: ["swift"])
    static let sources = swift.filter { $0.path.hasPrefix("Sources/") }

    /// The code in Swift and C files, by path: each is scanned once for all tests.
    static let code: [String: CodeText] = Dictionary(
        uniqueKeysWithValues: files(below: ["Sources", "Tests"], extensions: ["swift", "c", "h"])
            .map { ($0.path, CodeText($0.text)) })

    static func file(_ path: String) -> File? {
        (try? String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)).map { File(path: path, text: $0) }
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(path)") }
}
