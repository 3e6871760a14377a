import AgonTournament
import ArgumentParser
import Foundation

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Write an arena's report from the database and print its leaderboard.",
        discussion: """
            Reads only, so it can be asked for while the run goes on in another terminal. With --at it is the report as it \
            was when that round was closed, in a folder of its own. With --watch it is written and printed again after \
            every round, and the page loads itself anew, until Ctrl-C.

            Examples: agon report arenas/quickstart.yaml --json
                      agon report quickstart --at 5
                      agon report quickstart --watch --svg
            """)

    @Argument(help: "The arena: its file or its name.")
    var arena: String
    @OptionGroup var database: DatabaseOption
    @Option(parsing: .unconditional, help: "The run's seed, where it is not the arena's own.", transform: seed(_:))
    var seed: UInt64?
    @Option(parsing: .unconditional, help: ArgumentHelp("A closed round: the report as it was then. (default: the last)", valueName: "round"))
    var at: Int?
    @Flag(help: "Write each chart as an SVG file as well.")
    var svg = false
    @Flag(help: "Write and print it again after every round, until Ctrl-C.")
    var watch = false
    @Option(parsing: .unconditional, help: ArgumentHelp("How often --watch looks, and the page loads itself.", valueName: "seconds"))
    var interval = 5
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if watch, at != nil { throw ValidationError("--watch follows a run, --at looks back: choose one.") }
        guard (1...86_400).contains(interval) else { throw ValidationError("--interval is \(interval), it must be 1 to 86400 seconds.") }
    }

    func run() throws {
        let arena = try Arena(file: Catalog().path(of: arena, among: [.arena]))
        guard watch else {
            let report = try Report(arena: arena, database: database.path, seed: seed, upToRound: at)
            let folder = database.reportFolder(report.arena) + (at.map { "/at-\($0)" } ?? "")
            return try ReportOutput(folder: folder, withCharts: svg).show(report, output)
        }
        try follow(arena)
    }

    /// Shows the report after each round, and waits for a run that has not begun.
    private func follow(_ arena: Arena) throws {
        let signal = InterruptSignal {}
        var last: Report?
        var isWaiting = false
        while !signal.isRaised {
            do {
                let report = try Report(arena: arena, database: database.path, seed: seed)
                if report.roundCount != last?.roundCount {
                    last = report
                    try ReportOutput(folder: database.reportFolder(report.arena), withCharts: svg, refresh: interval).show(report, output)
                }
            } catch let error as TournamentError where error.code == .noRun {
                if !isWaiting { Terminal.write("Waiting for the run: \(DisplayText.visible(error.message))", to: .standardError) }
                isWaiting = true
            }
            for _ in 0..<(10 * interval) where !signal.isRaised { usleep(100_000) }
        }
        // The page that stays loads itself no more.
        if let last { try ReportFolder.write(last, to: database.reportFolder(last.arena), withCharts: svg) }
        throw ExitCode(130)
    }
}

/// Where a report goes, and with what.
struct ReportOutput {
    var folder: String
    var withCharts = false
    /// Seconds after which the page loads itself again.
    var refresh: Int?

    /// Writes the report's files and prints the leaderboard, or the report as JSON.
    func show(_ report: Report, _ output: OutputOptions) throws {
        let report = try ReportFolder.write(report, to: folder, refresh: refresh, withCharts: withCharts)
        guard !output.json else { return Terminal.raw(try ReportFolder.json(report)) }
        let terminal = TerminalReport(width: Terminal.size.columns, isColoured: Terminal.isColoured)
        Terminal.raw(output.quiet ? terminal.table(report) : terminal.text(report, path: folder + "/report.html"))
    }
}
