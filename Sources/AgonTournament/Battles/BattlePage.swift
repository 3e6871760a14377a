import AgonRatings
import Foundation

/// A battle log's board as the same kinds of files that a run's report has.
public struct BattlePage {
    private let board: BattleBoard
    private let names: [String]

    init(_ board: BattleBoard) {
        self.board = board
        names = board.board.rows.map { DisplayText.name($0.name) }
    }

    /// Writes `report.html`, `report.md`, `report.json`, `standings.csv` and `badge.svg` into a folder, which is made where it
    /// is missing.
    /// - Throws: faults of the file system.
    public static func write(_ board: BattleBoard, to folder: String) throws {
        let page = BattlePage(board)
        try ReportFolder.write(
            [
                ("report.md", board.markdown + "\n"), ("standings.csv", board.csv), ("report.json", try JSONText.text(board)),
                ("badge.svg", page.badge), ("report.html", page.html),
            ], to: folder)
    }

    private var badge: String {
        let leader = board.board.rows.first.map { "\(DisplayText.name($0.name, limit: 24)) \(ReportNumber.rating($0.rating.value))" }
        return Badge.text(left: DisplayText.name((board.file as NSString).lastPathComponent, limit: 40), right: leader ?? "no battle")
    }

    /// The whole document.
    var html: String {
        let title = "\(DisplayText.name((board.file as NSString).lastPathComponent, limit: 80)): \(headline)"
        let document = Markup(.html, ["lang": "en"]) {
            Markup(.head) {
                Markup(.meta, ["charset": "utf-8"])
                Markup(.meta, ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                Markup(.meta, ["http-equiv": "Content-Security-Policy", "content": PageScript.policy])
                Markup(.meta, ["name": "color-scheme", "content": "light dark"])
                Markup(.title) { title }
                PageStyle.sheet
            }
            Markup(.body) {
                Markup(.header) {
                    Markup(.p, ["class": "eyebrow"]) { board.summary }
                    Markup(.h1) { headline }
                }
                Markup(.main) {
                    section("leaderboard", "Leaderboard") { leaderboard }
                    matrix
                    circles
                    section("notes", "What must be said beside it") {
                        Markup(.ul, ["class": "claims"]) { for note in board.notes { Markup(.li) { note } } }
                    }
                }
                Markup.script(PageScript.source)
            }
        }
        return "<!DOCTYPE html>\n" + document.html
    }

    /// Who leads, and whether that is sure.
    private var headline: String {
        guard let first = board.board.rows.first else { return "No battle" }
        let tied = board.board.rows.filter { $0.island == first.island && $0.rankLow == 1 }
        let rating = "\(ReportNumber.fixed(first.rating.value, decimals: board.decimals)) [\(ReportNumber.fixed(first.rating.low, decimals: board.decimals)), \(ReportNumber.fixed(first.rating.high, decimals: board.decimals))]"
        return tied.count > 1 ? "\(names[0]) is first at \(rating); \(tied.count) may be" : "\(names[0]) leads at \(rating)"
    }

    private func section(_ id: String, _ title: String, _ prose: String? = nil, @MarkupBuilder _ content: () -> [Markup]) -> Markup {
        Markup(.section, ["id": id, "aria-labelledby": "\(id)-title"]) {
            Markup(.h2, ["id": "\(id)-title"]) { title }
            if let prose { Markup(.p, ["class": "prose"]) { prose } }
            content()
        }
    }

    private var leaderboard: Markup {
        Markup(.div, ["class": "scroll wide"]) {
            Markup(.table, ["class": "board sortable"]) {
                Markup(.caption, ["class": "unseen"]) { "Standings" }
                Markup(.thead) {
                    Markup(.tr) {
                        for column in board.columns { Markup(.th, ["scope": "col", "class": column.isNumber ? "n" : ""]) { column.title } }
                        Markup(.th, ["scope": "col", "data-fixed": ""]) { "interval" }
                    }
                }
                Markup(.tbody) {
                    for (index, cells) in board.cells.enumerated() {
                        Markup(.tr, ["data-agent": names[index]]) {
                            for (column, cell) in cells.enumerated() {
                                if column == 1 {
                                    Markup(.th, ["scope": "row"]) { cell }
                                } else {
                                    Markup(.td, ["class": column == 2 ? "n key" : "n"]) { cell }
                                }
                            }
                            Markup(.td) { whisker(board.board.rows[index].rating, names[index]) }
                        }
                    }
                }
            }
        }
    }

    private func whisker(_ rating: Interval, _ name: String) -> Markup {
        let axis = ChartAxis(
            values: board.board.rows.map(\.rating.value), intervals: board.board.rows.flatMap { [$0.rating.low, $0.rating.high] }, bounds: nil,
            smallest: board.decimals == 0 ? 100 : 1)
        func x(_ value: Double) -> String { LineChart.digits(axis.place(value) * 160) }
        return Markup(.svg, ["class": "whisker", "viewBox": "0 0 160 16", "role": "img"]) {
            Markup(.title) { "\(name): \(ReportNumber.fixed(rating.low, decimals: board.decimals)) to \(ReportNumber.fixed(rating.high, decimals: board.decimals))" }
            Markup(.path, ["class": "rail", "d": "M0 8H160"])
            Markup(.path, ["class": "line s0", "d": "M\(x(rating.low)) 8H\(x(rating.high))"])
            Markup(.path, ["class": "dot s0", "d": "M\(x(rating.value)) 8h0"])
        }
    }

    private var circles: Markup? {
        board.cycles.map { cycles in
            section("circles", "What the ratings hide", cycles.sentences[0]) {
                Markup(.ul, ["class": "claims"]) { for circle in cycles.sentences.dropFirst() { Markup(.li) { circle } } }
                for table in cycles.tables {
                    Markup(.h3, ["id": table.id]) { table.title }
                    Markup(.p, ["class": "prose"]) { table.prose }
                    table.markup
                }
            }
        }
    }

    /// The most players whose every meeting a page holds.
    private static let pairLimit = 400

    private var matrix: Markup? {
        guard let table = board.table, !table.pairs.isEmpty else { return nil }
        let place = Dictionary(uniqueKeysWithValues: board.board.rows.enumerated().map { ($1.name, $0) })
        // What the ratings expect, by a fit with ties as half wins, which has no scale but the battles' own.
        let fit = names.count <= BattlePage.pairLimit ? try? BattleFit(table) : nil
        func expected(_ pair: BattleTable.Pair) -> Double? { fit?.expectedScore(Int(pair.first), Int(pair.second)) }
        var met: [[Int]: BattleTable.Pair] = [:]
        var entries: [String] = []
        for pair in table.pairs {
            guard let one = place[table.names[Int(pair.first)]], let other = place[table.names[Int(pair.second)]] else { continue }
            met[[one, other]] = pair
            guard names.count <= BattlePage.pairLimit else { continue }
            let (wins, losses) = one < other ? (pair.wins, pair.losses) : (pair.losses, pair.wins)
            entries.append("\(min(one, other)) \(max(one, other)) \(LineChart.digits(wins)) \(LineChart.digits(pair.ties)) \(LineChart.digits(losses)) \(expected(pair).map { Int((1000 * (one < other ? $0 : 1 - $0)).rounded()) } ?? -1)")
        }
        let shown = min(names.count, Charts.agentLimit)
        let cells = (0..<shown).map { row in
            (0..<shown).map { column -> HeatMap.Cell? in
                let (pair, isTurned) = (met[[row, column]] ?? met[[column, row]], met[[row, column]] == nil)
                guard let pair, pair.weight > 0 else { return nil }
                let score = isTurned ? 1 - pair.points / pair.weight : pair.points / pair.weight
                let counts = isTurned ? [pair.losses, pair.ties, pair.wins] : [pair.wins, pair.ties, pair.losses]
                let expectation = expected(pair).map { "expected \(ReportNumber.percent(isTurned ? 1 - $0 : $0))" }
                return HeatMap.Cell(
                    value: score, text: ReportNumber.percent(score), notes: [counts.map(board.weight).joined(separator: "/")] + [expectation].compactMap { $0 })
            }
        }
        let rest = shown < names.count ? " The first \(shown) of \(names.count) players are shown\(names.count <= BattlePage.pairLimit ? "; with scripts any two can be looked up" : "")." : ""
        return section(
            "head-to-head", "Who beats whom",
            "The score of the player in the row against the player in the column: wins count 1, ties ½. Below it wins, ties and losses, and the score that the ratings expect.\(rest)"
        ) {
            HeatMap(caption: "Head-to-head scores", corner: "row against column", names: Array(names.prefix(shown)), cells: cells).markup()
            entries.isEmpty ? nil : Markup(.div, ["id": "pairs", "data-pairs": entries.joined(separator: ";"), "hidden": ""])
        }
    }
}
