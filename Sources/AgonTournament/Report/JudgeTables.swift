import AgonCore

/// What Markdown and HTML show of judges, table by table.
struct JudgeTables {
    /// Those that have rows.
    let tables: [ReportTable]

    private static let versionLimit = 12

    init(_ report: Report) {
        guard let records = report.judging else {
            tables = []
            return
        }
        let builder = Builder(records: records, updates: report.updates)
        tables = [
            builder.alarms(), builder.losses(), builder.judges(), builder.versions(), builder.agreement(), builder.people(), builder.cost(),
            builder.dropped(),
        ].filter { !$0.rows.isEmpty }.map(\.withoutEmptyColumns)
    }

    private struct Builder {
        let records: JudgingRecords
        let updates: [UpdateRecord]

        func alarms() -> ReportTable {
            ReportTable(
                id: "alarms", title: "Alarms", prose: "Rounds in which the judge looked exploited, by what gold said on canaries.",
                columns: [("round", true), ("judge", false), ("what was seen", false), ("what was done", false)],
                rows: spells.map { spell in
                    let alarm = spell[0]
                    let last = spell[spell.count - 1].round
                    let more = spell.count == 1 ? "" : " Likewise in each round until \(last)."
                    return [
                        last == alarm.round ? String(last) : "\(alarm.round)–\(last)", name(alarm.judge),
                        DisplayText.truncated(alarm.sentence, limit: 300) + more, action(alarm),
                    ]
                })
        }

        func losses() -> ReportTable {
            ReportTable(
                id: "losses", title: "Judges that were lost",
                prose: "Members that left their panel, which went on without them; pairs that waited for them alone are void.",
                columns: [("round", true), ("judge", false), ("why", false)],
                rows: records.losses.map { loss in
                    [String(loss.round), DisplayText.name(loss.judge), DisplayText.truncated(loss.sentence, limit: 300)]
                })
        }

        /// Alarms of one judge in rounds that follow one another, with nothing but a word said, as one.
        private var spells: [[AlarmRecord]] {
            records.alarms.reduce(into: []) { spells, alarm in
                if let last = spells.last?.last, last.judge == alarm.judge, last.action == alarm.action, alarm.action != .rollback,
                    alarm.round == last.round + 1
                {
                    spells[spells.count - 1].append(alarm)
                } else {
                    spells.append([alarm])
                }
            }
        }

        private func action(_ alarm: AlarmRecord) -> String {
            switch alarm.action {
            case .warn: return "said so"
            case .pause: return "promoted nothing"
            case .rollback:
                let returns = updates.filter { $0.round == alarm.round && $0.isReturn }
                guard !returns.isEmpty else { return "promoted nothing; learners were at their best versions" }
                return returns.map { "\(DisplayText.name($0.agent)) went back from v\($0.fromVersion) to v\($0.toVersion ?? 0)" }
                    .joined(separator: ", ")
            }
        }

        func judges() -> ReportTable {
            let shares = [
                ("position_consistency", "same in both orders"), ("first_shown_rate", "first shown wins"),
                ("lower_seat_rate", "lower seat wins"), ("tie_rate", "ties"), ("void_rate", "void"),
            ]
            let rows = records.judges.compactMap { judge -> [String]? in
                func mean(_ measure: String) -> (estimate: Estimate, count: Int)? {
                    records.mean(measure) { $0.judge.name == judge }
                }
                let values = shares.map { mean($0.0) }
                guard values.contains(where: { $0 != nil }) else { return nil }
                let accuracy = mean("accuracy")
                return [
                    DisplayText.name(judge), accuracy.map { ReportNumber.percent($0.estimate) } ?? ReportNumber.missing,
                    ReportNumber.count(accuracy?.count ?? 0),
                ] + values.map { $0.map { ReportNumber.percent($0.estimate.value) } ?? ReportNumber.missing } + [
                    circles(judge), correlation(judge),
                    records.measures.last { $0.judge.name == judge && $0.measure == "weight" }.map { decimals($0.value) }
                        ?? ReportNumber.missing,
                    ReportNumber.count(mean("void_rate")?.count ?? 0),
                ]
            }
            return ReportTable(
                id: "judges", title: "The judges in numbers",
                prose: "Over all rounds. Right: the share of canary pairs on which the judge agrees with gold, ties half, with its 95% interval. "
                    + "A judge that sees order is asked in both; one that does not has no such number. Length ρ is Spearman's between an "
                    + "answer's length and what the judge thinks of it; weight is the log-odds by which a panel weighs a member.",
                columns: [("judge", false), ("right", true), ("canary pairs", true)] + shares.map { ($0.1, true) }
                    + [("rooms in a circle", true), ("length ρ", true), ("weight", true), ("votes", true)],
                rows: rows)
        }

