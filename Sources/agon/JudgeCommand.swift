import AgonTournament
import ArgumentParser
import Foundation

struct JudgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "judge", abstract: "Train a judge, or have one rank answers that were made elsewhere.",
        discussion: """
            Judges are the folders under judges/; `agon check judges` says what each of them is.

            Example: agon judge run --judge sorter --input outputs.jsonl
            """,
        subcommands: [JudgeTrainCommand.self, JudgeRunCommand.self])
}

struct JudgeTrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Make a reward model of preferences, and say how right it is.",
        discussion: """
            Trains by the Bradley-Terry loss on a file, or on a database's pairs. The prompts of a share of the pairs \
            are set apart by their hash; on those it reports accuracy with its 95 % interval and calibration. The \
            folder appears whole or not at all; Ctrl-C ends with exit code 130 and writes nothing.

            Examples: agon judge train taste --base agents/ada --pairs pairs.jsonl
                      agon judge train taste --base judges/sorter --arena quickstart --rounds 2-9
            """)

    @Argument(help: "The judge to write: a name under judges/, or a path with a slash.")
    var name: String
    @Option(help: ArgumentHelp("What it starts from: a model folder, an agent or a judge.", valueName: "folder"))
    var base: String
    @Option(help: ArgumentHelp("A file with preferences. (default: the database)", valueName: "file"))
    var pairs: String?
    @OptionGroup var filter: PairFilterOptions
    @OptionGroup var database: DatabaseOption
    @Option(parsing: .unconditional, help: ArgumentHelp("The share of prompts that no step sees.", valueName: "share"))
    var heldOut = 0.2
    @Option(parsing: .unconditional, help: "How often each pair is seen.")
    var epochs = 1
    @Option(parsing: .unconditional, help: "Pairs a step.")
    var batchSize = 16
    @Option(parsing: .unconditional, help: "AdamW step size at its peak; it rises over a tenth of the steps and falls along a cosine.")
    var learningRate = 1e-4
    @Option(parsing: .unconditional, help: "Pull of the weights towards zero, norms left out.")
    var weightDecay = 0.01
    @Option(parsing: .unconditional, help: "Price of scores that wander off together.")
    var centerRewardsCoefficient = 0.01
    @Option(parsing: .unconditional, help: "Decides a new score head and the order of the pairs. (default: 1)", transform: seed(_:))
    var seed: UInt64 = 1
    @Flag(help: "Replace the judge that is there.")
    var replace = false
    @OptionGroup var threads: ThreadsOption
    @Flag(help: "Say what would be done, and stop.")
    var dryRun = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if pairs != nil, filter.isGiven { throw ValidationError("A file has no rows to choose from: the filters are for the database.") }
        guard (0...0.9).contains(heldOut) else { throw ValidationError("--held-out is \(heldOut), it must be 0 to 0.9.") }
        guard (1...10_000).contains(epochs) else { throw ValidationError("--epochs is \(epochs), it must be 1 to 10000.") }
        guard (1...100_000).contains(batchSize) else { throw ValidationError("--batch-size is \(batchSize), it must be 1 to 100000.") }
    }

    func run() throws {
        let catalog = Catalog()
        let folder = try catalog.newJudge(name)
        let source: JudgeTrainingOptions.Source = pairs.map { .file($0) } ?? .database(database.path, filter.filter)
        var options = JudgeTrainingOptions(judge: folder, base: try catalog.modelFolder(base), source: source)
        options.replaces = replace
        (options.heldOutShare, options.epochCount, options.batchSize) = (heldOut, epochs, batchSize)
        (options.learningRate, options.weightDecay) = (learningRate, weightDecay)
        (options.centerCoefficient, options.seed) = (centerRewardsCoefficient, seed)
        let training = try JudgeTraining(options)
        let plan = JudgePlan(training)
        if dryRun { return output.json ? Terminal.raw(try JSONText.text(plan)) : Terminal.write(plan.text) }
        let screen = TrainingScreen(isSilent: output.json || output.quiet, onStop: "Stopping after this step; no judge is written.")
        let report = try screen.watching { try training.run(threads: threads.count, progress: $0) }
        if output.json { return Terminal.raw(try JSONText.text(report)) }
        Terminal.write(output.quiet ? DisplayText.visible(folder) : report.text(width: Terminal.size.columns))
    }
}

struct JudgeRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Rank answers that were made elsewhere.",
        discussion: """
            Each line of the input is {"prompt": "…", "answers": ["…", "…"]}, with a "reference" where the judge \
            needs gold and an "id" that comes back. Each line of the result has ranks (1 is best), scores where the \
            judge scores, and the verdicts on all pairs of answers, both orders asked. A file with preferences will \
            do as well: then it is also said how often the judge agrees.

            Example: agon judge run --judge sorter --input outputs.jsonl --out ranked.jsonl
            """)

    @Option(help: ArgumentHelp("The judge: its folder or its name.", valueName: "judge"))
    var judge: String
    @Option(help: ArgumentHelp("The file with answers.", valueName: "file"))
    var input: String
    @Option(help: ArgumentHelp("The file to write, which appears whole or not at all. (default: the output)", valueName: "file"))
    var out: String?
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if output.json, out == nil { throw ValidationError("--json prints what was counted, so give the file with --out.") }
    }

    func run() async throws {
        let run = JudgeRun(judge: try Catalog().path(of: judge, among: [.judge]), input: input)
        let signal = InterruptSignal { Terminal.write("Stopping after these answers.", to: .standardError) }
        let stop: (Int) throws -> Void = { _ in if signal.isRaised { throw ExitCode(130) } }
        guard let out else {
            let summary = try await run.run(threads: threads.count, progress: stop) { Terminal.raw($0) }
            if !output.quiet { Terminal.write(summary.text, to: .standardError) }
            return
        }
        let file = try LineFile(out)
        let summary = try await run.run(threads: threads.count, progress: stop) { try file.write($0) }
        try file.finish()
        if output.json { return Terminal.raw(try JSONText.text(summary)) }
        Terminal.write(output.quiet ? DisplayText.visible(out) : summary.text + " Wrote \(DisplayText.visible(out)).")
    }
}
