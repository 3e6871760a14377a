import AgonCore
import AgonJudging

extension HTMLReport.Page {
    /// Everything that was counted of the judges, alarms first.
    func judgeTableSection() -> Markup? {
        let tables = JudgeTables(report).tables
        guard !tables.isEmpty else { return nil }
        return section("judging", "Judges and alarms") {
            for table in tables {
                Markup(.h3, ["id": table.id]) { table.title }
                Markup(.p, ["class": "prose"]) { table.prose }
                table.markup
            }
        }
    }

    /// What judges said of a sample room, where they said why.
    func reasons(_ result: RoomResult) -> Markup? {
        let said = result.allVotes.filter { !$0.reason.isEmpty }
        guard !said.isEmpty else { return nil }
        return Markup(.details) {
            Markup(.summary) { said.count == 1 ? "A reason" : "\(said.count) reasons" }
            for vote in said.prefix(HTMLReport.Page.reasonLimit) {
                Markup(.p, ["class": "judged"]) {
                    Markup(.strong) { DisplayText.name(vote.judge.name) }
                    " on \(seat(result, vote.first)) and \(seat(result, vote.second)): \(words(vote, result)). "
                    DisplayText.truncated(vote.reason, limit: 400)
                }
            }
        }
    }

    private static let reasonLimit = 12

    private func seat(_ result: RoomResult, _ seat: Int) -> String {
        result.room.seats.indices.contains(seat)
            ? "\(DisplayText.name(result.room.seats[seat].agent))@v\(result.room.seats[seat].version)" : "seat \(seat + 1)"
    }

    private func words(_ vote: Vote, _ result: RoomResult) -> String {
        switch vote.verdict {
        case .first: "\(seat(result, vote.first)) is better"
        case .second: "\(seat(result, vote.second)) is better"
        case .tie: "a tie"
        case .void: "void"
        }
    }
}
