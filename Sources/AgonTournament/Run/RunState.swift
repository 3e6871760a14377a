import AgonAgents
import AgonCore
import AgonJudging
import AgonRatings
import AgonTraining
import AgonTransformer

/// Everything that one round hands to the next. It can be rebuilt from the store at any round's end.
struct RunState: Sendable {
    /// The version that a learner plays with.
    struct Learner: Sendable {
        var version: Int
        /// The greatest version that it ever had. It is another one after a way back to an earlier version.
        var newestVersion: Int
        /// All weights, or an adapter on its frozen base.
        var weights: TrainedWeights
        /// SHA-256 of its weights file.
        var hash: String
    }

    /// A learning judge's newest version.
    struct LearnedJudge: Sendable {
        var id: JudgeID
        var parameters: Parameters
        var hash: String
    }

    /// The last closed round; 0 before the first.
    var round = 0
    var learners: [String: Learner]
    /// The reward models among the judges, in the order of the panel.
    var judges: [LearnedJudge] = []
    var elo: Elo<String>
    /// All matches so far, in room order: what Bradley–Terry is fitted to.
    var matches = MatchList()
    /// The same, as far as schedulers look back.
    private var played = ScheduleHistory()
    /// Chained over the rounds.
    var signature = ""
    /// Canary counts of the rounds so far: pairs asked, pairs ranked right.
    var canaryCounts: [(count: Int, right: Double)] = []
    /// Canary pairs of all rounds so far by judge, as it reads them: what a refresh replays.
    var canaryPairs: [String: [RewardPair]] = [:]
    /// What each round's votes told of a panel's members.
    var experiences: [PanelExperience] = []
    var alarm: RewardHackingAlarm
    /// Gold of each version's answers in canary rooms.
    var gold: [PolicyID: GoldTally] = [:]

    /// A sum of gold and how many answers it is of.
    struct GoldTally: Sendable, Hashable {
        var sum = 0.0
        var count = 0
    }
    /// The versions that each learner has been, one after another: with each promotion the next, with each way back an earlier
    /// one.
    private(set) var lineages: [String: [Int]] = [:]
    /// Matches and forfeits per agent.
    var totals: [String: Totals] = [:]

    /// Wins, draws, losses and forfeits of one agent.
    struct Totals: Sendable, Hashable {
        var wins = 0
        var draws = 0
        var losses = 0
        var forfeits = 0
    }

    /// The state before the first round.
    ///
    /// - Parameter seed: the run's.
    init(arena: Arena, seed: Seed) throws {
        learners = [:]
        for name in arena.learners {
            guard let weights = try arena.startingWeights(name, seed: seed), let hash = arena.modelHashes[name] else {
                continue
            }
            learners[name] = Learner(version: 0, newestVersion: 0, weights: weights, hash: hash)
            lineages[name] = [0]
        }
        judges = arena.judges.learning.compactMap { member in
            member.model.map { LearnedJudge(id: JudgeID(name: member.name), parameters: $0.parameters, hash: member.hash) }
        }
        alarm = RewardHackingAlarm(options: arena.configuration.judge.alarm)
        elo = Elo(options: .init(initial: arena.configuration.initialRating, k: arena.configuration.eloK))
    }

    /// Takes in a round's results in room order: Elo, matches, totals.
    ///
    /// What past versions of a pool do is rated as theirs alone: an agent's Elo reads matches between newest versions, its
    /// totals those of its newest version.
    mutating func consume(_ results: [RoomResult]) throws {
        let newest = results.lazy.flatMap(\.room.seats).reduce(into: [String: Int]()) { newest, seat in
            newest[seat.agent] = max(newest[seat.agent] ?? 0, seat.version)
        }
        func isNewest(_ policy: PolicyID) -> Bool { newest[policy.agent] == policy.version }
        for result in results {
            let matches = Match.matches(of: result)
            try elo.apply(room: matches.filter { isNewest($0.first) && isNewest($0.second) })
            for match in matches {
                self.matches.append(match)
                played.record(match)
                if isNewest(match.first) { totals[match.first.agent, default: Totals()].count(match.score) }
                if isNewest(match.second) { totals[match.second.agent, default: Totals()].count(1 - match.score) }
            }
            for (seat, rollout) in zip(result.room.seats, result.rollouts) where rollout.forfeit != nil && isNewest(seat) {
                totals[seat.agent, default: Totals()].forfeits += 1
            }
        }
    }
}

extension RunState {
    /// Takes in what a round's updates made of the learners.
    mutating func follow(_ updates: [UpdateRecord]) {
        for update in updates {
            if let version = update.toVersion { lineages[update.agent]?.append(version) }
        }
    }

    /// How many times a learner has changed since it last was a version; the number of all changes for one that it never was.
    func age(of version: Int, _ agent: String) -> Int {
        let lineage = lineages[agent] ?? []
        return lineage.count - 1 - (lineage.lastIndex(of: version) ?? -1)
    }

    /// What schedulers that look back are told.
    var scheduleHistory: ScheduleHistory {
        var history = played
        (history.ratings, history.newestVersions) = (elo.ratings, learners.mapValues(\.version))
        return history
    }
}

extension RunState.Totals {
    fileprivate mutating func count(_ score: Double) {
        if score == 1 { wins += 1 } else if score == 0 { losses += 1 } else { draws += 1 }
    }
}
