import AgonTournament
import ArgumentParser
import Foundation

/// Which run of which arena.
struct StoredRunOptions: ParsableArguments {
    @OptionGroup var database: DatabaseOption
    @Option(name: .customLong("run-seed"), parsing: .unconditional, help: "The run's seed, where it is not the arena's own.", transform: seed(_:))
    var seed: UInt64?

    func open(_ arena: String) throws -> StoredRun {
        try StoredRun(arena: Arena(file: Catalog().path(of: arena, among: [.arena])), database: database.path, seed: seed)
    }
}

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Say how much better one agent of a run is than another, and how sure that is.",
        discussion: """
            By the games of the two against one another, and by the ratings over all games. An agent's name stands for all \
            its versions; NAME@vN for one. The sequential test says whether the difference is elo1 or elo0, and about how \
            many more games it takes to know. Reads only.

            Example: agon compare quickstart ada@v20 ada@v0
            """)

    @Argument(help: "The arena: its file or its name.")
    var arena: String
    @Argument(help: "An agent, or NAME@vN.")
    var first: String
    @Argument(help: "Another one.")
    var second: String
    @OptionGroup var stored: StoredRunOptions
    @Option(parsing: .unconditional, help: ArgumentHelp("The last round that counts. (default: all)", valueName: "round"))
    var at: Int?
    @Option(parsing: .unconditional, help: "The difference that is not worth it, in Elo.")
    var elo0 = 0.0
    @Option(parsing: .unconditional, help: "The difference that is.")
    var elo1 = 20.0
    @Option(parsing: .unconditional, help: "How often elo0 may be taken for elo1.")
    var alpha = 0.05
    @Option(parsing: .unconditional, help: "How often elo1 may be taken for elo0.")
    var beta = 0.05
    @OptionGroup var output: OutputOptions

    func run() throws {
        let comparison = try Comparison(
            first, second, in: stored.open(arena), upToRound: at, elo0: elo0, elo1: elo1, alpha: alpha, beta: beta)
        if output.json { return Terminal.raw(try JSONText.text(comparison)) }
        Terminal.write(output.quiet ? comparison.shortText : comparison.text)
    }
}

struct RerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rerate", abstract: "Compute a run's ratings again from what is stored, without playing a room.",
        discussion: """
            Without --system the arena's own ratings of every round, compared with the stored ones bit for bit; exit code 1 \
            where they differ. With --system the board of the stored matches by that system, as `agon rate` makes it. \
            Reads only.

            Examples: agon rerate quickstart
                      agon rerate quickstart --system davidson --versions
            """)

    @Argument(help: "The arena: its file or its name.")
    var arena: String
    @OptionGroup var stored: StoredRunOptions
    @Flag(help: "With --system: each version of a learner is a player of its own.")
    var versions = false
    @Option(help: ArgumentHelp("With --system: write the board as a page and its like into this folder as well.", valueName: "folder"))
    var out: String?
    @OptionGroup var rating: RatingOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if rating.system == nil, out != nil || versions || rating.isGiven {
            throw ValidationError("--versions, --out, --anchor, --bootstrap, --cycles and --format are for a board: add --system.")
        }
    }

    func run() async throws {
        let run = try stored.open(arena)
        guard rating.system != nil else {
            let rerating = try Rerating(run)
            if output.json { Terminal.raw(try JSONText.text(rerating)) } else if !output.quiet || rerating.difference != nil { Terminal.write(rerating.sentence) }
            guard rerating.difference == nil else { throw ExitCode(1) }
            return
        }
        let board = try await Rerating.board(run, byVersion: versions, options: rating.options(covariates: []))
        if let out { try BattlePage.write(board, to: out) }
        try rating.show(board, output)
    }
}

struct RejudgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rejudge", abstract: "Bring a run's stored answers to a judge again, without playing a room.",
        discussion: """
            Says how far the judge agrees with the stored verdicts, and the board that it would have made. Without --judge the \
            arena's own decides again, each room by the version that judged it then: the same verdicts, bit for bit. Nothing \
            is stored.

            Example: agon rejudge quickstart --judge judges/sorter
            """)

    @Argument(help: "The arena: its file or its name.")
    var arena: String
    @Option(help: ArgumentHelp("A judge: its folder or its name. (default: the arena's own)", valueName: "judge"))
    var judge: String?
    @OptionGroup var stored: StoredRunOptions
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let folder = try judge.map { try Catalog().path(of: $0, among: [.judge]) }
        let signal = InterruptSignal { Terminal.write("Stopping after this round.", to: .standardError) }
        let rejudging = try await Rejudging(stored.open(arena), judge: folder, threads: threads.count) { signal.isRaised }
        if output.json { return Terminal.raw(try JSONText.text(rejudging)) }
        Terminal.write(output.quiet ? rejudging.shortText : rejudging.text(width: Terminal.listingWidth))
    }
}

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Play a run's closed rounds again and say whether it decides the same.",
        discussion: """
            Each round is played by the versions that the journal names, into a temporary database, and its signature is \
            compared with the stored one; exit code 1 where one differs, with the first difference. Nothing is stored. Agents \
            and judges outside this process are asked again.

            Example: agon replay quickstart
            """)

    @Argument(help: "The arena: its file or its name.")
    var arena: String
    @OptionGroup var stored: StoredRunOptions
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let signal = InterruptSignal { Terminal.write("Stopping after the rooms in flight.", to: .standardError) }
        let replay = try await Replay(stored.open(arena), threads: threads.count, shouldStop: { signal.isRaised })
        if output.json { Terminal.raw(try JSONText.text(replay)) } else if !output.quiet || replay.difference != nil { Terminal.write(replay.sentence) }
        guard replay.difference == nil else { throw ExitCode(1) }
    }
}
