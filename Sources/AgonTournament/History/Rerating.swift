import AgonCore
import AgonRatings
import AgonStore

/// A run's ratings computed again from its stored matches, without playing a room.
public struct Rerating: Sendable, Hashable, Codable {
    public var run: String
    public var roundCount: Int
    /// Rows of the ratings that were compared.
    public var ratingCount: Int
    /// The first row that came out otherwise, in words; nil where all are the stored ones, bit for bit.
    public var difference: String?

    /// Computes the ratings of every closed round and compares them with the stored ones.
    /// - Throws: `StoreError`; `RatingError` where the stored matches cannot be rated.
    public init(_ stored: StoredRun) throws {
        let settings = stored.arena.configuration
        let matches = try stored.store.matches(run: stored.record.id)
        let ratings = Dictionary(grouping: try stored.store.ratings(run: stored.record.id), by: \.round)
        (run, roundCount, ratingCount) = (stored.record.id, stored.closedRoundCount, 0)
        var elo = Elo<String>(options: .init(initial: settings.initialRating, k: settings.eloK))
        var end = 0
        for round in ratings.keys.sorted() {
            let rows = ratings[round] ?? []
            let newest = Set(rows.map(\.policy))
            while end < matches.count, matches[end].round <= round {
                let start = end
                while end < matches.count, matches[end].round == matches[start].round, matches[end].room == matches[start].room { end += 1 }
                try elo.apply(room: matches[start..<end].filter { newest.contains($0.first) && newest.contains($0.second) })
            }
            let fit = try BradleyTerry.fit(
                matches.beginning(end), anchor: stored.arena.referencePolicy, options: .init(anchorRating: settings.initialRating))
            for row in rows {
                ratingCount += 1
                let rating = fit[row.policy]?.rating
                let again = [
                    ("elo", row.elo, elo[row.policy.agent]), ("rating", row.rating, rating?.value ?? settings.initialRating),
                    ("low", row.low, rating?.low ?? -.infinity), ("high", row.high, rating?.high ?? .infinity),
                ]
                // A number that is none is stored as null.
                guard difference == nil, let first = again.first(where: { $0.1 != $0.2 && !($0.1.isNaN && !$0.2.isFinite) }) else { continue }
                difference = "round \(round), \(row.policy): \(first.0) is stored as \(first.1), and comes out as \(first.2)."
            }
        }
    }

    /// One sentence for people.
    public var sentence: String {
        let rounds = roundCount == 1 ? "1 round" : "\(roundCount) rounds"
        guard let difference else { return "The \(ratingCount) ratings of \(rounds) of run \(run) come out as they are stored, bit for bit." }
        return "The ratings of run \(run) do not come out as they are stored: \(difference)"
    }

    /// The board of a run's stored matches by any rating system.
    ///
    /// - Parameters:
    ///   - byVersion: whether each version is a player of its own, and not its agent.
    /// - Throws: as `BattleBoard.rate`.
    public static func board(_ stored: StoredRun, byVersion: Bool, options: BattleBoard.Options) async throws -> BattleBoard {
        func name(_ policy: PolicyID) -> String { byVersion && stored.arena.learners.contains(policy.agent) ? "\(policy)" : policy.agent }
        var log = BattleLog()
        for match in try stored.store.matches(run: stored.record.id) {
            let (first, second) = (name(match.first), name(match.second))
            guard first != second else { continue }
            log.add(
                first: log.player(first), second: log.player(second),
                outcome: match.score > 0.5 ? .win : match.score < 0.5 ? .loss : .tie)
        }
        return try await BattleBoard.rate(log, source: "run \(stored.record.id)", options: options)
    }
}
