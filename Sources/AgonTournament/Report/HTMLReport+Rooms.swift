import AgonCore

extension HTMLReport.Page {
    private static let promptLimit = 1200
    private static let answerLimit = 600
    private static let seatLimit = 8
    private static let decisionLimit = 20

    /// What the gate decided, one bar per update, the latest decisions in words.
    func gateSection() -> Markup? {
        guard !report.updates.isEmpty else { return nil }
        let agents = report.standings.map(\.agent).filter { name in report.updates.contains { $0.agent == name } }
        return section("gate", "Promoted or dropped", ReportProse.gate) {
            for name in agents.prefix(Charts.agentLimit) { gateRow(name, report.updates.filter { $0.agent == name }) }
            cutNote(of: agents.count)
            Markup(.details) {
                Markup(.summary) { "The last decisions in words" }
                decisions()
            }
        }
    }

    private func gateRow(_ name: String, _ updates: [UpdateRecord]) -> Markup {
        let promoted = updates.count(where: \.isPromotion)
        let last = max(report.roundCount, updates.last?.round ?? 1, 1)
        let slot = 1000 / Double(last)
        let shown = DisplayText.name(name)
        return Markup(.div, ["class": "gate"]) {
            Markup(.p) {
                Markup(.strong) { shown }
                " \(promoted) of \(updates.count) promoted"
            }
            Markup(
                .svg,
                [
                    "viewBox": "0 0 1000 40", "preserveAspectRatio": "none", "role": "img",
                    "aria-label": "Gate decisions of \(shown)",
                ]
            ) {
                Markup(.title) { "Gate decisions of \(shown)" }
                Markup(.desc) { "\(promoted) of \(updates.count) candidates were promoted." }
                for update in updates { bar(update, slot: slot) }
                Markup(.path, ["class": "base", "d": "M0 40H1000"])
            }
        }
    }

    private func bar(_ update: UpdateRecord, slot: Double) -> Markup {
        let isPromoted = update.isPromotion
        let height = isPromoted ? 34.0 : 12
        return Markup(
            .rect,
            [
                "class": isPromoted ? "promoted" : "dropped", "x": LineChart.digits(Double(update.round - 1) * slot + slot * 0.15),
                "y": LineChart.digits(40 - height), "width": LineChart.digits(slot * 0.7), "height": LineChart.digits(height),
            ]
        ) {
            Markup(.title) { "Round \(update.round): \(DisplayText.truncated(update.decision, limit: 160))" }
        }
    }

    private func decisions() -> Markup {
        Markup(.div, ["class": "scroll"]) {
            Markup(.table, ["class": "sortable"]) {
                Markup(.caption, ["class": "unseen"]) { "The last gate decisions" }
                Markup(.thead) {
                    Markup(.tr) {
                        Markup(.th, ["scope": "col", "class": "n"]) { "round" }
                        for title in ["agent", "version", "gate score", "decision"] { Markup(.th, ["scope": "col"]) { title } }
                    }
                }
                Markup(.tbody) {
                    for update in report.updates.suffix(HTMLReport.Page.decisionLimit).reversed() {
                        Markup(.tr, ["data-agent": DisplayText.name(update.agent)]) {
                            Markup(.td, ["class": "n"]) { String(update.round) }
                            Markup(.td) { DisplayText.name(update.agent) }
                            Markup(.td) { update.toVersion.map { "v\(update.fromVersion) → v\($0)" } ?? "v\(update.fromVersion) kept" }
                            Markup(.td) { HTMLReport.Page.gateText(update) }
                            Markup(.td) { DisplayText.truncated(update.decision, limit: 240) }
                        }
                    }
                }
            }
        }
    }

    private static func gateText(_ update: UpdateRecord) -> String {
        guard let score = update.gateScore else { return ReportNumber.missing }
        guard let low = update.gateLow, let high = update.gateHigh else { return ReportNumber.percent(score) }
        return ReportNumber.percent(Estimate(value: score, low: low, high: high)) + ", \(ReportNumber.count(update.gateCount)) prompts"
            + (update.metrics["gate_llr"].map { ", LLR \(ReportNumber.fixed($0, decimals: 2)) at the stop" } ?? "")
    }

