import AgonTransformer
import ArgumentParser
import Foundation

/// Where a run's database lies unless `--db` says otherwise.
struct DatabaseOption: ParsableArguments {
    @Option(name: .customLong("db"), help: ArgumentHelp("The SQLite file; checkpoints and reports lie beside it.", valueName: "file"))
    var path = "leaderboard/arena.sqlite"

    /// The folder of an arena's reports.
    func reportFolder(_ arena: String) -> String {
        let folder = path.parentFolder
        return (folder.isEmpty ? "." : folder) + "/" + arena
    }
}

/// How much is printed, and in which form.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON and nothing else.")
    var json = false
    @Flag(name: .shortAndLong, help: "Print the result only.")
    var quiet = false
}

/// Reads what `--seed` was given.
/// - Throws: a sentence with the range.
func seed(_ text: String) throws -> UInt64 {
    guard let seed = UInt64(text) else {
        throw ValidationError("it must be a whole number from 0 to \(UInt64.max).")
    }
    return seed
}

/// How many threads compute.
struct ThreadsOption: ParsableArguments {
    @Option(name: .customLong("threads"), parsing: .unconditional, help: ArgumentHelp("Threads; results do not depend on it. (default: all cores)", valueName: "count"))
    var given: Int?

    /// As many as were asked for, else one per core.
    var count: Int { given ?? max(1, ProcessInfo.processInfo.activeProcessorCount) }

    func validate() throws {
        guard (1...1024).contains(count) else { throw ValidationError("--threads is \(count), it must be 1 to 1024.") }
    }
}
