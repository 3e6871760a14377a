import AgonTournament
import ArgumentParser
import Foundation

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Check a run's stored rollouts against their versions and seeds.",
        discussion: """
            Rooms, prompts and contexts are made again from their addresses; every token is drawn once more from the version's \
            logits by the seed's noise, in one forward pass; endings, texts and verdicts must follow. On the kernels that made \
            the run everything must agree to the bit, on others log p within a bound (`agon calibrate`). Exit code 1 where \
            something is rejected. Reads only.

            Examples: agon audit quickstart
                      agon audit quickstart --agent ada --rounds 30-36 --sample 500
            """)

    @Argument(help: "A run's id, or an arena: its file or its name.")
    var run: String
    @OptionGroup var database: DatabaseOption
    @Option(name: .customLong("run-seed"), parsing: .unconditional, help: "The run's seed, where it is not the arena's own.", transform: seed(_:))
    var seed: UInt64?
    @Option(help: ArgumentHelp("Check this many rooms, drawn from all. (default: all rooms)", valueName: "count"))
    var sample: Int?
    @Option(parsing: .unconditional, help: "What they are drawn by. (default: another one each time, and it is told)", transform: seed(_:))
    var sampleSeed: UInt64?
    @Option(name: .customLong("agent"), help: ArgumentHelp("Check this agent's rollouts only; may be repeated.", valueName: "name"))
    var agents: [String] = []
    @Option(help: ArgumentHelp("A round, or FIRST-LAST. (default: all that are closed)", valueName: "rounds"), transform: rounds(_:))
    var rounds: ClosedRange<Int>?
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let sample, sample < 1 { throw ValidationError("--sample is \(sample), it must be 1 or more.") }
        if sample == nil, sampleSeed != nil { throw ValidationError("--sample-seed draws rooms: add --sample.") }
    }

    func run() async throws {
        let stored = try StoredRun(named: run, in: Catalog(), database: database.path, seed: seed)
        let options = AuditOptions(
            sample: sample, sampleSeed: sampleSeed ?? UInt64.random(in: 0...UInt64.max), agents: Set(agents), rounds: rounds,
            threads: threads.count)
        let signal = InterruptSignal { Terminal.write("Stopping after this round.", to: .standardError) }
        let audit = try await RunAudit(stored, options: options) { signal.isRaised }
        if output.json { Terminal.raw(try JSONText.text(audit)) } else { Terminal.write(output.quiet ? audit.shortText : audit.text) }
        guard audit.rejections.isEmpty else { throw ExitCode(1) }
    }
}

/// Reads what `--rounds` was given.
/// - Throws: a sentence with the form.
private func rounds(_ text: String) throws -> ClosedRange<Int> {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(parts.count), let first = parts[0], let last = parts[parts.count - 1], 1 <= first, first <= last else {
        throw ValidationError("it must be a round such as 3, or the first and the last such as 3-5.")
    }
    return first...last
}

struct CalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate", abstract: "Measure how far honest log-probabilities are from the audit's, and set its bound.",
        discussion: """
            Agents generate on every kernel path of this machine, in several batch sizes and on several threads; the path of \
            this process checks. Median, 99.9% and maximum of |Δ log p| are printed and written to calibration.json beside \
            the database, where `agon audit` reads the bound. One that is not ten times above the honest maximum is refused.

            Example: agon calibrate --agent ada
            """)

    @Option(name: .customLong("agent"), help: ArgumentHelp("An agent: its folder or its name; may be repeated. (default: all in agents/)", valueName: "agent"))
    var agents: [String] = []
    @Option(help: ArgumentHelp("Tokens for each agent and pair of paths.", valueName: "count"))
    var tokens = 20000
    @Option(help: ArgumentHelp("The bound in nats. (default: 0 where bits agree, else 2e-4 or more)", valueName: "nats"))
    var bound: Double?
    @OptionGroup var database: DatabaseOption
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if tokens < 1 { throw ValidationError("--tokens is \(tokens), it must be 1 or more.") }
    }

    func run() throws {
        let catalog = Catalog()
        let folders = try agents.isEmpty ? catalog.paths(.agent) : agents.map { try catalog.path(of: $0, among: [.agent]) }
        let calibration = try AuditCalibration(
            agents: folders, database: database.path, tokenCount: tokens, nats: bound, threads: threads.count)
        if output.json { return Terminal.raw(try JSONText.text(calibration)) }
        Terminal.write(output.quiet ? calibration.file : calibration.text(width: Terminal.listingWidth))
    }
}
