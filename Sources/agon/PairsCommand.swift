import AgonStore
import AgonTournament
import AgonTransformer
import ArgumentParser
import Foundation

struct PairsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pairs", abstract: "Take preference pairs out of a database, check them, and look at them.",
        discussion: """
            What rooms decided is training data: what was better than what, who said so, and how sure it is. The files \
            are those that TRL reads.

            Example: agon pairs export --arena quickstart --out pairs.jsonl
            """,
        subcommands: [PairsExportCommand.self, PairsImportCommand.self, PairsStatsCommand.self])
}

/// Which pairs of a database are meant.
struct PairFilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Pairs of this arena only.", valueName: "name"))
    var arena: String?
    @Option(help: ArgumentHelp("Pairs of this run only, such as quickstart-1-0a1b2c3d.", valueName: "run"))
    var run: String?
    @Option(help: ArgumentHelp("Pairs of these rounds only: one number, or first-last.", valueName: "rounds"), transform: rounds(_:))
    var rounds: ClosedRange<Int>?
    @Option(help: ArgumentHelp("Pairs that this judge decided, in any of its versions; a person's name, or human for all people, means votes.", valueName: "name"))
    var judge: String?
    @Option(help: ArgumentHelp("Pairs with an answer of this agent on either side.", valueName: "name"))
    var agent: String?
    @Option(parsing: .unconditional, help: ArgumentHelp("Pairs whose scores differ by at least this.", valueName: "number"))
    var minMargin: Double?

    var filter: PairFilter {
        PairFilter(run: run, arena: arena, rounds: rounds, judge: judge, agent: agent, minMargin: minMargin)
    }

    /// Whether any of them was given.
    var isGiven: Bool { filter != PairFilter() }
}

/// What a body makes of a file that appears whole or not at all.
private func written<Value>(to path: String, _ body: (LineFile) throws -> Value) throws -> Value {
    let file = try LineFile(path)
    let value = try body(file)
    try file.finish()
    return value
}

/// Reads `3` or `3-7`.
private func rounds(_ text: String) throws -> ClosedRange<Int> {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(parts.count), let first = parts[0], let last = parts[parts.count - 1], first >= 1, first <= last
    else { throw ValidationError("it must be a round such as 3, or a range such as 3-7.") }
    return first...last
}

struct PairsExportCommand: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case trl
        case trlConversational = "trl-conversational"
        case kto, csv

        var format: PairExport.Format {
            switch self {
            case .trl: .trl
            case .trlConversational: .trlConversational
            case .kto: .kto
            case .csv: .csv
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write stored preference pairs as a file to train on.",
        discussion: """
            Formats: `trl` (JSON Lines with prompt, chosen, rejected), `trl-conversational` (the same as messages), \
            `kto` (prompt, completion, label) and `csv`. Each line also says where it came from: arena, run, round, \
            rooms, agents, versions, judge, scores. Hugging Face's `datasets` loads them and TRL trains on them as \
            they are.

            Example: agon pairs export --arena quickstart --rounds 2-5 --out pairs.jsonl
            """)

    @Option(help: "How it is written.")
    var format = Format.trl
    @Option(help: ArgumentHelp("The file, which appears whole or not at all. (default: the output)", valueName: "file"))
    var out: String?
    @Flag(help: "Write the pairs of games too, which are whole transcripts.")
    var transcripts = false
    @OptionGroup var pairs: PairFilterOptions
    @OptionGroup var database: DatabaseOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if output.json, out == nil { throw ValidationError("--json prints what was done, so give the file with --out.") }
    }

    func run() throws {
        let export = PairExport(format: format.format, filter: pairs.filter, includesGames: transcripts)
        let store = try ArenaStore.readOnly(path: database.path)
        guard let out else {
            let summary = try export.run(store) { Terminal.raw($0) }
            if summary.lineCount == 0, !output.quiet { Terminal.write("agon: \(nothing)", to: .standardError) }
            return
        }
        let summary = try written(to: out) { file in try export.run(store) { try file.write($0) } }
        if output.json { return Terminal.raw(try JSONText.text(summary)) }
        if output.quiet { return Terminal.write(DisplayText.visible(out)) }
        let undecided = summary.undecidedCount > 0 ? " \(summary.undecidedCount) answers were preferred as often as not and left out." : ""
        Terminal.write("Wrote \(summary.lineCount) lines of \(summary.pairCount) pairs to \(DisplayText.visible(out)).\(undecided)")
        if summary.lineCount == 0 { Terminal.write("agon: \(nothing)", to: .standardError) }
    }

    private var nothing: String { "\(DisplayText.visible(database.path)) holds no such pairs: `agon pairs stats` shows what it holds." }
}

struct PairsImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Check a file with preferences from elsewhere and write it as pairs to train on.",
        discussion: """
            Reads JSON Lines, a JSON list or CSV: prompt, chosen and rejected as texts or messages; chosen and \
            rejected that both begin with the prompt; prompt, completion and label, of which the n-th good answer to \
            a prompt is paired with its n-th bad one; ShareGPT's from and value. Repeated pairs and pairs of equal \
            sides are left out, everything is counted, and the first line that cannot be read is named.

            Example: agon pairs import downloaded.jsonl --out pairs.jsonl
            """)

    @Argument(help: "The file to read.")
    var file: String
    @Option(help: ArgumentHelp("The file to write, which appears whole or not at all. (default: only check)", valueName: "file"))
    var out: String?
    @Flag(help: "Leave out pairs that contradict one another.")
    var dropContradictions = false
    @OptionGroup var output: OutputOptions

    func run() throws {
        let source = PairImport(path: file, dropsContradictions: dropContradictions)
        let summary = try out.map { out in try written(to: out) { file in try source.run { try file.write($0) } } }
            ?? source.run(write: nil)
        if output.json { return Terminal.raw(try JSONText.text(summary)) }
        if output.quiet { return Terminal.write(out.map { DisplayText.visible($0) } ?? "\(summary.writtenCount)") }
        Terminal.write(summary.text + (out.map { " Wrote \(DisplayText.visible($0))." } ?? " Nothing was written: give a file with --out."))
    }
}

struct PairsStatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Count preference pairs, by origin, length, margin and contradictions.",
        discussion: """
            Looks at the database, or at a file in any form that `agon pairs import` reads. With a tokenizer lengths \
            are in tokens.

            Example: agon pairs stats --arena quickstart --tokenizer agents/ada
            """)

    @Argument(help: "A file with preferences. (default: the database)")
    var file: String?
    @Option(help: ArgumentHelp("A model folder, or an agent's, whose tokenizer counts.", valueName: "folder"))
    var tokenizer: String?
    @OptionGroup var pairs: PairFilterOptions
    @OptionGroup var database: DatabaseOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if file != nil, pairs.isGiven { throw ValidationError("A file has no rows to choose from: the filters are for the database.") }
    }

    func run() throws {
        let tokenizer = try tokenizer.map { try PairTokens.tokenizer(in: $0) }
        let statistics = try file.map { try PairStatistics(file: $0, tokenizer: tokenizer) }
            ?? PairStatistics(ArenaStore.readOnly(path: database.path), pairs.filter, tokenizer: tokenizer)
        if output.json { return Terminal.raw(try JSONText.text(statistics)) }
        Terminal.write(output.quiet ? "\(statistics.pairCount)" : statistics.text(width: Terminal.listingWidth))
    }
}
