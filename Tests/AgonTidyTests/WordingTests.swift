import Testing

/// Words that have no place in finished code, and words that must be there.
@Suite struct WordingTests {
    @Test("nothing is left to be done, and nothing ends the program on input")
    func unfinished() {
        let words = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK:"]
        for file in SourceTree.written {
            for (index, line) in file.lines.enumerated() where words.contains(where: line.contains) {
                Issue.record("\(file.path):\(index + 1): finish it or write an issue: \(line)")
            }
        }
        let fatal = ["try!", "fatalError(", "as!", "@preconcurrency public"]
        for file in SourceTree.sources {
            for (index, line) in file.code.enumerated() {
                for word in fatal where line.contains(word) {
                    Issue.record("\(file.path):\(index + 1): `\(word)` ends the program: throw, or state a precondition")
                }
            }
        }
    }

    @Test("unchecked sharing happens in the engine only, each with its reason")
    func safety() {
        let words = ["@unchecked Sendable", "nonisolated(unsafe)"]
        for file in SourceTree.sources {
            let code = file.code
            for index in code.indices where words.contains(where: code[index].contains) {
                let around = file.lines[max(0, index - 12)...min(index + 3, file.lines.count - 1)]
                #expect(around.contains { $0.contains("// Safety:") }, "\(file.path):\(index + 1) lacks `// Safety:`")
                #expect(["AgonTransformer", "AgonTraining"].contains(file.module), "\(file.path):\(index + 1)")
            }
        }
    }

    @Test("no path of one machine and no registry stands in any text")
    func places() {
        let words = [
            "/ho" + "me/", "/ro" + "ot/", "/Us" + "ers/", "/wo" + "rk/", "/op" + "t/", "py" + "pi.org", "crates" + ".io",
            "npm" + "js", "proxy.gol" + "ang", "Documents and " + "Settings",
        ]
        for file in SourceTree.written {
            for (index, line) in file.lines.enumerated() {
                for word in words where line.contains(word) {
                    Issue.record("\(file.path):\(index + 1): `\(word)` belongs to one machine or registry")
                }
            }
        }
    }

    /// Functions that some protocol asks for, with the lines on which it asks.
    private static func requirements(_ file: SourceTree.File) -> [(name: Substring, line: Int)] {
        var isProtocol = false
        return file.code.enumerated().compactMap { index, line in
            let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
            if words.prefix(2).contains("protocol") { isProtocol = true } else if line.first == "}" { isProtocol = false }
            guard isProtocol, let place = words.firstIndex(where: { $0 == "func" || $0 == "var" }), place + 1 < words.count
            else { return nil }
            return (words[place + 1], index)
        }
    }

    @Test("every public type and function has a doc comment, its own or that of the protocol which asks for it")
    func documentation() {
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "actor", "func", "typealias"]
        var required: Set<Substring> = ["hash", "encode", "description"]
        for file in SourceTree.sources {
            for (name, line) in Self.requirements(file) {
                required.insert(name)
                let hasComment = Self.isDocumented(file.lines, line) || ["id", "name"].contains(name)
                #expect(hasComment, "\(file.path):\(line + 1): no doc comment: \(name)")
            }
        }
        for file in SourceTree.sources {
            for (index, line) in file.code.enumerated() {
                let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
                guard words.prefix(2).contains("public"), let place = words.prefix(5).firstIndex(where: kinds.contains),
                    place + 1 < words.count, !Self.isDocumented(file.lines, index)
                else { continue }
                let isOperator = words[place] == "func" && ["==", "<"].contains(where: line.contains)
                if isOperator || (words[place] == "func" && required.contains(words[place + 1])) { continue }
                Issue.record("\(file.path):\(index + 1): no doc comment: \(words.joined(separator: " "))")
            }
        }
    }

    private static func isDocumented(_ lines: [Substring], _ index: Int) -> Bool {
        for line in lines[..<index].reversed() {
            let text = line.drop(while: \.isWhitespace)
            if text.hasPrefix("///") { return true }
            if !(text.hasPrefix("@") || text.hasPrefix("//")) { return false }
        }
        return false
    }
}
