public import AgonRatings

/// What the ratings of a board hide: circles, pairs that surprise, and two views of the players without a ranking.
public struct BattleCycles: Sendable, Hashable, Codable {
    /// Two players whose result the ratings do not expect.
    public struct Surprise: Sendable, Hashable, Codable {
        public var first: String
        public var second: String
        public var battles: Double
        /// Share of the points of the first, and what the ratings expect of it.
        public var score: Double
        public var expected: Double
        /// How far apart, in standard errors.
        public var standardErrors: Double
    }

    public var circles: Intransitivity
    /// The pairs that surprise most, of those that met often enough; at most ten.
    public var surprises: [Surprise]

    private static let surpriseLimit = 10

    /// By a fit with ties as half wins.
    /// - Throws: `RatingError` where the table cannot be fitted.
    init(_ table: BattleTable) throws {
        let fit = try BattleFit(table)
        circles = Intransitivity(fit)
        surprises = WinMatrix(fit).surprises(Self.surpriseLimit).map { cell in
            Surprise(
                first: table.names[cell.first], second: table.names[cell.second], battles: cell.battles,
                score: cell.points / cell.battles, expected: cell.expected / cell.battles, standardErrors: cell.surprise)
        }
    }

    /// In sentences: how much no ranking explains, and the circles.
    var sentences: [String] {
        let share = "\(ReportNumber.percent(circles.cyclicShare)) of what the pairs say is explained by no ranking"
        let test = circles.degrees > 0
            ? " (χ² \(ReportNumber.fixed(circles.chiSquare, decimals: 1)) on \(circles.degrees) degrees of freedom, p \(probability(circles.pValue)))" : ""
        let triples = "\(ReportNumber.count(circles.cyclicTripleCount)) of \(ReportNumber.count(circles.strictTripleCount)) triples go in a circle"
        return ["\(share)\(test); \(triples)."] + circles.cycles.map { cycle in
            "\(cycle.names.map { DisplayText.name($0) }.joined(separator: " beats ")) beats \(DisplayText.name(cycle.names[0])), p \(probability(cycle.pValue))."
        }
    }

    private func probability(_ value: Double) -> String { value < 0.0001 ? "below 0.0001" : ReportNumber.fixed(value, decimals: 4) }

    var tables: [ReportTable] {
        let members = ReportTable(
            id: "nash", title: "Without a ranking",
            prose: "Nash share: how often a player whom no mixture beats would send each; skill: what each takes from that mixture, in rating points; alpha-rank: how long a population that copies winners stays with each.",
            columns: [("player", false), ("Nash share", true), ("skill", true), ("alpha-rank", true)],
            rows: circles.nash.map { member in
                [
                    DisplayText.name(member.name), ReportNumber.percent(member.nashShare), ReportNumber.signed(member.nashSkill),
                    ReportNumber.percent(member.alphaRank),
                ]
            }, agents: circles.nash.map(\.name))
        let pairs = ReportTable(
            id: "surprises", title: "Pairs that surprise most", prose: "What was seen against what the ratings expect, of pairs that met often enough.",
            columns: [("pair", false), ("battles", true), ("seen", true), ("expected", true), ("standard errors", true)],
            rows: surprises.map { pair in
                [
                    "\(DisplayText.name(pair.first)) against \(DisplayText.name(pair.second))", ReportNumber.count(Int(pair.battles.rounded())),
                    ReportNumber.percent(pair.score), ReportNumber.percent(pair.expected), ReportNumber.fixed(pair.standardErrors, decimals: 1),
                ]
            })
        return [members, pairs].filter { !$0.rows.isEmpty }
    }
}