        /// In how many rooms its votes ran in a circle, which then tie.
        private func circles(_ judge: String) -> String {
            let found = records.measures.filter { $0.judge.name == judge && $0.measure == "cyclic_rooms" }
            return found.isEmpty ? ReportNumber.missing : ReportNumber.count(Int(found.reduce(0) { $0 + $1.value }))
        }

        private func correlation(_ judge: String) -> String {
            let found = records.measures.filter {
                $0.judge.name == judge && $0.measure == "length_correlation" && $0.value.isFinite && $0.count > 0
            }
            let count = found.reduce(0) { $0 + $1.count }
            guard count > 0 else { return ReportNumber.missing }
            return decimals(found.reduce(0) { $0 + $1.value * Double($1.count) } / Double(count))
        }

        func versions() -> ReportTable {
            let measured = records.versions.compactMap { version in
                records.mean("accuracy") { $0.judge == JudgeID(name: version.name, version: version.version) }
                    .map { (version, $0) }
            }
            guard measured.count > 1 else { return ReportTable(id: "versions", title: "", prose: "", columns: [], rows: []) }
            let best = measured.sorted { ($1.1.estimate.value, $0.0.name, $0.0.version) < ($0.1.estimate.value, $1.0.name, $1.0.version) }
            var shown = Array(best.prefix(JudgeTables.versionLimit))
            if let newest = measured.max(by: { $0.0.round < $1.0.round }), !shown.contains(where: { $0.0 == newest.0 }) { shown.append(newest) }
            return ReportTable(
                id: "judge-versions", title: "Versions of the judge",
                prose: (measured.count > shown.count ? "The \(JudgeTables.versionLimit) most accurate of \(measured.count), and the newest. " : "")
                    + "Each met the canaries of its own rounds, written by the agents of that time: later ones are harder.",
                columns: [("judge", false), ("made in round", true), ("from", false), ("right on canaries", true), ("canary pairs", true)],
                rows: shown.map { version, accuracy in
                    [
                        name(JudgeID(name: version.name, version: version.version)), String(version.round),
                        parent(version), ReportNumber.percent(accuracy.estimate), ReportNumber.count(accuracy.count),
                    ]
                })
        }

        private func parent(_ version: VersionRecord) -> String {
            let parent = records.versions.first { $0.name == version.name && $0.hash == version.parent }
            return parent.map { "v\($0.version)" } ?? ReportNumber.missing
        }

        func agreement() -> ReportTable {
            let prefix = "cohen_kappa/"
            let pairs = Set(records.measures.filter { $0.measure.hasPrefix(prefix) }.map { [$0.judge.name, $0.measure] })
                .sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }
            func row(_ one: String, _ other: String, _ measure: String, _ judge: String) -> [String] {
                let found = records.measures.filter { $0.judge.name == judge && $0.measure == measure && $0.value.isFinite && $0.count > 0 }
                let count = found.reduce(0) { $0 + $1.count }
                let value = count == 0 ? .nan : found.reduce(0) { $0 + $1.value * Double($1.count) } / Double(count)
                return [one, other, decimals(value), ReportNumber.count(count)]
            }
            var rows = pairs.map { row(DisplayText.name($0[0]), DisplayText.name(String($0[1].dropFirst(prefix.count))), $0[1], $0[0]) }
            if let panel = records.measures.first(where: { $0.measure == "krippendorff_alpha" })?.judge.name {
                rows.append(row("all members", "Krippendorff's α", "krippendorff_alpha", panel))
            }
            return ReportTable(
                id: "agreement", title: "Agreement between judges",
                prose: "Cohen's κ of each two members, Krippendorff's α of all: 1 is full agreement, 0 what chance gives. Means over rounds.",
                columns: [("judge", false), ("with", false), ("κ or α", true), ("on", true)], rows: rows)
        }