    func roomSection() -> Markup? {
        guard !report.sampleRooms.isEmpty else { return nil }
        let prose = "Rooms as they were played and judged. What the models wrote is shown as text, cut where it is very long."
        return section("rooms", "Sample rooms", prose) { report.sampleRooms.map(room) }
    }

    private func room(_ result: RoomResult) -> Markup {
        let order = result.rollouts.indices.sorted { (rank(result, $0), $0) < (rank(result, $1), $1) }
        let places = Set(result.room.seats.compactMap { seat in report.standings.firstIndex { $0.agent == seat.agent } }).sorted()
        return Markup(
            .article,
            [
                "class": "room", "id": "room-\(result.room.round)-\(result.room.index)",
                "data-seats": places.map(String.init).joined(separator: " "),
            ]
        ) {
            Markup(.h3) {
                "Round \(result.room.round), room \(result.room.index + 1)"
                if result.room.isCanary { Markup(.span, ["class": "tag"]) { "canary" } }
            }
            Markup(.p, ["class": "judged"]) { "judged by \(DisplayText.name(result.judge.name)) v\(result.judge.version)" }
            Markup(.pre, ["class": "prompt"]) { clipped(result.room.prompt.text, HTMLReport.Page.promptLimit) }
            Markup(.div, ["class": "answers"]) {
                for seat in order.prefix(HTMLReport.Page.seatLimit) { answer(result, seat) }
            }
            if order.count > HTMLReport.Page.seatLimit {
                Markup(.p, ["class": "judged"]) { "and \(order.count - HTMLReport.Page.seatLimit) more seats" }
            }
            reasons(result)
        }
    }

    private func answer(_ result: RoomResult, _ seat: Int) -> Markup {
        let rollout = result.rollouts[seat]
        let rank = result.ranking.ranks.indices.contains(seat) ? result.ranking.ranks[seat] : nil
        let score = result.scores.indices.contains(seat) ? result.scores[seat] : nil
        let policy = result.room.seats.indices.contains(seat) ? result.room.seats[seat] : nil
        return Markup(.div, ["class": "answer"]) {
            Markup(.p, ["class": "who"]) {
                Markup(.span, ["class": "rank"]) { rank.map { "\($0)." } ?? ReportNumber.missing }
                Markup(.strong) { policy.map { "\(DisplayText.name($0.agent))@v\($0.version)" } ?? "seat \(seat + 1)" }
                gold(rollout.gold)
                if let forfeit = rollout.forfeit { Markup(.span, ["class": "tag bad"]) { "forfeit: \(forfeit.rawValue)" } }
                if let score { Markup(.span, ["class": "score"]) { "judge \(ReportNumber.fixed(score, decimals: 2))" } }
            }
            Markup(.pre) { rollout.text.isEmpty ? .text("(empty)") : clipped(rollout.text, HTMLReport.Page.answerLimit) }
        }
    }

    private func gold(_ value: Double?) -> Markup? {
        guard let value else { return nil }
        if value >= 1 { return Markup(.span, ["class": "tag good"]) { "✓ gold: right" } }
        if value <= 0 { return Markup(.span, ["class": "tag bad"]) { "✗ gold: wrong" } }
        return Markup(.span, ["class": "tag"]) { "gold \(ReportNumber.fixed(value, decimals: 2))" }
    }

    private func rank(_ result: RoomResult, _ seat: Int) -> Int {
        guard result.ranking.ranks.indices.contains(seat), let rank = result.ranking.ranks[seat] else { return .max }
        return rank
    }

    private func clipped(_ text: String, _ limit: Int) -> Markup {
        .text(DisplayText.truncated(text, limit: limit), keepsLines: true)
    }
}
