import ArgumentParser
import Foundation

/// `agon`: arguments, terminal output, signals and exit codes. Everything else is in the modules.
@main
struct AgonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agon",
        abstract: "An arena in which language-model agents get better by competing.",
        discussion: """
            Begin with `agon run quickstart`, then open leaderboard/quickstart/report.html. Commands are run in the \
            folder that holds agents/ and arenas/; arenas and agents are named by their path or by their name.

            Exit codes: 0 done, 1 run failed, 2 wrong usage or configuration, 3 too many voids or forfeits, \
            130 interrupted.
            """,
        subcommands: [
            RunCommand.self, ReportCommand.self, CheckCommand.self, AgentsCommand.self, ArenasCommand.self,
            NewCommand.self, PretrainCommand.self, PairsCommand.self, TrainCommand.self, JudgeCommand.self, VoteCommand.self,
            RateCommand.self, SQLCommand.self, CompareCommand.self, RerateCommand.self, RejudgeCommand.self, ReplayCommand.self,
            AuditCommand.self, CalibrateCommand.self,
            VersionsCommand.self, PromoteCommand.self, RollbackCommand.self,
            VerifyCommand.self, LineageCommand.self, RevokeCommand.self, PlayCommand.self,
        ])

    static func main() async {
        // A reader that has gone is told apart from a crash where the write fails: see `Terminal`.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }
}
