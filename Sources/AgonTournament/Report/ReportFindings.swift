import AgonCore

/// What a run showed, in sentences: computed once, said alike by every format.
struct ReportFindings {
    /// Whether a change can be told from chance.
    enum Tone: String {
        case good, neutral, bad
    }

    /// A learner's first and last value on one held-out measure.
    struct Learning {
        var agent: String
        var measure: ReportMeasure
        var first: Estimate
        var firstVersion: Int
        var last: Estimate
        var lastVersion: Int
        var change: Estimate
        var tone: Tone

        /// The claim in two or three words.
        var claim: String {
            switch tone {
            case .good: "training helped"
            case .neutral: "no clear change"
            case .bad: "training hurt"
            }
        }

        /// `gold accuracy, sampled: 60.2% [56.9, 63.4] at v0 → 87.1% [84.7, 89.2] at v20 (+26.9 ± 4.0 points): training helped`.
        var sentence: String {
            let title = measure.title.prefix(1).lowercased() + measure.title.dropFirst()
            return "\(title): \(measure.text(first)) at v\(firstVersion) → \(measure.text(last)) at v\(lastVersion) "
                + "(\(measure.text(change: change))): \(claim)"
        }

        /// The agent with its sentence: `ada: gold accuracy …`.
        var line: String { "\(agent): \(sentence)" }
    }

    /// Who leads, or first of all that the judge who says so is not trusted.
    var headline: String
    /// What else has to be said of the lead; empty where nothing has.
    var lead: String
    /// Why the ratings are not to be relied on: the judge is not trusted now. Nil where it is.
    var caution: String?
    /// Learners in the order of the standings, each with the measures that training is judged by.
    var learning: [Learning]
    /// How right the judge was; nil for games and before the first round.
    var judge: String?
    /// The same in a few words; nil where no canary measured it.
    var judgeClaim: String?
    var judgeTone: Tone
    /// When the judge looked exploited, what followed, and which member was lost; nil where nothing of it happened.
    var alarms: String?
    /// How people's votes agree with the judge; nil where nobody voted.
    var people: String?
    /// Which agents from outside are asked no more and who was revoked, and what answers cost.
    var losses: [String]
    var costs: [String]
    /// Where each learner's samples are, in runs whose rounds are played ahead.
    var samples: [String]
    /// How many updates were promoted; nil where there was no training.
    var updates: String?

    /// What moved since the last report, in a sentence; nil where there was none.
    var changes: String?

    init(_ report: Report) {
        changes = ReportFindings.changes(report)
        (headline, lead) = ReportFindings.lead(report)
        learning = ReportFindings.learning(report)
        (judge, judgeClaim, judgeTone) = ReportFindings.judge(report)
        caution = ReportFindings.caution(report)
        if caution != nil { headline = "Judge not trusted: \(headline)" }
        alarms = ReportFindings.alarms(report)
        people = ReportFindings.people(report)
        losses = (report.outsiders?.lossLines ?? []) + (report.revocations ?? []).map { DisplayText.visible($0.sentence) }
        costs = report.outsiders?.costLines ?? []
        updates = ReportFindings.updates(report)
        samples = (report.samples ?? []).map(\.line)
    }

    private static func changes(_ report: Report) -> String? {
        guard let previous = report.previous else { return nil }
        let before = Dictionary(previous.rows.map { ($0.agent, $0) }, uniquingKeysWith: { first, _ in first })
        let moved = zip(report.standings, report.ranks).compactMap { row, rank -> String? in
            guard row.role == .learner, let old = before[row.agent] else { return nil }
            let place = old.rank == rank ? "" : ", rank \(old.rank) → \(rank)"
            return "\(DisplayText.name(row.agent)) \(ReportNumber.signed(row.rating.value - old.rating))\(place)"
        }
        let rounds = report.roundCount - previous.roundCount
        let head = "since the last report (round \(previous.roundCount)): \(rounds == 1 ? "1 round" : "\(rounds) rounds")"
        return moved.isEmpty ? head : head + "; " + moved.prefix(4).joined(separator: "; ")
    }

    /// The findings of each learner, in the order of the standings.
    var learners: [[Learning]] {
        learning.reduce(into: []) { groups, finding in
            if groups.last?.first?.agent == finding.agent { groups[groups.count - 1].append(finding) } else { groups.append([finding]) }
        }
    }

    /// Rows that nobody among them is surely better than, the best first.
    private static func leaders(_ rows: [Standing]) -> [Standing] {
        zip(rows, IntervalRank.ranks(of: rows.map(\.rating))).filter { $0.1 == 1 }.map(\.0)
    }

