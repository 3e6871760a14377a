import AgonCore

/// How much of a round may be lost before its result means nothing and the run stops.
///
/// Asked before anything is trained: pairs from a handful of valid rooms would teach by chance. The limits decide
/// whether a run goes on, never what it decides, so whoever raises them continues the same run.
struct RoundLimits: Sendable, Hashable {
    /// The share of verdicts asked of the judge that may be void.
    var maxVoidShare = 0.5
    /// The share of rollouts, in games of games, that may be forfeited.
    var maxForfeitShare = 0.9

    /// - Throws: `tooManyVoids`, saying what was counted and what to do. The rooms stay in the database, the round open.
    func check(_ results: [RoomResult], round: Int, isGame: Bool) throws(TournamentError) {
        let asked = results.flatMap(\.verdicts).filter { !$0.byRule }
        try check(
            "verdicts of the judge were void", asked.count { $0.verdict == .void }, asked.count, limit: maxVoidShare,
            "limits.voids", "look at the judge", round)
        let lost = results.map { result in result.rollouts.count { $0.forfeit != nil } }
        try check(
            isGame ? "games ended by a forfeit" : "rollouts were forfeits",
            isGame ? lost.count { $0 > 0 } : lost.reduce(0, +),
            isGame ? results.count : results.reduce(0) { $0 + $1.rollouts.count }, limit: maxForfeitShare,
            "limits.forfeits", "look at the answers, at `max_new_tokens` and at the models", round)
    }

    private func check(
        _ what: String, _ count: Int, _ total: Int, limit: Double, _ key: String, _ remedy: String, _ round: Int
    ) throws(TournamentError) {
        guard total > 0, Double(count) / Double(total) > limit else { return }
        throw TournamentError(
            .tooManyVoids,
            "round \(round) is not closed: \(count) of \(total) \(what), more than the \(Percent.text(limit)) that `\(key)` allows: \(remedy), or raise the limit and run again.")
    }
}
