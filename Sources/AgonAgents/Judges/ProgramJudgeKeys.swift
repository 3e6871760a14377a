import AgonConnections

/// The keys of judges that run programs: `kind: tests`, which runs answers, and `kind: command`, which is run itself.
enum ProgramJudgeKeys {
    /// What sealed programs may use where a file does not say.
    private static let sealed = ProgramLimits()

    static let tests: [Key] =
        [
            Key("command", .list(default: []), absent: "[python3, FILE]", "What runs an answer, word by word: a program in /usr/local/bin, /usr/bin or /bin, or a full path, then its arguments. Tests in Python are run by its first word."),
            Key("file", .text(default: "solution.py"), "What the file with the answer's code is called: a plain name. It lies in the working folder of the command."),
            Key("seconds", .number(0.001...86_400, default: sealed.seconds), unit: "s", "How long one case that is a whole program may take, and all Python tests of an answer together."),
            Key("cpu_seconds", .integer(1...86_400, default: sealed.cpuSeconds), unit: "s", "Processor time of each process."),
            Key("memory_mib", .integer(1...1_048_576, default: sealed.memoryMiB), unit: "MiB", "Memory of all processes together, and address space of each."),
            Key("processes", .integer(1...65_536, default: sealed.processes), "Processes and threads at one time."),
            Key("files", .integer(8...65_536, default: sealed.files), "Open files of each process."),
            Key("disk_mib", .integer(1...1_048_576, default: sealed.diskMiB), unit: "MiB", "What an answer may write to its folder and to /tmp."),
            Key("jobs", .integer(1...1_024, default: 2), "How many answers are run at a time; no score depends on it, as long as time limits are not met by a busy machine."),
        ] + sealing

    static let command: [Key] =
        [
            Key("command", .list(default: nil), "The program and its arguments, word by word: a name in `PATH`, or a path from its folder."),
            Key("folder", .text(default: "."), "Where it runs, relative to the judge's folder."),
            Key("reference", .boolean(default: false), "Shows it the prompt's gold answer."),
            Key("tie_margin", .number(0...1_000_000, default: 0), unit: "score", "Scores that are this close tie."),
            Key("timeout", .number(0.001...86_400, default: 120), unit: "s", "How long it may take for one reply; for the first its start is in it."),
            Key("restarts", .integer(0...1_000, default: 3), "How often it may fail in a row, without a reply between, before the judge is lost."),
            Key("environment", .list(default: []), "The *names* of further variables that it gets beside `PATH`, `HOME` and `LANG`; they must be set."),
            Key("log", .text(default: ""), "A file, relative to the judge's folder, that keeps the first MiB of its standard error; without it the last line is kept for errors."),
            Key("memory_mib", .integer(1...1_048_576, default: nil), absent: "no limit", "Memory of all its processes together."),
            Key("processes", .integer(1...65_536, default: nil), absent: "no limit", "Processes and threads at one time."),
            Key("isolated", .boolean(default: false), "Whether it is sealed as answers are by `kind: tests`: no network, the system's folders read-only, and a private copy of its folder's files as working folder."),
            Key("disk_mib", .integer(1...1_048_576, default: sealed.diskMiB), unit: "MiB", "isolated: what it may write, the copies of its files included."),
        ] + sealing

    private static let sealing = [
        Key("visible", .list(default: []), "Further files and folders that a sealed program may read, relative to the judge's folder."),
        Key("isolation", .choice(Isolation.Level.allCases.map(\.rawValue), default: Isolation.Level.privateUser.rawValue), "The least means that the machine must have to seal programs; the strongest that it has are used, and `agon check` says what they enforce. `limits` alone leave the files of whoever runs it open to what is run."),
    ]
}

/// The keys that both kinds of judges read alike.
struct ProgramJudgeReading {
    let reader: ConfigurationReader
    /// The judge's folder.
    let folder: String

    /// A command's words.
    /// - Throws: where they are one text with spaces, which no program is called.
    func command() throws -> [String] {
        let words = try reader.list("command")
        if let only = words.first, words.count == 1, only.contains(" ") {
            throw reader.error("command", "`\(only)` is one word: write [\(only.split(separator: " ").joined(separator: ", "))].")
        }
        guard words.first?.isEmpty != true, words.allSatisfy({ !$0.utf8.contains(0) }) else {
            throw reader.error("command", "a program has a name, and no word of a command a NUL byte.")
        }
        return words
    }

    /// What sealed programs may read, by full paths.
    func visible() throws -> [String] {
        try reader.list("visible").map { name in
            let path = RelativePath.absolute(RelativePath.resolved(name, in: folder))
            guard PathKind(path) != .nothing else {
                throw reader.error("visible", "there is no \(path): correct the path, or remove it.")
            }
            return path
        }
    }

    /// A limit that need not be.
    func limit(_ name: String) throws -> Int? { reader.has(name) ? try reader.integer(name) : nil }
}

/// How a judge's programs are sealed, and what is checked of the machine before any of them is started.
struct ProgramSealing: Sendable {
    /// The least means that will do.
    let least: Isolation.Level
    /// `judge.yaml` and the lines that faults are reported at.
    let isolationPlace: String
    let commandPlace: String

    init(_ reader: ConfigurationReader) throws {
        least = Isolation.Level(rawValue: try reader.text("isolation")) ?? .privateUser
        isolationPlace = reader.place("isolation")
        commandPlace = reader.place("command")
    }

    /// The machine's means.
    /// - Throws: `badValue` where they are weaker than the file asks for.
    func isolation() throws(AgentError) -> Isolation {
        let found = Isolation.sealed
        guard found.reaches(least) else {
            throw AgentError(
                .badValue,
                "\(isolationPlace): this machine has no \(least == .namespaces ? "namespaces" : "namespaces and no private user") for programs. \(found.sentence) Set `isolation: \(found.level.rawValue)` to accept that.")
        }
        return found
    }

    /// - Throws: `badValue` where the program is not there.
    func check(_ program: Program) throws(AgentError) { try ProgramSealing.check(program, at: commandPlace) }

    /// - Parameter place: file and line that name the command.
    /// - Throws: `badValue` where the program is not there.
    static func check(_ program: Program, at place: String) throws(AgentError) {
        guard program.executablePath == nil, let name = program.command.first else { return }
        let places = program.environment["PATH"] ?? ""
        throw AgentError(
            .badValue,
            "\(place): there is no program `\(name)`\(name.contains("/") ? "" : " in \(places)"): install it, or name its path.")
    }
}
