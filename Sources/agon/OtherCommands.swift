import AgonTournament
import AgonTraining
import ArgumentParser
import Foundation

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Write an arena's report from the database and print its leaderboard.")

    @Argument(help: "The arena's file.")
    var arena: String
    @OptionGroup var database: DatabaseOption
    @Option(help: "The run's seed, where it is not the arena's own.")
    var seed: UInt64?
    @Flag(help: "Print the report as JSON instead of the table.")
    var json = false

    func run() throws {
        let arena = try Arena(file: arena)
        let tournament = try Tournament(arena: arena, database: database.path, seed: seed, options: TournamentOptions(threads: 1))
        let report = try tournament.report()
        let folder = database.reportFolder(arena.configuration.name)
        try ReportFolder.write(report, to: folder)
        Terminal.write(
            json
                ? try ReportFolder.json(report)
                : TerminalReport(width: Terminal.width, isColoured: Terminal.isInteractive).text(report, path: folder + "/report.html"))
    }
}

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check an arena's file and everything that it names, without running it.")

    @Argument(help: "The arena's file.")
    var arena: String

    func run() throws {
        let arena = try Arena(file: arena)
        Terminal.write("\(self.arena) is usable: \(arena.entrants.count) agents, \(arena.configuration.roundCount) rounds of \(arena.roomsPerRound) rooms.")
    }
}

struct PretrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pretrain", abstract: "Make a base model or a judge from nothing, bit for bit the same each time.")

    @Argument(help: "The pretraining file, such as pretraining/sorter.yaml.")
    var file: String
    @Option(help: "Threads; results do not depend on it.")
    var threads = max(1, ProcessInfo.processInfo.activeProcessorCount)

    func run() throws {
        let configuration = try PretrainingConfiguration(file: file)
        let metrics = try Pretraining(configuration).run(threads: threads) { progress in
            guard progress.step % 100 == 0 || progress.step == progress.stepCount else { return }
            let loss = progress.metrics["loss"].map { String(format: "%.4f", $0) } ?? "-"
            let accuracy = (progress.metrics["accuracy"] ?? progress.metrics["mean_token_accuracy"]).map { String(format: "%.3f", $0) } ?? "-"
            Terminal.write("step \(progress.step)/\(progress.stepCount): loss \(loss), accuracy \(accuracy)")
        }
        Terminal.write("Wrote \(configuration.output); last loss \(String(format: "%.4f", metrics["loss/last"] ?? .nan)).")
    }
}
