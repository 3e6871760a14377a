extension VoteAgreement {
    /// The numbers as lines for a terminal.
    public func text(width: Int) -> String {
        let name = DisplayText.name(run, limit: 200)
        guard !people.isEmpty else { return "Nobody has voted on \(name) yet." }
        let votes = people.reduce(0) { $0 + $1.voteCount }
        var lines = ["\(name): \(Self.count(votes, "vote")) of \(Self.count(people.count, "person", "people")) on \(Self.count(pairCount, "pair"))."]
        lines += [""] + table(
            ["person", "votes", "first shown", "second shown", "ties", "learned from"],
            people.map { voter in
                [voter.name] + [voter.voteCount, voter.firstShownCount, voter.secondShownCount, voter.tieCount, voter.usedCount]
                    .map(ReportNumber.count)
            }, texts: 1, width)
        let comparisons = withJudges + betweenPeople
        if !comparisons.isEmpty {
            lines += [""] + table(
                ["person", "with", "pairs", "agree", "Cohen's κ", "one tie", "void"],
                comparisons.map { comparison in
                    [
                        comparison.person, comparison.other, ReportNumber.count(comparison.pairCount),
                        comparison.agreement.map { ReportNumber.percent($0) } ?? ReportNumber.missing,
                        Self.number(comparison.kappa), ReportNumber.count(comparison.oneTieCount),
                        ReportNumber.count(comparison.voidCount),
                    ]
                }, texts: 2, width)
        }
        let alphas = [(people.count > 1 ? "among people" : nil, alphaOfPeople), ("among people and judges", alphaOfAll)]
            .compactMap { name, alpha in name.map { "\(Self.number(alpha.value)) \($0) (\(Self.count(alpha.voteCount, "vote")))" } }
        return (lines + ["", "Krippendorff's α: \(alphas.joined(separator: ", "))."]).joined(separator: "\n")
    }

    private static func number(_ value: Double?) -> String { value.map { ReportNumber.fixed($0, decimals: 2) } ?? ReportNumber.missing }

    private static func number(_ estimate: Estimate?) -> String {
        guard let estimate else { return ReportNumber.missing }
        return "\(number(estimate.value)) [\(number(estimate.low)), \(number(estimate.high))]"
    }

    private static func count(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
        "\(ReportNumber.count(count)) \(count == 1 ? noun : plural ?? noun + "s")"
    }

    private func table(_ titles: [String], _ rows: [[String]], texts: Int, _ width: Int) -> [String] {
        TextTable(
            columns: titles.enumerated().map { .init(title: $1, isNumber: $0 >= texts, expendability: 0) },
            rows: rows.map { row in row.map { DisplayText.visible($0) } }, flexibleColumn: 0
        ).lines(width: width)
    }
}
