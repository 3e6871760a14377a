import Foundation
import Testing

/// A project in a temporary folder, and the built `agon` to run in it. The folder goes with the value.
final class Project: Sendable {
    let folder: String

    /// What a command printed and how it ended.
    struct Outcome {
        var output: String
        var errors: String
        /// The exit code; minus the signal's number where a signal ended it.
        var code: Int32
    }

    /// - Parameter files: texts by path.
    init(_ files: [String: String] = Project.small) throws {
        folder = NSTemporaryDirectory() + "agon-cli-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (path, text) in files { try write(text, to: path) }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func write(_ text: String, to path: String) throws {
        let url = URL(fileURLWithPath: folder + "/" + path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: true, encoding: .utf8)
    }

    func read(_ path: String) throws -> String { try String(contentsOfFile: folder + "/" + path, encoding: .utf8) }

    /// Runs a command to its end.
    func run(_ arguments: String...) throws -> Outcome {
        let process = try Running(self, arguments)
        let output = process.readToEnd()
        return Outcome(output: output, errors: process.errorsToEnd(), code: process.end())
    }

    /// Starts a command that goes on while the test does something else.
    func start(_ arguments: String...) throws -> Running { try Running(self, arguments) }
}

/// A command that runs.
final class Running {
    /// Kept, so that the folder stays for as long as the command needs it.
    private let project: Project
    private let process = Process()
    private let output = Pipe()
    private let errors = Pipe()
    var id: Int32 { process.processIdentifier }

    /// - Parameters:
    ///   - terminal: takes the output in place of a pipe, and where `isTyped` gives the input.
    ///   - input: what is read; nothing where there is no terminal either.
    init(
        _ project: Project, _ arguments: [String], terminal: FileHandle? = nil, isTyped: Bool = false, input: String? = nil
    ) throws {
        self.project = project
        process.executableURL = try Running.executable()
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: project.folder)
        // The portable kernels give the same bits on every machine.
        process.environment = [
            "PATH": "/usr/bin:/bin", "HOME": project.folder, "AGON_KERNELS": "portable", "COLUMNS": "100", "TERM": "xterm",
        ]
        process.standardInput = isTyped ? terminal : FileHandle.nullDevice
        if let input {
            // Small enough for a pipe to hold without a reader.
            let pipe = Pipe()
            try pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try pipe.fileHandleForWriting.close()
            process.standardInput = pipe
        }
        if let terminal { process.standardOutput = terminal } else { process.standardOutput = output }
        process.standardError = errors
        try process.run()
    }

    /// Beside the test bundle, where one build puts both.
    private static func executable() throws -> URL {
        let places = [Bundle.main.bundleURL, Bundle.main.bundleURL.deletingLastPathComponent()]
            + Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
            + [root.appendingPathComponent(".build/debug")]
        let files = places.map { $0.appendingPathComponent("agon") }
        return try #require(files.first { FileManager.default.isExecutableFile(atPath: $0.path) }, "agon is not built")
    }

    /// The repository.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    func readToEnd() -> String { String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) }
    func errorsToEnd() -> String { String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) }

    /// Reads the output until a text has come; fails where it ends before.
    func read(until text: String) throws { try Running.read(output, until: text) }

    /// The same of the errors.
    func readErrors(until text: String) throws { try Running.read(errors, until: text) }

    private static func read(_ pipe: Pipe, until text: String) throws {
        var seen = ""
        while !seen.contains(text) {
            let data = pipe.fileHandleForReading.availableData
            try #require(!data.isEmpty, "the command ended without saying \(text): \(seen)")
            seen += String(decoding: data, as: UTF8.self)
        }
    }

    func interrupt() { kill(id, SIGINT) }

    /// Nobody reads the output any more.
    func closeOutput() throws { try output.fileHandleForReading.close() }

    /// Waits for the end.
    func end() -> Int32 {
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }
}

extension Project {
    /// Scripted agents, a game, and a model so small that it is made in a moment.
    static let small = [
        "agents/random/agent.yaml": "kind: scripted\ndescription: Any legal move.\nstrategy: random\n",
        "agents/perfect/agent.yaml": "kind: scripted\ndescription: The best move.\nstrategy: perfect\n",
        "arenas/tiny.yaml": game("tiny", rounds: 3),
        "arenas/long.yaml": game("long", rounds: 100_000),
        "pretraining/mini.yaml": """
            output: ../agents/mini/model
            task: sort-digits
            model: {hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 1, intermediate_size: 16, max_position_embeddings: 32}
            steps: 2
            batch_size: 4

            """,
    ]

    static func game(_ name: String, rounds: Int) -> String {
        """
        name: \(name)
        description: Tic-tac-toe between rules.
        game: tic-tac-toe
        agents: [random, perfect]
        anchors: [random]
        rounds: \(rounds)
        schedule: {kind: round_robin, baseline_rooms_per_pairing: 8}
        judge: {kind: referee}

        """
    }

    /// Makes the small model and the agent `mini` around it.
    func pretrain() throws {
        #expect(try run("pretrain", "mini", "--quiet").code == 0)
        try write("kind: transformer\ndescription: Has watched next to nothing.\nmodel: model\n", to: "agents/mini/agent.yaml")
    }

    /// An arena in which `mini` and a twin answer.
    static func answers(_ name: String, maxNewTokens: Int, seats: Int) -> String {
        """
        name: \(name)
        task: sort-digits
        agents: [mini, twin]
        anchors: [twin]
        rounds: 2
        max_new_tokens: \(maxNewTokens)
        schedule: {kind: free_for_all, rooms: 256, seats_per_learner: \(seats)}
        judge: {kind: exact}
        gate: {prompts: 4}
        evaluation: {prompts: 4}

        """
    }
}
