import AgonTournament
import ArgumentParser
import Foundation

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Play an arena's rounds, or go on where an earlier start stopped.",
        discussion: """
            Prints the leaderboard and writes report.html, report.md, report.json, tables as CSV and badge.svg into a \
            folder beside the database. Ctrl-C finishes the rooms in flight, commits them and ends with exit code 130; the \
            same command then goes on. So it does after a crash.

            Example: agon run arenas/quickstart.yaml --seed 8
            """)

    @Argument(help: "The arena: its file or its name.")
    var arena: String
    @OptionGroup var database: DatabaseOption
    @Option(parsing: .unconditional, help: "Overrules the arena's seed.", transform: seed(_:))
    var seed: UInt64?
    @OptionGroup var threads: ThreadsOption
    @Flag(help: "Say what would be done, and stop.")
    var dryRun = false
    @OptionGroup var output: OutputOptions

    mutating func run() async throws {
        let arena = try Arena(file: Catalog().path(of: arena, among: [.arena]))
        if dryRun {
            let plan = try RunPlan(arena: arena, database: database.path, seed: seed)
            return output.json ? Terminal.raw(try JSONText.text(plan)) : Terminal.write(plan.text)
        }
        let tournament = try Tournament(
            arena: arena, database: database.path, seed: seed, options: TournamentOptions(threads: threads.count))
        try await play(tournament)
        let report = try tournament.report()
        try ReportOutput(folder: database.reportFolder(report.arena)).show(report, output)
    }

    private func play(_ tournament: Tournament) async throws {
        let screen = output.quiet || output.json ? nil : RunScreen(tournament.arena)
        defer { screen?.clear() }
        let signal = InterruptSignal {
            let sentence = "Stopping: what is in flight is finished and committed. Ctrl-C again ends at once; committed work stays."
            if let screen { screen.announce(sentence) } else { Terminal.write(sentence, to: .standardError) }
        }
        try await tournament.play(shouldStop: { signal.isRaised }, onEvent: { screen?.show($0) })
    }
}
