import AgonTournament
import AgonTransformer
import ArgumentParser

struct TrainCommand: ParsableCommand {
    enum Context: String, ExpressibleByArgument, CaseIterable { case agent, trl }

    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train an agent on a file with preferences, without an arena.",
        discussion: """
            The file is one that `agon pairs` or TRL writes. The algorithm and its numbers stand in a file with the \
            keys of an arena's `training:` section; an arena's file will do. The version is written like those of a \
            run, with a metrics.jsonl, and is used as an agent's model by its path. Ctrl-C ends with exit code 130; \
            the same command goes on from the last checkpoint where `save_steps` is set.

            Example: agon train --pairs pairs.jsonl --agent ada --config train.yaml
            """)

    @Option(help: ArgumentHelp("The file with preferences.", valueName: "file"))
    var pairs: String
    @Option(help: ArgumentHelp("The agent: its folder or its name.", valueName: "agent"))
    var agent: String
    @Option(help: ArgumentHelp("A YAML file with the keys of `training:`. (default: dpo as in arenas)", valueName: "file"))
    var config: String?
    @Option(help: ArgumentHelp("The folder to write. (default: the next of versions/offline/AGENT beside the database)", valueName: "folder"))
    var out: String?
    @Option(help: "In which words the model is asked: as an arena asks the agent (its chat template, its system.md), or as TRL's trainers tokenise the file.")
    var context = Context.agent
    @Option(parsing: .unconditional, help: "Decides the order of the items and an adapter's first weights. (default: 1)", transform: seed(_:))
    var seed: UInt64 = 1
    @OptionGroup var database: DatabaseOption
    @OptionGroup var threads: ThreadsOption
    @Flag(help: "Say what would be done, and stop.")
    var dryRun = false
    @OptionGroup var output: OutputOptions

    /// What `--json` prints.
    private struct Report: Encodable {
        var plan: OfflinePlan
        var made: OfflineTraining.Made
    }

    func run() throws {
        let home = database.path.parentFolder
        let training = try OfflineTraining(
            OfflineTrainingOptions(
                pairs: pairs, agent: Catalog().path(of: agent, among: [.agent]), configuration: config, out: out,
                home: home.isEmpty ? "." : home, context: context == .trl ? .trl : .agent, seed: seed))
        let plan = OfflinePlan(training)
        if dryRun { return output.json ? Terminal.raw(try JSONText.text(plan)) : Terminal.write(plan.text) }
        let screen = TrainingScreen(isSilent: output.json || output.quiet, onStop: "Stopping after this step; no version is written.")
        let made = try screen.watching { try training.run(threads: threads.count, progress: $0) }
        if output.json { return Terminal.raw(try JSONText.text(Report(plan: plan, made: made))) }
        let folder = DisplayText.visible(made.version)
        if output.quiet { return Terminal.write(folder) }
        let stop = made.stop.map { " \($0)" } ?? ""
        Terminal.write(
            "Wrote \(folder) after \(made.stepCount) steps; loss \(TrainingScreen.number(made.metrics["loss/first"])) to "
                + "\(TrainingScreen.number(made.metrics["loss/last"])).\(stop) Its metrics: \(DisplayText.visible(made.training))/metrics.jsonl")
    }
}
