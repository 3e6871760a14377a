import AgonRatings

extension Report {
    /// A sentence where one number for each agent misleads: circles, or much that no ranking explains. Nil where nothing
    /// points to it.
    ///
    /// By the table of who beat whom, each match taken for evidence of its own and all versions of an agent for one: a sign
    /// to look closer, and no proof.
    var misleading: String? {
        guard (3...Intransitivity.gameLimit).contains(standings.count) else { return nil }
        var builder = BattleTable.Builder()
        for record in headToHead {
            let (first, second) = (builder.player(record.first), builder.player(record.second))
            for (outcome, count) in [(BattleOutcome.win, record.wins), (.tie, record.draws), (.loss, record.losses)] where count > 0 {
                builder.add(first: first, second: second, outcome: outcome, count: count)
            }
        }
        return (try? BattleFit(builder.table())).flatMap { Intransitivity($0, playsGames: false).warning }
    }
}
