import AgonTournament
import ArgumentParser
import Foundation

/// How battles become a board, and how it is printed.
struct RatingOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, markdown, csv
    }

    @Option(help: ArgumentHelp("How it is rated: \(BattleBoard.systems.joined(separator: ", ")).", valueName: "name"))
    var system: String?
    @Option(help: ArgumentHelp("Whose rating is known: a player's name, or NAME=RATING. (default: the mean is 1000)", valueName: "name"))
    var anchor: String?
    @Option(parsing: .unconditional, help: ArgumentHelp("Intervals by so many bootstrap replicates.", valueName: "count"))
    var bootstrap: Int?
    @Option(parsing: .unconditional, help: ArgumentHelp("Decides what is drawn at random.", valueName: "number"), transform: seed(_:))
    var seed: UInt64 = 1
    @Flag(help: "Say what the ratings hide: circles, pairs that surprise, Nash averaging and alpha-rank.")
    var cycles = false
    @Option(help: "How the board is printed. (default: table)")
    var format: Format?

    /// Whether anything but the system was asked for.
    var isGiven: Bool { anchor != nil || bootstrap != nil || format != nil || cycles }

    func options(covariates: [String], skipsBothBad: Bool = false) -> BattleBoard.Options {
        var options = BattleBoard.Options(anchor: anchor, bootstrap: bootstrap, covariates: covariates, skipsBothBad: skipsBothBad, seed: seed,
            showsCycles: cycles)
        if let system { options.system = system }
        return options
    }

    func show(_ board: BattleBoard, _ output: OutputOptions) throws {
        if output.json { return Terminal.raw(try JSONText.text(board)) }
        if output.quiet { return Terminal.write(board.players.map { DisplayText.visible($0) }.joined(separator: "\n")) }
        switch format ?? .table {
        case .table: Terminal.write(board.text(width: Terminal.listingWidth))
        case .markdown: Terminal.write(board.markdown)
        case .csv: Terminal.raw(board.csv)
        }
    }
}

struct RateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rate", abstract: "Rate anyone's battles: a log in, a leaderboard out.",
        discussion: """
            Reads CSV (columns such as model_a, model_b, winner; or players, ranks), JSON Lines with the same keys, \
            and PGN. Each rating has its 95 % interval and the places that it leaves open; who cannot be compared, who \
            never won and where one number misleads is said below.

            Example: agon rate battles.csv --anchor gpt-x=1200 --bootstrap 1000
            """)

    @Argument(help: "The log; - is the standard input.")
    var file: String
    @Option(help: ArgumentHelp("Columns that the contextual system rates with, with a comma between.", valueName: "columns"))
    var covariates: String?
    @Flag(help: "Leave out ties in which both were bad.")
    var skipBothBad = false
    @Option(help: ArgumentHelp("Write the board as a page, Markdown, JSON, CSV and a badge into this folder as well.", valueName: "folder"))
    var out: String?
    @OptionGroup var rating: RatingOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let columns = covariates.map { $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } } ?? []
        let board = try await BattleBoard.rate(file, options: rating.options(covariates: columns, skipsBothBad: skipBothBad))
        if let out { try BattlePage.write(board, to: out) }
        try rating.show(board, output)
        if let out, !output.json, !output.quiet { Terminal.write("\nreport: \(DisplayText.visible(out))/report.html", to: .standardError) }
    }
}
