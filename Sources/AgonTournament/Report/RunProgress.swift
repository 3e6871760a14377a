public import AgonCore

/// What a person is told while a run goes on: a line per round for a pipe, a block of lines for a terminal.
///
/// Clocks and cursors belong to whoever shows it; this is a pure function of the events and of when they came.
public struct RunProgress: Sendable {
    private let entrants: [String: Entrant.Role]
    private let kinds: [String: String]
    private var arena = ""
    private var roundCount = 0
    private var closedCount = 0
    /// The round that is played, from 1.
    private var round = 0
    private var rooms = 0
    private var roomCount = 0
    private var isUpdating = false
    /// The last round that is played ahead, and how far; nil in sequential runs.
    private var ahead: String?
    /// Since when nothing has moved, in words.
    private var silence: String?
    private var timings = RoundTimings()
    private var ratings: [RatingRecord] = []
    /// Rounds that were closed before this start, and when it began: what the time left is reckoned from.
    private var closedAtStart = 0
    private var startSeconds = 0.0
    private var lastClosedSeconds = 0.0

    /// - Parameter kinds: of agents, by name, as their files name them.
    public init(entrants: [Entrant], kinds: [String: String] = [:]) {
        self.kinds = kinds
        self.entrants = Dictionary(entrants.map { ($0.name, $0.role) }, uniquingKeysWith: { first, _ in first })
    }

    /// Takes in an event.
    /// - Parameter seconds: when it came, on any clock.
    /// - Returns: the line that a pipe gets; nil where a pipe is told nothing.
    public mutating func take(_ event: TournamentEvent, at seconds: Double) -> String? {
        silence = nil
        switch event {
        case .playedAhead(let round, let rooms, let total):
            ahead = "round \(round) ahead, \(rooms)/\(total) rooms"
            return nil
        case .silent(let sentence):
            silence = sentence
            return sentence
        case .started(let run, let closed, let total):
            (arena, roundCount, closedCount, closedAtStart) = (run.arena, total, closed, closed)
            (round, startSeconds, lastClosedSeconds) = (closed + 1, seconds, seconds)
            let id = DisplayText.name(run.id, limit: 120)
            if closed >= total { return "Run \(id): all \(total) rounds are closed already." }
            return closed == 0 ? "Run \(id): \(total) rounds." : "Run \(id): goes on after round \(closed) of \(total)."
        case .wave(let round, let rooms, let total, let timings):
            (self.round, self.rooms, roomCount, self.timings, isUpdating) = (round, rooms, total, timings, false)
            return nil
        case .judgeLost(let message), .agentLost(let message), .ended(let message): return DisplayText.visible(message)
        case .updating(let round):
            (self.round, isUpdating) = (round, true)
            return nil
        case .closed(let number, let ratings, let health, let updates, let alarms, let timings):
            (closedCount, round, rooms, isUpdating) = (number, min(number + 1, roundCount), 0, false)
            (self.ratings, self.timings) = (ratings.sorted { ($1.rating, $0.policy) < ($0.rating, $1.policy) }, timings)
            defer { lastClosedSeconds = seconds }
            return closedLine(number, health, updates, alarms, seconds: seconds - lastClosedSeconds)
        }
    }

    private func closedLine(
        _ number: Int, _ health: JudgeHealthRecord?, _ updates: [UpdateRecord], _ alarms: [AlarmRecord], seconds: Double
    ) -> String {
        let standings = ratings.map { row in
            "\(label(row.policy)) \(ReportNumber.rating(row.rating)) ± \(ReportNumber.rating((row.high - row.low) / 2))"
        }
        var parts = ["round \(number)/\(roundCount)", standings.joined(separator: ", ")]
        if let health, health.canaryPairCount > 0 || !health.isTrusted {
            let window = health.windowAccuracy.isFinite ? ", \(ReportNumber.percent(health.windowAccuracy)) over its window" : ""
            parts.append("judge \(ReportNumber.percent(health.accuracy)) right\(window)\(health.isTrusted ? "" : ", not trusted")")
        }
        if !updates.isEmpty { parts.append("\(updates.count(where: \.isPromotion)) of \(updates.count) promoted") }
        parts += alarms.map { "alarm: \(DisplayText.visible($0.sentence))" }
        parts += updates.filter(\.isReturn).map { "\(DisplayText.name($0.agent)) went back to v\($0.toVersion ?? 0)" }
        return (parts + [ReportNumber.duration(seconds)]).joined(separator: " · ")
    }

    private func label(_ policy: PolicyID) -> String {
        let name = DisplayText.name(policy.agent)
        return entrants[policy.agent] == .learner ? "\(name) v\(policy.version)" : name
    }

    /// The block for a terminal: how far the run is, then the standings of the last closed round.
    ///
    /// - Parameter width: columns of the terminal; no line is wider.
    /// - Parameter height: the most lines that the block may have.
    /// - Parameter seconds: now, on the clock of the events.
    public func block(width: Int, height: Int, at seconds: Double) -> [String] {
        var lines = [DisplayText.fitted(status(seconds), columns: width)]
        guard !ratings.isEmpty, height > 3 else { return lines }
        let estimates = ratings.map { Estimate(value: $0.rating, low: $0.low, high: $0.high) }
        let rows = zip(zip(ratings, estimates), IntervalRank.texts(of: estimates)).map { standing, rank in
            let (row, estimate) = standing
            let role = entrants[row.policy.agent] ?? .learner
            return [
                rank, DisplayText.name(row.policy.agent),
                role == .learner ? "v\(row.policy.version)" : role.part(kind: kinds[row.policy.agent]),
                ReportNumber.rating(estimate), ReportNumber.rating(row.elo),
                ReportNumber.count(row.wins + row.draws + row.losses),
                ReportNumber.tally(wins: row.wins, draws: row.draws, losses: row.losses), ReportNumber.count(row.forfeits),
            ]
        }
        let columns = Array(StandingsTable.columns.dropLast())
        let table = TextTable(columns: columns, rows: rows, flexibleColumn: 1).lines(width: width)
        let room = height - 1
        lines += table.prefix(table.count > room ? room - 1 : room)
        if table.count > room { lines.append(DisplayText.fitted("… and \(table.count - room + 1) more", columns: width)) }
        return lines
    }

    private func status(_ seconds: Double) -> String {
        var parts = ["\(DisplayText.name(arena)): round \(round)/\(roundCount)"]
        if isUpdating {
            parts.append("training and gate")
        } else if roomCount > 0, closedCount < roundCount {
            parts.append("\(rooms)/\(roomCount) rooms")
        }
        if let ahead { parts.append(ahead) }
        if let silence { parts.append(silence) }
        if let left = secondsLeft(seconds) { parts.append("\(ReportNumber.duration(left)) left") }
        let rate = ReportNumber.rate(timings.tokenCount, per: timings.rollouts)
        if timings.tokenCount > 0 {
            parts.append("\(rate) tokens/s")
        } else if timings.roomCount > 0 {
            parts.append("\(ReportNumber.rate(timings.roomCount, per: timings.rollouts)) rooms/s")
        }
        return parts.joined(separator: " · ")
    }

    /// The mean time of the rounds that this start closed, for those that are missing; nil before the first.
    func secondsLeft(_ seconds: Double) -> Double? {
        let done = closedCount - closedAtStart
        guard done > 0, closedCount < roundCount else { return nil }
        let each = (lastClosedSeconds - startSeconds) / Double(done)
        return max(0, each * Double(roundCount - closedCount) - (seconds - lastClosedSeconds))
    }
}
