import AgonCore
import AgonTournament
import ArgumentParser
@preconcurrency import Dispatch
import Foundation
import Synchronization

/// Where a run's database lies unless `--db` says otherwise.
struct DatabaseOption: ParsableArguments {
    @Option(name: .customLong("db"), help: "The SQLite file; checkpoints and reports lie beside it.")
    var path = "leaderboard/arena.sqlite"

    /// The folder of an arena's reports.
    func reportFolder(_ arena: String) -> String {
        let folder = (path as NSString).deletingLastPathComponent
        return (folder.isEmpty ? "." : folder) + "/" + arena
    }
}

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Play an arena's rounds, or go on where an earlier start stopped.")

    @Argument(help: "The arena's file, such as arenas/quickstart.yaml.")
    var arena: String
    @OptionGroup var database: DatabaseOption
    @Option(help: "Overrules the arena's seed.")
    var seed: UInt64?
    @Option(help: "Threads; results do not depend on it.")
    var threads = max(1, ProcessInfo.processInfo.activeProcessorCount)
    @Flag(help: "Say what would be done, and stop.")
    var dryRun = false
    @Flag(help: "Print the report as JSON instead of the table.")
    var json = false
    @Flag(name: .shortAndLong, help: "Print the leaderboard only.")
    var quiet = false

    mutating func run() async throws {
        let arena = try Arena(file: arena)
        let settings = arena.configuration
        if dryRun {
            let agents = arena.entrants.map { "\($0.name) (\($0.role.rawValue))" }.joined(separator: ", ")
            Terminal.write("Arena \(settings.name): \(settings.roundCount) rounds of \(arena.roomsPerRound) rooms with \(agents).")
            Terminal.write("Seed \(seed ?? settings.seed), \(threads) threads, database \(database.path). Nothing was run.")
            return
        }
        let tournament = try Tournament(
            arena: arena, database: database.path, seed: seed, options: TournamentOptions(threads: threads))
        let signal = InterruptSignal()
        let progress = quiet || json ? nil : RunProgress(isInteractive: Terminal.isInteractive)
        try await tournament.play(shouldStop: { signal.isRaised }, onEvent: { progress?.show($0) })
        let report = try tournament.report()
        let folder = database.reportFolder(settings.name)
        try ReportFolder.write(report, to: folder)
        if json {
            Terminal.write(try ReportFolder.json(report))
        } else {
            Terminal.write(TerminalReport(width: Terminal.width, isColoured: Terminal.isInteractive).text(report, path: folder + "/report.html"))
        }
    }
}

/// Ctrl-C and SIGTERM, noticed between waves.
final class InterruptSignal: Sendable {
    private let raised = Mutex(false)
    private let sources: [any DispatchSourceSignal]

    init() {
        sources = [SIGINT, SIGTERM].map { number in
            Foundation.signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: .global())
        }
        for source in sources {
            source.setEventHandler { [weak self] in self?.raised.withLock { $0 = true } }
            source.resume()
        }
    }

    var isRaised: Bool { raised.withLock { $0 } }
}

/// One line a round in a pipe; on a terminal also a line that changes while rooms are played.
final class RunProgress: Sendable {
    private let isInteractive: Bool

    init(isInteractive: Bool) { self.isInteractive = isInteractive }

    func show(_ event: TournamentEvent) {
        switch event {
        case .started(let run, let closed, let total):
            Terminal.write(closed == 0 ? "Run \(run.id): \(total) rounds." : "Run \(run.id): goes on after round \(closed) of \(total).")
        case .wave(let round, let rooms, let total, let timings):
            guard isInteractive else { return }
            let rate = timings.rollouts > 0 ? Int(Double(timings.tokenCount) / timings.rollouts) : 0
            FileHandle.standardOutput.write(Data("\r\u{1B}[Kround \(round): \(rooms)/\(total) rooms, \(rate) tokens/s".utf8))
        case .closed(let round, let ratings, let health, let updates, _):
            let standings = ratings.sorted { $0.rating > $1.rating }.map { "\($0.policy) \(Int($0.rating.rounded()))" }
            let promoted = updates.count { $0.toVersion != nil }
            let judge = health.map { ", judge \(Int(($0.accuracy * 100).rounded())) % right" } ?? ""
            let clear = isInteractive ? "\r\u{1B}[K" : ""
            Terminal.write("\(clear)round \(round): \(standings.joined(separator: "  "))\(judge), \(promoted)/\(updates.count) promoted")
        }
    }
}
