import Testing

/// What the documents tell people to type or to open is there.
@Suite struct DocumentTests {
    private static let documents = SourceTree.written.filter { $0.path.hasSuffix(".md") }

    /// Names after `commandName:` in the program's sources.
    private static let commands: Set<Substring> = {
        var names: Set<Substring> = []
        for file in SourceTree.sources where file.module == "agon" {
            for part in file.text.split(separator: "commandName: \"").dropFirst() { names.insert(part.prefix { $0 != "\"" }) }
        }
        return names
    }()

    /// Names of the Makefile's rules.
    private static let targets: Set<Substring> = Set(
        (SourceTree.file("Makefile")?.lines ?? []).filter { !$0.hasPrefix("\t") && !$0.contains("=") }
            .flatMap { $0.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).count > 1 ? $0.prefix { $0 != ":" }.split(separator: " ") : [] })

    /// Lines of code blocks, and code between backticks.
    private static func code(_ file: SourceTree.File) -> [Substring] {
        var isBlock = false
        return file.lines.flatMap { line -> [Substring] in
            if line.hasPrefix("```") {
                isBlock.toggle()
                return []
            }
            if isBlock { return [line] }
            let parts = line.split(separator: "`", omittingEmptySubsequences: false)
            return parts.indices.filter { $0 % 2 == 1 }.map { parts[$0] }
        }
    }

    /// A command line's words, without its comment.
    private static func words(_ line: Substring) -> [Substring] {
        (line.firstRange(of: " #").map { line[..<$0.lowerBound] } ?? line).split(separator: " ")
    }

    @Test("every `agon` and `make` line of the documents names a command or a target that exists")
    func commands() {
        #expect(Self.commands.isSuperset(of: ["agon", "run", "report", "check", "pretrain"]))
        #expect(Self.targets.isSuperset(of: ["arena", "test", "check"]))
        var count = 0
        for file in Self.documents where !file.path.hasPrefix("docs/") {
            for line in Self.code(file) {
                let words = Self.words(line)
                guard let program = words.first, words.count > 1, words[1].first?.isLetter == true else { continue }
                if program == "agon" || program.hasSuffix("/agon") {
                    count += 1
                    #expect(Self.commands.contains(words[1]), "\(file.path): \(line)")
                } else if program == "make" {
                    count += 1
                    #expect(Self.targets.contains(words[1]), "\(file.path): \(line)")
                }
            }
        }
        #expect(count >= 6)
    }

    @Test("every path in the documents leads somewhere")
    func paths() {
        let places = ["agents/", "arenas/", "judges/", "pretraining/", "Sources/", "Tests/", "docs/", "Benchmarks/", "leaderboard/"]
        var count = 0
        for file in Self.documents where !file.path.hasPrefix("docs/") && file.path != "CHANGELOG.md" {
            // What an example makes: the last word of a copy.
            let lines = Self.code(file)
            let made = Set(lines.map(Self.words).filter { $0.first == "cp" }.compactMap(\.last))
            for word in lines.flatMap(Self.words) {
                let path = word.prefix { $0.isLetter || $0.isNumber || "/-_.".contains($0) }
                guard places.contains(where: path.hasPrefix), !path.contains("NAME"), !path.contains("ARENA"),
                    !made.contains(where: path.hasPrefix), !path.contains("RUN"), path.count == word.count
                else { continue }
                // Reports, databases and versions appear with the first run.
                if path.hasPrefix("leaderboard/"), !path.hasPrefix("leaderboard/queries"), !path.hasSuffix("schema.sql") { continue }
                count += 1
                #expect(SourceTree.exists(String(path)), "\(file.path): \(path)")
            }
        }
        #expect(count >= 8)
    }
}
