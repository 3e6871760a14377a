public import AgonCore

extension BattleTable {
    /// The table of an arena's matches.
    ///
    /// A score s between 0 and 1 (a panel that was not of one mind) is s of a win and 1 − s of a loss in one room; only
    /// ½ is a tie. Matches of one cluster depend on one another.
    ///
    /// - Parameter name: what is rated: a version, or an agent whatever its version. Matches of a name with itself count
    ///   for nothing.
    /// - Throws: `invalidMatch`.
    public init(
        _ matches: [Match], name: (PolicyID) -> String = { $0.description }
    ) throws(RatingError) {
        try RatingError.check(matches)
        var builder = Builder()
        for match in matches {
            let (first, second) = (builder.player(name(match.first)), builder.player(name(match.second)))
            guard first != second else { continue }
            let room = UInt64(bitPattern: Int64(match.cluster))
            func add(_ outcome: BattleOutcome, _ share: Double) {
                guard share > 0 else { return }
                builder.add(first: first, second: second, outcome: outcome, weight: match.weight * share, room: room)
            }
            if match.score == 0.5 {
                add(.tie, 1)
            } else {
                add(.win, match.score)
                add(.loss, 1 - match.score)
            }
        }
        self = builder.table()
    }
}