    private static func lead(_ report: Report) -> (String, String) {
        let learners = report.standings.filter { $0.role == .learner }
        let pool = learners.isEmpty ? report.standings : learners
        guard let best = pool.first else { return ("No agents yet", "") }
        guard report.roundCount > 0, best.matchCount > 0 else {
            return ("No round is closed yet", "\(report.standings.count) agents are entered.")
        }
        let group = leaders(pool)
        let names = group.prefix(3).map { DisplayText.name($0.agent) }
        var notes: [String] = []
        var headline: String
        if group.count == 1 {
            headline = "\(names[0]) leads\(learners.count > 1 ? " the learners" : "") at \(ReportNumber.rating(best.rating))"
        } else {
            let joined = names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
            headline = group.count > 3 ? "\(group.count) agents share the lead" : "\(joined) share the lead"
            notes.append("\(names[0]) is at \(ReportNumber.rating(best.rating)); the intervals overlap.")
        }
        if let change = best.changeSinceFirst, change.halfWidth.isFinite {
            headline += "\(group.count == 1 ? "" : "; \(names[0])"), \(ReportNumber.change(change)) over its first version"
        }
        let above = report.standings.prefix { $0.agent != best.agent }
        if !above.isEmpty {
            let listed = above.prefix(3).map {
                "\(DisplayText.name($0.agent)) (\($0.part)) at \(ReportNumber.rating($0.rating))"
            }
            notes.append("Rated higher: \(listed.joined(separator: ", "))\(above.count > 3 ? " and others" : "").")
        }
        let distrusted = report.judgeHealth?.count { !$0.isTrusted } ?? 0
        if let caution = caution(report) {
            notes.insert(caution, at: 0)
        } else if distrusted > 0 {
            notes.append("The judge was not trusted in \(distrusted) of \(report.roundCount) rounds; the ratings rest on its verdicts in all of them.")
        }
        return (headline, notes.joined(separator: " "))
    }

    private static func learning(_ report: Report) -> [Learning] {
        let measures = ReportMeasure.judging(report.evaluations)
        return report.standings.filter { $0.role == .learner }.flatMap { row in
            measures.compactMap { learning(row.agent, $0, report.evaluations) }
        }
    }

    private static func learning(_ agent: String, _ measure: ReportMeasure, _ evaluations: [EvaluationRecord]) -> Learning? {
        let records = evaluations.filter { $0.measure == measure.name && $0.policy.agent == agent }
        guard let first = records.first, let last = records.last, first.round < last.round else { return nil }
        let (before, after) = (Estimate(first), Estimate(last))
        let change = difference(after, before)
        let direction = measure.higherIsBetter ?? true
        let gained = direction ? change.low > 0 : change.high < 0
        let lost = direction ? change.high < 0 : change.low > 0
        return Learning(
            agent: DisplayText.name(agent), measure: measure, first: before, firstVersion: first.policy.version,
            last: after, lastVersion: last.policy.version, change: change, tone: gained ? .good : lost ? .bad : .neutral)
    }

    /// The difference of two independent estimates: half widths add in squares.
    private static func difference(_ left: Estimate, _ right: Estimate) -> Estimate {
        let value = left.value - right.value
        let width = (left.halfWidth * left.halfWidth + right.halfWidth * right.halfWidth).squareRoot()
        return Estimate(value: value, low: value - width, high: value + width)
    }

    /// The first of the rounds without trust that reach to the last round; nil where the judge is trusted now.
    private static func distrustedSince(_ report: Report) -> Int? {
        report.judgeHealth?.reversed().prefix { !$0.isTrusted }.last?.round
    }

    private static func caution(_ report: Report) -> String? {
        guard let since = distrustedSince(report), let last = report.judgeHealth?.last else { return nil }
        // Rounds of databases from before there was a window have no accuracy over it.
        let reason = report.trustRule.flatMap { rule in
            !last.windowAccuracy.isFinite ? nil : ": \(rule.span(to: last.round)) it was right on \(ReportNumber.percent(last.windowAccuracy)) of canary pairs, "
                + "\(ReportNumber.percent(rule.minAccuracy)) are needed"
        }
        return "The judge has not been trusted since round \(since)\(reason ?? ""). The ratings come from its verdicts."
    }

    private static func judge(_ report: Report) -> (String?, claim: String?, Tone) {
        guard let health = report.judgeHealth, !health.isEmpty else { return (nil, nil, .neutral) }
        let measured = health.filter { $0.canaryPairCount > 0 }
        guard let first = measured.first, let last = measured.last else {
            return ("judge: no canary has measured it, so nobody knows how right it is", nil, .neutral)
        }
        let distrusted = health.filter { !$0.isTrusted }.count
        let (before, after) = (estimate(first), estimate(last))
        var text = "judge: right on \(ReportNumber.percent(before)) of canaries in round \(first.round) → "
            + "\(ReportNumber.percent(after)) in round \(last.round)"
        text += distrusted == 0 ? ", trusted in every round" : ", not trusted in \(distrusted) of \(health.count) rounds"
        // The caution says it already where the judge is not trusted now.
        if distrusted > 0, distrustedSince(report) == nil, let rule = report.trustRule {
            text += " (below \(ReportNumber.percent(rule.minAccuracy))\(rule.roundCount > 1 ? " over \(rule.roundCount) rounds" : ""))"
        }
        if let gold = last.goldScore, last.believedScore.isFinite {
            text += "; it scores the learners at \(ReportNumber.percent(last.believedScore)) against the anchors, gold at \(ReportNumber.percent(gold))"
        }
        if distrusted == 0 { return (text, "trusted in every round", .good) }
        if let since = distrustedSince(report) { return (text, "not trusted since round \(since)", .bad) }
        return (text, "not trusted in \(distrusted) of \(health.count) rounds", distrusted * 4 < health.count ? .neutral : .bad)
    }

