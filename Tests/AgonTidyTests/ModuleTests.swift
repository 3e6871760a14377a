import Testing

/// The target list is the architecture: imports go one way, and each library outside is seen by one module.
@Suite struct ModuleTests {
    /// What each module may import, in the order of the story.
    private static let allowed: [(module: String, imports: Set<String>)] = [
        ("AgonCore", []),
        ("AgonGames", ["AgonCore"]),
        ("AgonScheduling", ["AgonCore"]),
        ("AgonJudging", ["AgonCore"]),
        ("AgonRatings", ["AgonCore", "Foundation"]),
        ("AgonAudit", ["AgonCore", "Foundation"]),
        ("AgonProof", ["AgonCore", "Crypto", "Foundation"]),
        ("CKernels", []),
        ("AgonTransformer", ["AgonCore", "CKernels", "Dispatch", "Foundation", "Synchronization"]),
        ("AgonTraining", ["AgonCore", "AgonTransformer", "Dispatch", "Foundation", "Synchronization"]),
        ("CSandbox", []),
        ("AgonConnections", ["AgonCore", "CSandbox", "Dispatch", "Foundation", "FoundationNetworking", "Synchronization"]),
        (
            "AgonAgents",
            [
                "AgonCore", "AgonGames", "AgonJudging", "AgonTransformer", "AgonTraining", "AgonConnections", "Foundation",
                "Yams",
            ]
        ),
        ("AgonStore", ["AgonCore", "Foundation", "GRDB"]),
        (
            "AgonTournament",
            [
                "AgonCore", "AgonGames", "AgonScheduling", "AgonJudging", "AgonRatings", "AgonAudit", "AgonTransformer",
                "AgonTraining", "AgonAgents", "AgonStore", "AgonProof", "Crypto", "Dispatch", "Foundation", "Synchronization",
            ]
        ),
        (
            "agon",
            [
                "AgonCore", "AgonAgents", "AgonStore", "AgonTraining", "AgonTransformer", "AgonTournament", "ArgumentParser",
                "Dispatch", "Foundation", "Synchronization",
            ]
        ),
    ]

    private static func imports(_ file: SourceTree.File) -> [String] {
        file.code.compactMap { line in
            guard line.utf8.count < 200, line.contains("import ") else { return nil }
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), place + 1 < words.count,
                words[..<place].allSatisfy({ $0.hasPrefix("@") || ["public", "package", "internal"].contains($0) })
            else { return nil }
            return String(words[words.count - 1])
        }
    }

    @Test("every module imports only what the table allows")
    func table() throws {
        #expect(Set(SourceTree.sources.map(\.module)).union(["CKernels", "CSandbox"]) == Set(Self.allowed.map(\.module)))
        for (module, allowed) in Self.allowed {
            for file in SourceTree.sources where file.module == module {
                for name in Self.imports(file) where !allowed.contains(name) {
                    Issue.record("\(file.path) imports \(name), which \(module) must not know: move the line, not the import")
                }
            }
        }
        for (index, row) in Self.allowed.enumerated() {
            let below = Set(Self.allowed[..<index].map(\.module))
            let own = row.imports.filter { $0.hasPrefix("Agon") || ["CKernels", "CSandbox"].contains($0) }
            #expect(own.isSubset(of: below), "\(row.module) imports upwards")
        }
    }

    @Test("Package.swift lists the modules in the order of the story, and its dependencies are those of the table")
    func package() throws {
        let text = try #require(SourceTree.file("Package.swift")).text
        var names: [String] = []
        for part in text.split(separator: "arget(").dropFirst() {
            guard let start = part.firstRange(of: "name: \"")?.upperBound else { continue }
            let name = String(part[start...].prefix { $0 != "\"" })
            guard let row = Self.allowed.first(where: { $0.module == name }) else { continue }
            names.append(name)
            let list = part.firstRange(of: "dependencies: [").map { part[$0.upperBound...] } ?? ""
            let quoted = list.prefix { $0 != "]" }.split(separator: "\"", omittingEmptySubsequences: false)
            let dependencies = quoted.indices.filter { $0 % 2 == 1 }.map { String(quoted[$0]) }
            for dependency in dependencies where dependency.hasPrefix("Agon") || ["CKernels", "CSandbox"].contains(dependency) {
                #expect(row.imports.contains(dependency), "\(name) depends on \(dependency)")
            }
        }
        #expect(names == Self.allowed.map(\.module))
    }

    @Test("every conformer of a protocol with laws is named in a law test")
    func laws() {
        let tests = SourceTree.swift.filter { $0.path.hasPrefix("Tests/") && $0.path.contains("Law") }.map(\.text).joined()
        let protocols: Set<Substring> = ["Policy", "Judge", "Scheduler", "Game", "PromptSource"]
        var count = 0
        for file in SourceTree.sources {
            for line in file.code {
                let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
                guard let place = words.firstIndex(where: { ["struct", "class", "actor", "enum"].contains($0) }),
                    line.contains(":"), place + 2 < words.count, words[(place + 2)...].contains(where: protocols.contains)
                else { continue }
                count += 1
                #expect(tests.contains("\(words[place + 1])"), "\(file.path): \(words[place + 1]) has no test of its laws")
            }
        }
        #expect(count >= 10)
    }
}
