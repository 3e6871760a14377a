import AgonCore
import AgonScheduling

/// What a knockout or a Swiss tournament has come to, from its matches alone: what a run says at its end, and what stands
/// in every report.
struct ContestOutcome {
    enum Form {
        case knockout(KnockoutBracket)
        case swiss(SwissTable)
    }

    var form: Form
    /// Rounds that were played.
    var roundCount: Int

    /// - Parameters:
    ///   - history: the matches of these rounds; asked for under these schedules alone.
    ///   - seed: the run's.
    /// - Returns: nil under other schedules.
    init?(arena: Arena, history: @autoclosure () throws -> ScheduleHistory, roundCount: Int, seed: Seed) rethrows {
        self.roundCount = roundCount
        let (entrants, next) = (arena.entrants, roundCount + 1)
        if let knockout = arena.scheduler as? Knockout {
            let seed = arena.scheduleSeed(seed, round: next)
            form = .knockout(knockout.bracket(entrants: entrants, history: try history(), before: next, seed: seed))
        } else if let swiss = arena.scheduler as? Swiss {
            form = .swiss(swiss.table(entrants: entrants, history: try history(), before: next))
        } else {
            return nil
        }
    }

    /// The outcome that a report holds; nil under other schedules.
    init?(_ report: Report) {
        roundCount = report.roundCount
        if let bracket = report.knockout {
            form = .knockout(bracket)
        } else if let table = report.swiss {
            form = .swiss(table)
        } else {
            return nil
        }
    }

    /// Who won, or who is ahead, in one sentence.
    var sentence: String {
        let rounds = roundCount == 1 ? "1 round" : "\(roundCount) rounds"
        switch form {
        case .knockout(let bracket):
            guard let champion = bracket.champion else { return "The knockout is not decided after \(rounds)." }
            return "\(DisplayText.name(champion)) has won the knockout after \(rounds)."
        case .swiss(let table):
            let start = roundCount < table.roundLimit
                ? "The Swiss tournament goes on after \(rounds) of \(table.roundLimit)" : "The Swiss tournament is over after \(rounds)"
            let leaders = table.leaders
            guard roundCount > 0, let first = leaders.first else { return "\(start)." }
            let points = "\(ReportNumber.points(first.points)) \(first.points == 1 ? "point" : "points")"
            if leaders.count > 1 {
                return "\(start): \(leaders.map { DisplayText.name($0.name) }.joined(separator: ", ")) share the first place with \(points)."
            }
            let isTied = table.rows.dropFirst().first?.points == first.points
            return "\(start): \(DisplayText.name(first.name)) is first with \(points)\(isTied ? ", by Buchholz's sum" : "")."
        }
    }

    var table: ReportTable {
        switch form {
        case .knockout(let bracket): knockoutTable(bracket)
        case .swiss(let table): swissTable(table)
        }
    }

    private func knockoutTable(_ bracket: KnockoutBracket) -> ReportTable {
        let places = Dictionary(uniqueKeysWithValues: bracket.seeds.enumerated().map { ($1, $0 + 1) })
        func seeded(_ name: String) -> String { "\(DisplayText.name(name)) (\(places[name] ?? 0))" }
        let rows = bracket.stages.enumerated().reversed().flatMap { index, stage in
            stage.map { meeting in
                [
                    Self.stageName(stagesLeft: bracket.stageCount - index), seeded(meeting.home), meeting.away.map(seeded) ?? "bye",
                    meeting.matchCount == 0
                        ? ReportNumber.missing
                        : "\(ReportNumber.points(meeting.points)):\(ReportNumber.points(meeting.matchCount - meeting.points))",
                    meeting.levelCount == 0 ? ReportNumber.missing : "\(meeting.levelCount)",
                    meeting.winner.map { DisplayText.name($0) + (meeting.isWonBySeed ? ", as the better seed" : "") } ?? ReportNumber.missing,
                ]
            }
        }
        return ReportTable(
            id: "knockout", title: "Knockout",
            prose: "\(sentence) The last stage stands first; each agent's seed stands in brackets. The score is of all matches of a meeting, the replays of a level one as well.",
            columns: [("stage", false), ("better seed", false), ("against", false), ("score", true), ("times level", true), ("winner", false)],
            rows: rows, flexibleColumn: 1
        ).withoutEmptyColumns
    }

    private static func stageName(stagesLeft: Int) -> String {
        switch stagesLeft {
        case 1: "final"
        case 2: "semifinal"
        case 3: "quarterfinal"
        default: "round of \(1 << stagesLeft)"
        }
    }

    private func swissTable(_ table: SwissTable) -> ReportTable {
        let rows = table.rows.map { row in
            [
                DisplayText.name(row.name), "\(row.place)", ReportNumber.points(row.points), ReportNumber.points(row.buchholz),
                row.encounters.map { encounter in
                    "\(encounter.opponent.map { DisplayText.name($0) } ?? "bye") \(ReportNumber.points(encounter.points))"
                }.joined(separator: ", "),
            ]
        }
        return ReportTable(
            id: "swiss", title: "Swiss tournament",
            prose: "\(sentence) A round is worth one point, shared as its matches were; a bye is a full point. Of equal points the sum of the opponents' points decides (Buchholz; a bye counts there as an opponent with one's own points). Opponents stand in the order of rounds, with what was won of them.",
            columns: [("agent", false), ("place", true), ("points", true), ("Buchholz", true), ("opponents", false)], rows: rows,
            agents: table.rows.map(\.name), flexibleColumn: 4)
    }
}
