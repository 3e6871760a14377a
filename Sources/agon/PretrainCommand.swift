import AgonTournament
import ArgumentParser

struct PretrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pretrain", abstract: "Make a base model or a judge from nothing, bit for bit the same each time.",
        discussion: """
            Writes the model folder that the file names, in place of the one that is there. Nothing is written before \
            the last step is done; Ctrl-C stops it with exit code 130.

            Example: agon pretrain pretraining/rookie.yaml --dry-run
            """)

    @Argument(help: "The pretraining file, or its name.")
    var file: String
    @Option(parsing: .unconditional, help: "Overrules the file's seed.", transform: seed(_:))
    var seed: UInt64?
    @OptionGroup var threads: ThreadsOption
    @Flag(help: "Say what would be made, and stop.")
    var dryRun = false
    @OptionGroup var output: OutputOptions

    /// What `--json` prints.
    private struct Made: Encodable {
        var plan: PretrainingPlan
        var metrics: [String: Double]
    }

    func run() throws {
        var configuration = try PretrainingConfiguration(file: Catalog().path(of: file, among: [.pretraining]))
        configuration.seed = seed ?? configuration.seed
        let pretraining = try Pretraining(configuration)
        let plan = PretrainingPlan(pretraining)
        if dryRun { return output.json ? Terminal.raw(try JSONText.text(plan)) : Terminal.write(plan.text) }
        let screen = TrainingScreen(isSilent: output.json || output.quiet, onStop: "Stopping after this step; no model is written.")
        let metrics = try screen.watching { try pretraining.run(threads: threads.count, progress: $0) }
        if output.json { return Terminal.raw(try JSONText.text(Made(plan: plan, metrics: metrics))) }
        let folder = DisplayText.visible(configuration.output)
        Terminal.write(output.quiet ? folder : "Wrote \(folder); last loss \(TrainingScreen.number(metrics["loss/last"])).")
    }
}
