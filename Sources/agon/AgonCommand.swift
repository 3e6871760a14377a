import ArgumentParser

/// `agon`: arguments, terminal output, signals and exit codes. Everything else is in the modules.
@main
struct AgonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agon",
        abstract: "An arena in which language-model agents get better by competing.",
        discussion: "Exit codes: 0 done, 1 run failed, 2 wrong usage or configuration, 130 interrupted.",
        subcommands: [RunCommand.self, ReportCommand.self, CheckCommand.self, PretrainCommand.self])

    static func main() async {
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