    /// Accuracy of the judge on its canaries.
    static func estimate(_ record: JudgeHealthRecord) -> Estimate {
        Estimate(value: record.accuracy, low: record.low, high: record.high)
    }

    private static func alarms(_ report: Report) -> String? {
        let lost = report.judging?.losses.last.map { "lost since round \($0.round): \(DisplayText.truncated($0.sentence, limit: 160))" }
        guard let raised = raised(report) else { return lost }
        return raised + (lost.map { " \($0.prefix(1).uppercased())\($0.dropFirst())" } ?? "")
    }

    private static func raised(_ report: Report) -> String? {
        guard let records = report.judging, let last = records.alarms.last else { return nil }
        let rounds = Set(records.alarms.map(\.round)).sorted()
        let listed = rounds.prefix(6).map(String.init).joined(separator: ", ") + (rounds.count > 6 ? " and others" : "")
        let returns = report.updates.count(where: \.isReturn)
        return "alarm\(rounds.count == 1 ? "" : "s") in round\(rounds.count == 1 ? "" : "s") \(listed): "
            + DisplayText.truncated(last.sentence, limit: 240)
            + (returns > 0 ? " Learners went back to an earlier version \(returns == 1 ? "once" : "\(returns) times")." : "")
    }

    private static func people(_ report: Report) -> String? {
        guard let people = report.judging?.people else { return nil }
        let votes = people.people.reduce(0) { $0 + $1.voteCount }
        let best = people.withJudges.filter { $0.agreement != nil }.max { ($0.pairCount, $1.other) < ($1.pairCount, $0.other) }
        let agreed = best.flatMap { row in
            row.agreement.map { "; \(DisplayText.name(row.person)) and \(DisplayText.name(row.other)) agree on \(ReportNumber.percent($0)) of \(ReportNumber.count(row.pairCount)) pairs" }
        }
        return "people: \(ReportNumber.count(votes)) \(votes == 1 ? "vote" : "votes") by \(people.people.count)" + (agreed ?? "")
    }

    private static func updates(_ report: Report) -> String? {
        guard !report.updates.isEmpty else { return nil }
        let promoted = report.updates.count(where: \.isPromotion)
        let rejected = report.updates.count - promoted
        let pairs = report.updates.reduce(0) { $0 + $1.pairCount }
        return "updates: \(promoted) promoted, \(rejected) rejected, from \(ReportNumber.count(pairs)) preference pairs"
            + (unplayed(report).map { "; \($0)" } ?? "")
    }

    /// The versions that the last round's end made: measured on held-out prompts already, but not in the table.
    private static func unplayed(_ report: Report) -> String? {
        let fresh = report.updates.filter { $0.round == report.roundCount }.compactMap { update in
            update.isPromotion ? update.toVersion.map { "\(DisplayText.name(update.agent)) v\($0)" } : nil
        }
        guard let last = fresh.last else { return nil }
        let names = fresh.count == 1 ? last : fresh.count > 3 ? "\(fresh.count) versions" : fresh.dropLast().joined(separator: ", ") + " and " + last
        return "\(names), promoted after the last round, \(fresh.count == 1 ? "has" : "have") not played yet"
    }
}

extension Report {
    /// One rank per standing, by their intervals.
    var ranks: [Int] { IntervalRank.ranks(of: standings.map(\.rating)) }

    /// What `first` did against `second`; nil where they never met.
    func meeting(_ first: String, _ second: String) -> HeadToHead? {
        for record in headToHead where record.matchCount > 0 {
            if record.first == first, record.second == second { return record }
            if record.first == second, record.second == first { return record.flipped }
        }
        return nil
    }

    /// Seconds spent in all parts of all rounds.
    var seconds: Double {
        timings.rollouts + timings.judging + timings.training + timings.evaluation + timings.store
    }

    /// The facts of the run, as label and value.
    var facts: [(label: String, value: String)] {
        [
            ("run", DisplayText.name(runID, limit: 160)), ("seed", String(seed)), ("kernels", DisplayText.name(kernels)),
            ("rounds", String(roundCount)), ("signature", signature.isEmpty ? ReportNumber.missing : DisplayText.name(signature, limit: 160)),
            ("rooms", ReportNumber.count(timings.roomCount)),
            ("rooms per second", ReportNumber.rate(timings.roomCount, per: seconds)),
            ("tokens", ReportNumber.count(timings.tokenCount)),
            ("tokens per second of rollouts", ReportNumber.rate(timings.tokenCount, per: timings.rollouts)),
            ("time", ReportNumber.duration(seconds)),
            ("rollouts", ReportNumber.duration(timings.rollouts)), ("judging", ReportNumber.duration(timings.judging)),
            ("training", ReportNumber.duration(timings.training)),
            ("evaluation", ReportNumber.duration(timings.evaluation)), ("store", ReportNumber.duration(timings.store)),
        ]
    }
}
