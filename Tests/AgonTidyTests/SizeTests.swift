import Testing

/// No file over 400 lines, no function over 70.
@Suite struct SizeTests {
    private static let code = SourceTree.files(below: ["Sources", "Tests", "Benchmarks"], extensions: ["swift", "c", "h", "py", "sh"])

    @Test("no file of code has more than 400 lines")
    func files() {
        #expect(Self.code.count > 150)
        for file in Self.code where file.lines.count > 401 {
            Issue.record("\(file.path) has \(file.lines.count - 1) lines: split it by concern")
        }
    }

    @Test("no function has more than 70 lines")
    func functions() {
        var count = 0
        for file in Self.code {
            guard let code = SourceTree.code[file.path] else { continue }
            let bodies = file.path.hasSuffix(".swift") ? code.swiftBodies : code.blocksAtMargin
            count += bodies.count
            for body in bodies where body.lineCount > 70 {
                Issue.record("\(file.path):\(body.first): \(body.name) has \(body.lineCount) lines: split it")
            }
        }
        #expect(count > 1000)
    }

    /// What the scanner must not stumble over.
    private static let sample = #"""
        struct A {
            var stored = [1: "}"] // {
            var computed: Int { 1 }
            var long: String {
                "a \(stored.map { "\($0) }" }.joined(separator: ")")) {"
            }
            /* { /* nested { */ { */
            init(
                a: Int = 1,
                b: () -> Void = {}
            ) {
                text = """
                    { "quoted" \
                    } }
                    """
            }
            func one() -> Int { 2 }
            public static func two(
                x: Int
            ) throws
                -> Int
            {
                func inner() {
                    if x > 1 { return }
                }
                return #"\("#.count
            }
        }
        protocol B {
            func none() -> Int
            var none: Int { get }
        }
        """#

    @Test("the scanner finds bodies through strings, comments, closures and signatures of several lines")
    func scanner() {
        let bodies = CodeText(Self.sample).swiftBodies.map { "\($0.name) \($0.first)-\($0.last)" }
        #expect(bodies == [
            "computed 3-3", "long 4-6", "init 8-16", "one 17-17", "two 18-27", "inner 23-25", "none 31-31",
        ])
        let c = "static int f(int a) {\n    if (a) {\n    }\n}\nint x = (1);\nstruct s {\n};\n"
        #expect(CodeText(c).blocksAtMargin.map { [$0.first, $0.last] } == [[1, 4]])
    }
}