        func people() -> ReportTable {
            let comparisons = (records.people?.withJudges ?? []) + (records.people?.betweenPeople ?? [])
            return ReportTable(
                id: "people", title: "People's votes",
                prose: "From `agon vote`, given blind. Intervals are clustered by prompt.",
                columns: [("person", false), ("with", false), ("pairs", true), ("agree", true), ("Cohen's κ", true), ("void", true)],
                rows: comparisons.map { comparison in
                    [
                        DisplayText.name(comparison.person), DisplayText.name(comparison.other), ReportNumber.count(comparison.pairCount),
                        comparison.agreement.map { ReportNumber.percent($0) } ?? ReportNumber.missing,
                        comparison.kappa.map { "\(decimals($0.value)) [\(decimals($0.low)), \(decimals($0.high))]" } ?? ReportNumber.missing,
                        ReportNumber.count(comparison.voidCount),
                    ]
                })
        }

        /// Of judges that ask something outside.
        func cost() -> ReportTable {
            func sum(_ measure: String, _ judge: String) -> Double {
                records.measures.reduce(0) { $0 + ($1.judge.name == judge && $1.measure == measure && $1.value.isFinite ? $1.value : 0) }
            }
            let asked = records.judges.filter { sum("tokens", $0) > 0 || sum("cost", $0) > 0 || sum("seconds_per_verdict", $0) > 0 }
            return ReportTable(
                id: "cost", title: "What judging cost",
                prose: "Of judges that ask an endpoint; the cost is in the currency of the judge's prices.",
                columns: [
                    ("judge", false), ("verdicts", true), ("cost", true), ("cost a verdict", true), ("seconds a verdict", true),
                    ("tokens", true), ("from the cache", true), ("retries", true),
                ],
                rows: asked.map { judge in
                    let each = records.mean("seconds_per_verdict") { $0.judge.name == judge }
                    let verdicts = each?.count ?? 0
                    let cached = records.mean("cached_share") { $0.judge.name == judge }
                    return [
                        DisplayText.name(judge), ReportNumber.count(verdicts), ReportNumber.metric(sum("cost", judge)),
                        verdicts == 0 ? ReportNumber.missing : ReportNumber.metric(sum("cost", judge) / Double(verdicts)),
                        seconds(judge), ReportNumber.metric(sum("tokens", judge)),
                        cached.map { ReportNumber.percent($0.estimate.value) } ?? ReportNumber.missing,
                        ReportNumber.metric(sum("retries", judge)),
                    ]
                })
        }

        private func seconds(_ judge: String) -> String {
            let found = records.measures.filter { $0.judge.name == judge && $0.measure == "seconds_per_verdict" && $0.value.isFinite }
            let count = found.reduce(0) { $0 + $1.count }
            return count == 0 ? ReportNumber.missing : ReportNumber.metric(found.reduce(0) { $0 + $1.value * Double($1.count) } / Double(count))
        }

        func dropped() -> ReportTable {
            let prefix = "pairs_dropped/"
            let words = [
                "score_margin": "the judge's scores were too close", "margin": "the ranking's points were too close",
                "near_duplicates": "the answers were nearly the same", "length": "the lengths were too different",
                "cap": "the agent had its share",
            ]
            let rules = Set(records.measures.map(\.measure).filter { $0.hasPrefix(prefix) }).sorted()
            return ReportTable(
                id: "dropped", title: "Pairs that nobody trains on", prose: "Preference pairs that a rule of the arena's `pairs` dropped.",
                columns: [("why", false), ("dropped", true), ("in rounds", true)],
                rows: rules.map { rule in
                    let found = records.measures.filter { $0.measure == rule && $0.value.isFinite }
                    let count = found.reduce(0) { $0 + ($1.value * Double($1.count)).rounded() }
                    let key = String(rule.dropFirst(prefix.count))
                    return [words[key] ?? DisplayText.name(key), ReportNumber.count(Int(count)), ReportNumber.count(found.count)]
                })
        }

        private func name(_ judge: JudgeID) -> String { "\(DisplayText.name(judge.name)) v\(judge.version)" }

        private func decimals(_ value: Double) -> String { ReportNumber.fixed(value, decimals: 2) }
    }
}
