import AgonTournament
import AgonTraining
import ArgumentParser
import Foundation

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
        let metrics = try train(pretraining)
        if output.json { return Terminal.raw(try JSONText.text(Made(plan: plan, metrics: metrics))) }
        let folder = DisplayText.visible(configuration.output)
        Terminal.write(output.quiet ? folder : "Wrote \(folder); last loss \(number(metrics["loss/last"])).")
    }

    private func train(_ pretraining: Pretraining) throws -> [String: Double] {
        let signal = InterruptSignal {
            Terminal.write("Stopping after this step; no model is written.", to: .standardError)
        }
        let isSilent = output.json || output.quiet
        let isInteractive = Terminal.isInteractive
        let start = ContinuousClock.now
        defer { if isInteractive, !isSilent { Terminal.raw("\r\u{1B}[J") } }
        return try pretraining.run(threads: threads.count) { progress in
            if signal.isRaised { throw ExitCode(130) }
            let interval = isInteractive ? 10 : max(1, progress.stepCount / 20)
            guard !isSilent, progress.step % interval == 0 || progress.step == progress.stepCount else { return }
            let line = line(progress, elapsed: ContinuousClock.now - start)
            isInteractive
                ? Terminal.raw("\r\u{1B}[J" + DisplayText.fitted(line, columns: Terminal.size.columns - 1)) : Terminal.write(line)
        }
    }

    private func line(_ progress: TrainingProgress, elapsed: Duration) -> String {
        let accuracy = progress.metrics["accuracy"] ?? progress.metrics["mean_token_accuracy"]
        let left = elapsed / progress.step * (progress.stepCount - progress.step)
        return "step \(progress.step)/\(progress.stepCount) · loss \(number(progress.metrics["loss"])) · accuracy "
            + "\(number(accuracy)) · \(left.components.seconds) s left"
    }

    private func number(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "–" }
}
