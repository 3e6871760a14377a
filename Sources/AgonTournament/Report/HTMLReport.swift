import AgonCore

/// `report.html`: the whole report as one self-contained page.
///
/// Nothing is loaded and one script runs, that of `PageScript`: the content policy forbids all else, so that text of hostile
/// models stays text even where escaping failed. Readable on a phone, in the dark, on paper and by ear.
public enum HTMLReport {
    /// The whole document.
    /// - Parameter refresh: seconds after which a browser loads the file again; nil: never.
    public static func text(_ report: Report, refresh: Int? = nil) -> String {
        let findings = ReportFindings(report)
        let page = Page(report: report, findings: findings, styles: ChartStyle.styles(report))
        let title = "\(DisplayText.name(report.arena, limit: 80)): \(findings.headline)"
        let document = Markup(.html, ["lang": "en"]) {
            Markup(.head) {
                Markup(.meta, ["charset": "utf-8"])
                Markup(.meta, ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                Markup(
                    .meta,
                    ["http-equiv": "Content-Security-Policy", "content": PageScript.policy])
                if let refresh { Markup(.meta, ["http-equiv": "refresh", "content": "\(refresh)"]) }
                Markup(.meta, ["name": "color-scheme", "content": "light dark"])
                Markup(.title) { title }
                PageStyle.sheet
            }
            Markup(.body) {
                page.header()
                Markup(.main) { page.sections() }
                page.footer()
                Markup.script(PageScript.source)
            }
        }
        return "<!DOCTYPE html>\n" + document.html
    }

    /// The page's parts, top to bottom.
    struct Page {
        var report: Report
        var findings: ReportFindings
        var styles: [String: ChartStyle]

        func sections() -> [Markup] {
            let first = [leaderboard()] + tableSections(ReportTables.leading) + [ratingSection()] + tableSections(["versions"])
            let middle = [learningSection(), headToHeadSection()] + tableSections(["seats", "tags"])
            let last = [
                judgeSection(), judgeTableSection(), trainingSection(), gateSection(), roomSection(), readingSection(),
                factSection(),
            ]
            return (first + middle + last).compactMap { $0 }
        }

        func header() -> Markup {
            Markup(.header) {
                Markup(.p, ["class": "eyebrow"]) {
                    Markup(.strong) { DisplayText.name(report.arena, limit: 80) }
                    " · \(report.kind == .game ? "game" : "prompts") · "
                    report.roundCount == 1 ? "1 round" : "\(report.roundCount) rounds"
                    " · seed \(report.seed)"
                }
                Markup(.h1) { findings.headline }
                if !findings.lead.isEmpty {
                    Markup(.p, ["class": "lead"]) { findings.lead }
                }
                tiles()
            }
        }

        func footer() -> Markup {
            Markup(.footer) {
                Markup(.p) {
                    "Run \(DisplayText.name(report.runID, limit: 160)). The same configuration and seed give the same signature."
                }
            }
        }

        func section(_ id: String, _ title: String, _ prose: String? = nil, @MarkupBuilder _ content: () -> [Markup])
            -> Markup
        {
            Markup(.section, ["id": id, "aria-labelledby": "\(id)-title"]) {
                Markup(.h2, ["id": "\(id)-title"]) { title }
                if let prose { Markup(.p, ["class": "prose"]) { prose } }
                content()
            }
        }

        private func tiles() -> Markup? {
            var tiles = findings.learners.prefix(4).compactMap(learnerTile)
            if let last = report.judgeHealth?.last(where: { $0.canaryPairCount > 0 }) {
                tiles.append(
                    tile(
                        label: "judge", style: nil, value: ReportNumber.percent(last.accuracy),
                        notes: ["Right on canaries, round \(last.round)", "95% interval \(ReportNumber.percent(last.low)) to \(ReportNumber.percent(last.high))"],
                        claims: findings.judgeClaim.map { [($0, findings.judgeTone)] } ?? []))
            }
            if !report.updates.isEmpty {
                let promoted = report.updates.count(where: \.isPromotion)
                tiles.append(
                    tile(
                        label: "updates", style: nil, value: "\(promoted) of \(report.updates.count)",
                        notes: ["Promoted", "Each candidate plays its parent first"], claims: []))
            }
            return tiles.isEmpty ? nil : Markup(.div, ["class": "tiles"]) { tiles }
        }

        /// What one learner gained, and beside it what it may have lost by that.
        private func learnerTile(_ findings: [ReportFindings.Learning]) -> Markup? {
            guard let main = findings.first else { return nil }
            func way(_ learning: ReportFindings.Learning) -> String {
                "\(learning.measure.text(learning.first.value)) → \(learning.measure.text(learning.last.value))"
            }
            let others = findings.dropFirst().map { learning in
                "\(learning.measure.title): \(way(learning)), \(learning.measure.text(change: learning.change))"
            }
            return tile(
                label: main.agent, style: styles[main.agent], value: way(main),
                notes: [
                    main.measure.title,
                    "\(main.measure.text(change: main.change)), v\(main.firstVersion) to v\(main.lastVersion)",
                ] + others,
                claims: findings.map { learning in
                    (findings.count == 1 ? learning.claim : "\(learning.measure.label): \(learning.claim)", learning.tone)
                })
        }

        private func tile(
            label: String, style: ChartStyle?, value: String, notes: [String], claims: [(text: String, tone: ReportFindings.Tone)]
        ) -> Markup {
            Markup(.div, ["class": "tile"]) {
                Markup(.p, ["class": "label"]) {
                    label
                    style.map(LineChart.swatch)
                }
                Markup(.p, ["class": "value"]) { value }
                for note in notes { Markup(.p, ["class": "note"]) { note } }
                Markup(.div, ["class": "verdicts"]) {
                    for claim in claims { Markup(.p, ["class": "claim \(claim.tone.rawValue)"]) { claim.text } }
                }
            }
        }
    }
}
