import Foundation

/// A program to start: its command, what it may use, and what of the machine it may see.
public struct Program: Sendable, Hashable {
    /// What a program can reach.
    public enum Confinement: Sendable, Hashable {
        /// Nothing: a private folder that vanishes with it, the system's folders read-only, no network, no privileges.
        /// For code that nobody has read. `files` lie in its folder when it starts, by plain names; `visible` are
        /// further files and folders of the machine, by full paths, that it may read.
        case sealed(files: [String: [UInt8]] = [:], visible: [String] = [])
        /// The machine as its user has it, from a working folder. For a user's own programs.
        case tethered(folder: String)

        var isSealed: Bool { if case .sealed = self { true } else { false } }
    }

    /// The program's name or path, then its arguments. A name is looked up in the `PATH` that the program has.
    public var command: [String]
    /// Everything that its environment holds: nothing is inherited.
    public var environment: [String: String]
    public var confinement: Confinement
    public var limits: ProgramLimits
    /// The means; what this machine allows unless a test forces less.
    public var isolation: Isolation

    /// - Parameter environment: nil gives a sealed program a minimal one, a tethered one `PATH`, `HOME` and `LANG`.
    public init(
        _ command: [String], confinement: Confinement = .sealed(), limits: ProgramLimits = ProgramLimits(),
        environment: [String: String]? = nil, isolation: Isolation? = nil
    ) {
        self.command = command
        self.confinement = confinement
        self.limits = limits
        self.environment =
            environment ?? (confinement.isSealed ? Program.sealedEnvironment : Program.inherited(["PATH", "HOME", "LANG"]))
        self.isolation = isolation ?? (confinement.isSealed ? .sealed : .tethered)
    }

    /// What a sealed program knows of the world. Python's hashes are fixed, so that it does the same each time.
    public static let sealedEnvironment = [
        "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1",
    ]

    /// Where the program lies; nil where it would not be found. A sealed program has no folder to start one from.
    public var executablePath: String? {
        guard let name = command.first, !name.isEmpty else { return nil }
        let places: [String]
        if name.hasPrefix("/") {
            places = [name]
        } else if !name.contains("/") {
            places = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
        } else if case .tethered(let folder) = confinement {
            places = ["\(folder)/\(name)"]
        } else {
            places = []
        }
        return places.first { path in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
                && FileManager.default.isExecutableFile(atPath: path)
        }
    }

    /// The variables of this process with these names, where they are set.
    public static func inherited(_ names: [String]) -> [String: String] {
        ProcessInfo.processInfo.environment.filter { names.contains($0.key) }
    }
}

/// Why a program is no longer running.
public enum ProgramEnding: Sendable, Hashable, CustomStringConvertible {
    /// It ended by itself with this status.
    case exited(Int)
    /// It was ended by this signal, which no limit explains.
    case signal(Int)
    /// It ran past its wall clock limit.
    case timeLimit
    /// It used up its processor time.
    case cpuLimit
    /// Its processes together held more memory than they may.
    case memoryLimit
    /// It had more processes than it may.
    case processLimit
    /// Its folder held more than it may.
    case diskLimit
    /// It wrote more than it may.
    case outputLimit
    /// The caller ended it.
    case stopped

    public var description: String {
        switch self {
        case .exited(let status): "exited with status \(status)"
        case .signal(let number): "ended by signal \(number)"
        case .timeLimit: "ran past its time limit"
        case .cpuLimit: "used up its processor time"
        case .memoryLimit: "went past its memory limit"
        case .processLimit: "had too many processes"
        case .diskLimit: "filled its folder"
        case .outputLimit: "wrote too much"
        case .stopped: "was stopped"
        }
    }
}

/// What a program did.
public struct ProgramResult: Sendable, Hashable {
    public var ending: ProgramEnding
    /// Its standard output up to the limit, as it came.
    public var output: [UInt8]
    /// The beginning of its standard error, as it came.
    public var errors: [UInt8]
    /// Wall clock from its start to its end.
    public var seconds: Double
    /// Processor time of the program and of those of its children that it waited for.
    public var cpuSeconds: Double
    /// The most memory that its processes were seen to hold together, in MiB; nil where it ended before a look was taken.
    public var peakMemoryMiB: Double?

    /// Whether it ended by itself with status 0.
    public var succeeded: Bool { ending == .exited(0) }
    /// Its output as text; what is not UTF-8 becomes U+FFFD.
    public var outputText: String { String(decoding: output, as: UTF8.self) }
    /// Its errors as text; what is not UTF-8 becomes U+FFFD.
    public var errorText: String { String(decoding: errors, as: UTF8.self) }
}
