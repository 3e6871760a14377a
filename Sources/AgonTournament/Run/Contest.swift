import AgonCore
import AgonGames
import AgonJudging
import AgonRatings

/// Two policies on the same held-out prompts, outside the rooms of the round: for the gate and for measurements.
///
/// In games for more than two the first sits in one seat and the second in all others.
struct HeldOutContest {
    let player: RoomPlayer
    let seed: Seed

    /// How a contest went for its first policy.
    struct Outcome {
        /// Mean points against the second policy, clustered by prompt; nil without prompts.
        var score: Interval?
        /// Share of rooms that the first policy forfeited, and share that ended level; clustered alike.
        var forfeits: Interval?
        var draws: Interval?
    }

    /// One room of a contest.
    struct Game {
        /// The prompt's, for the intervals.
        var cluster: Int
        /// The prompt's place in the contest.
        var place: Int
        /// Mean points of the first policy against the others of its room; nil for void.
        var points: Double?
        var isForfeit: Bool
    }

    /// Plays every prompt in all seatings, and judges with `judge`, or by gold where it is nil.
    ///
    /// A prompt may stand several times in the list, for more games from few openings; all of its games are one
    /// cluster of the intervals, and the counts are of distinct prompts.
    func play(_ first: PolicyID, _ second: PolicyID, prompts: [Prompt], judge: (any Judge)?) async throws -> Outcome {
        Outcome(try await games(first, second, prompts: prompts, from: 0, judge: judge))
    }

    /// The same, game by game.
    ///
    /// - Parameter start: how many prompts of the contest were played before these: what is drawn does not depend on how
    ///   a contest is cut.
    func games(
        _ first: PolicyID, _ second: PolicyID, prompts: [Prompt], from start: Int, judge: (any Judge)?
    ) async throws -> [Game] {
        let seatCount = player.arena.game?.seatCount ?? 2
        let rooms = prompts.enumerated().flatMap { index, prompt in
            (0..<seatCount).map { own in
                Room(
                    round: 0, index: seatCount * (start + index) + own, group: start + index, prompt: prompt,
                    seats: (0..<seatCount).map { $0 == own ? first : second })
            }
        }
        let rollouts = try await player.play(rooms, seed: seed)
        let points = try await points(rooms, rollouts, judge: judge)
        return zip(zip(rooms, rollouts), points).map { played, points in
            let (room, rollouts) = played
            return Game(
                cluster: room.prompt.cluster, place: room.group, points: points,
                isForfeit: rollouts[room.index % seatCount].forfeit != nil)
        }
    }

    /// Comparisons of the first policy on one prompt: in each seating with everybody else.
    var gamesPerPrompt: Int {
        let seats = player.arena.game?.seatCount ?? 2
        return seats * (seats - 1)
    }

    /// The first policy's mean points on each prompt whose games were all decided, in the order of the contest.
    static func unitScores(_ games: [Game]) -> [Double] {
        let byPlace = Dictionary(grouping: games, by: \.place)
        return byPlace.keys.sorted().compactMap { place in
            let points = (byPlace[place] ?? []).map(\.points)
            let decided = points.compactMap { $0 }
            return decided.count == points.count ? decided.reduce(0, +) / Double(decided.count) : nil
        }
    }

    private func points(_ rooms: [Room], _ rollouts: [[Rollout]], judge: (any Judge)?) async throws -> [Double?] {
        guard let judge else {
            return zip(rooms, rollouts).map { room, rollouts in
                let seat = room.index % rollouts.count
                let others = rollouts.indices.filter { $0 != seat }.compactMap { rollouts[$0].gold }
                guard let own = rollouts[seat].gold, others.count == rollouts.count - 1 else { return nil }
                return others.reduce(0.0) { $0 + (own == $1 ? 0.5 : own > $1 ? 1 : 0) } / Double(others.count)
            }
        }
        let results = try await Verdicts(judge: judge, seed: seed).results(rooms, rollouts)
        return results.map { result in
            let seats = result.rollouts.count
            return SeatPoints.perSeat(of: result.verdicts, seatCount: seats)[result.room.index % seats].mean
        }
    }
}

extension HeldOutContest.Outcome {
    init(_ games: [HeldOutContest.Game]) {
        let decided = games.filter { $0.points != nil }
        let (scores, clusters) = (decided.compactMap(\.points), decided.map(\.cluster))
        score = Interval.mean(of: scores, clusters: clusters)
        forfeits = Interval.mean(of: games.map { $0.isForfeit ? 1 : 0 }, clusters: games.map(\.cluster))
        draws = Interval.mean(of: scores.map { $0 == 0.5 ? 1 : 0 }, clusters: clusters)
    }
}

/// Asks a judge about rooms that were played, and puts forfeits, verdicts and ranking together.
struct Verdicts {
    let judge: any Judge
    let seed: Seed

    func results(_ rooms: [Room], _ rollouts: [[Rollout]]) async throws -> [RoomResult] {
        let tasks = zip(rooms, rollouts).map { room, rollouts in
            RoomJudging.task(for: room, rollouts: rollouts, seed: seed, needsReference: judge.needsReference)
        }
        var judgements = try await judge.judge(tasks.compactMap { $0 }).makeIterator()
        return try zip(zip(rooms, rollouts), tasks).map { played, task in
            try RoomJudging.result(
                room: played.0, rollouts: played.1, judge: judge.id, judgement: task == nil ? nil : judgements.next())
        }
    }
}
