import AgonTournament
import ArgumentParser
import Foundation

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check arenas, agents, judges and pretraining files without running them.",
        discussion: """
            Loads each of them with everything that it names, weights included, and says in one sentence what it is or \
            what is wrong with it, with file and line. Without a path everything in the project is checked. Ends with \
            exit code 2 where anything is not usable.

            Example: agon check arenas/quickstart.yaml agents/mine
            """)

    @Argument(help: "Files, folders or names of arenas, agents, judges and pretraining files.")
    var paths: [String] = []
    @OptionGroup var output: OutputOptions

    func run() throws {
        let catalog = Catalog()
        let paths = paths.isEmpty ? catalog.everything() : try paths.map { try catalog.path(of: $0) }
        guard !paths.isEmpty else {
            throw ValidationError("There is nothing to check here: give a path, or go to the folder that holds agents/ and arenas/.")
        }
        try show(paths.flatMap { try catalog.things(at: $0) }.map { catalog.check($0.path, as: $0.kind) }, output)
    }
}

/// Says of each thing what it is or what is wrong with it.
/// - Throws: exit code 2 where one of them is not usable.
func show(_ results: [CheckResult], _ output: OutputOptions) throws {
    let faults = results.count { !$0.isUsable }
    if output.json {
        Terminal.raw(try JSONText.text(results))
    } else {
        for result in results {
            let message = DisplayText.visible(result.message)
            if !result.isUsable {
                Terminal.write("agon: \(message)", to: .standardError)
            } else if !output.quiet {
                Terminal.write("\(DisplayText.visible(result.path)) is usable: \(message)")
            }
        }
        if results.count > 1, !output.quiet {
            Terminal.write(faults == 0 ? "All \(results.count) are usable." : "\(faults) of \(results.count) are not usable.")
        }
    }
    if faults > 0 { throw ExitCode(2) }
}
