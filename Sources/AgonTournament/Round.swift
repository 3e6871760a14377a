import AgonAgents
import AgonCore
import AgonGames
import AgonJudging
import AgonRatings
import AgonStore
import AgonTraining
import AgonTransformer

/// One round, told in the order in which it happens.
///
/// A round is a pure function of the arena, the state that the last round left and the run's seed. Rooms are
/// committed in waves as they are played; everything that follows from them is committed by one transaction at
/// the end. Killed anywhere, the round goes on from its last committed wave and decides the same.
struct Round {
    let arena: Arena
    let store: ArenaStore
    let run: RunRecord
    let checkpoints: CheckpointFolder
    let number: Int
    let seed: Seed
    let options: TournamentOptions
    let bench: JudgeBench
    /// Whose answers and verdicts its updates leave out.
    let revocations: Revocations
    /// Called after each wave and at each step; throws `Interruption` where the user asked to stop.
    let pulse: Pulse

    /// Plays and closes the round.
    ///
    /// - Parameter ahead: its rooms as they were played while earlier rounds were being closed; nil: they are played now.
    func play(from state: RunState, ahead: PlayedRound? = nil) async throws -> RunState {
        var stopwatch = RoundStopwatch(ahead?.timings ?? RoundTimings())
        var roster = try Roster(arena: arena, state: state, threads: options.threads)
        let rooms = ahead?.rooms ?? schedule(roster.versions, after: state)
        if let ahead { try ahead.requireFresh(for: state, arena) } else { try seat(rooms, &roster, state) }

        let first = bench.judge(state.judges, experience: experience(state))
        let votes = try takenVotes()
        let canaries = try await results(rooms.filter(\.isCanary), of: rooms.count, roster, ahead, judge: first, gold: bench.gold, &stopwatch)
        let gold = try goldRooms(canaries, votes: votes)
        let judges = try stopwatch.measure(\.training) {
            try care.refreshed(state, today: gold, threads: options.threads)
        }
        let judge = bench.judge(judges, experience: experience(state, today: care.experience(canaries, gold: gold)))
        try pulse.onStep(.judgeRefreshed, number)
        let others = try await results(rooms.filter { !$0.isCanary }, of: rooms.count, roster, ahead, judge: judge, gold: nil, &stopwatch)
        let results = canaries + others
        let rated = results.filter(\.room.isRated)
        try arena.configuration.limits.check(rated, round: number, isGame: arena.game != nil)
        pulse.updating(number)

        let (pairs, pairCounts) = preferencePairs(results)
        let health = try await judgeHealth(state, rated, gold, first, judge)
        let trained = try train(state, pairs, results, roster, isAhead: ahead != nil, &stopwatch)
        try pulse.onStep(.learnersTrained, number)
        var next = state
        let alarms = alarms(next.remember(rated, gold: gold, health: health, care: care), first.id)
        let outcomes = try await gate(trained, judge, health, alarms, &stopwatch)
        try pulse.onStep(.gateDecided, number)

        try next.consume(rated)
        let ratings = try rate(next, ahead?.versions ?? roster.versions)
        let versions = try promote(outcomes, judges, &next)
        let returns = try rollBack(alarms, outcomes.map(\.record), &next)
        let evaluations = try await evaluate(state, next, &stopwatch)
        try pulse.onStep(.progressMeasured, number)
        next.follow(returns)
        next.round = number
        next.signature = signature(state, results, ratings, versions, returns)
        try store.save(losses: bench.losses(round: number), run: run.id)
        try store.close(
            RoundClosing(
                round: RoundRecord(number: number, signature: next.signature, timings: stopwatch.timings),
                matches: rated.flatMap(Match.matches(of:)), pairs: pairs, ratings: ratings, versions: versions,
                updates: returns, evaluations: evaluations, judgeHealth: health,
                judgeMeasures: measures(state, rated, gold, pairCounts, first.id), alarms: alarms,
                samples: trained.flatMap(\.candidate.lesson.samples),
                proof: seal.proof(of: results, pairs: pairs, trained: trained, versions: versions, next: next)), run: run.id)
        try pulse.onStep(.roundClosed, number)
        for name in arena.learners {
            try checkpoints.training(name, round: number, saveSteps: 0).removeCheckpoint()
        }
        pulse.closed(number, ratings, health, returns, alarms, stopwatch.timings)
        return next
    }

    /// Places in the round for the rooms of each table.
    var stride: Int { arena.configuration.stages?.roomLimit ?? 1 }

    var pastVersions: PastVersions {
        PastVersions(arena: arena, store: store, run: run, checkpoints: checkpoints)
    }

    private var seal: RoundSeal {
        RoundSeal(arena: arena, store: store, run: run, checkpoints: checkpoints, number: number)
    }

    private var care: JudgeCare { JudgeCare(arena: arena, seed: seed.child(.judge, 0)) }

    /// The round's rooms: pairings from the scheduler, a prompt for each group. Canaries come first, so that
    /// the judge can learn from them before it judges the rest.
    func schedule(_ versions: [String: PolicyID], after state: RunState) -> [Room] {
        arena.tables(round: number, versions: versions, history: state.scheduleHistory, runSeed: Seed(run: run.seed))
    }

    /// Results of some tables: those that an earlier start of this round committed are read, the rest is played,
    /// judged and committed wave by wave. Without stages a table is one room.
    /// - Parameter count: tables of the whole round.
    private func results(
        _ rooms: [Room], of count: Int, _ roster: Roster, _ ahead: PlayedRound?, judge: any Judge, gold: (any Judge)?,
        _ stopwatch: inout RoundStopwatch
    ) async throws -> [RoomResult] {
        let committed = try store.roomResults(run: run.id, round: number)
        var byIndex = Dictionary(uniqueKeysWithValues: committed.map { ($0.room.index, $0) })
        // A wave is committed as a whole, so a table whose first room is there has them all.
        let missing = rooms.filter { byIndex[$0.index * stride] == nil }
        let player = RoomPlayer(arena: arena, policies: roster.policies)
        for start in Swift.stride(from: 0, to: missing.count, by: options.roomsPerWave) {
            let wave = Array(missing[start..<min(start + options.roomsPerWave, missing.count)])
            let tables: [[PlayedRoom]]
            if let ahead {
                tables = ahead.tables(wave)
            } else {
                tables = try await stopwatch.measure(\.rollouts) {
                    try await player.play(tables: wave, stride: stride, seed: seed)
                }
                try pulse.onStep(.roomsPlayed, number)
            }
            let results = try await stopwatch.measure(\.judging) {
                let judged = try await TableVerdicts(judge: judge, hasGold: arena.hasGold, seed: seed).results(tables)
                return try await CanaryGold(arena: arena, seed: seed).asked(gold, about: judged)
            }
            try pulse.onStep(.roomsJudged, number)
            try stopwatch.measure(\.store) {
                try store.save(losses: bench.losses(round: number), run: run.id)
                _ = try store.save(rooms: results, run: run.id)
            }
            try pulse.onStep(.roomsCommitted, number)
            for result in results { byIndex[result.room.index] = result }
            stopwatch.count(results.map(\.rollouts))
            try pulse.wave(number, Set(byIndex.keys.map { $0 / stride }).count, count, stopwatch.timings)
        }
        return rooms.flatMap { table in (0..<stride).compactMap { byIndex[table.index * stride + $0] } }
    }

    /// What people have voted since the last round took their votes, where they are gold. A round takes them before its
    /// first room is committed, so that one that is begun again has those that it began with.
    private func takenVotes() throws -> [PersonalVote] {
        guard case .votes = arena.configuration.judge.gold else { return [] }
        return try store.takeVotes(run: run.id, round: number)
    }

    /// Rooms with gold that this round learns from: its canaries, or those that people have voted on.
    private func goldRooms(_ canaries: [RoomResult], votes: [PersonalVote]) throws -> [RoomResult] {
        guard case .votes = arena.configuration.judge.gold else { return canaries }
        let rooms = try Set(votes.map(\.round)).sorted().flatMap { try store.roomResults(run: run.id, round: $0) }
        return CanaryGold(arena: arena, seed: seed).voted(votes, rooms: rooms)
    }

    /// What the last rounds' canaries say of a panel's members, and today's where they have been played.
    private func experience(_ state: RunState, today: PanelExperience = PanelExperience()) -> PanelExperience {
        state.experience(window: arena.configuration.judge.window, today: today)
    }

    /// Rankings become pairs: within a room of answers, or between the two games of an opening.
    private func preferencePairs(_ results: [RoomResult]) -> ([PreferencePair], PairCounts) {
        let settings = arena.configuration
        let pairs: [PreferencePair]
        if arena.game == nil {
            pairs = results.flatMap {
                PreferencePair.pairs(inRoom: $0, selection: settings.pairSelection, labels: settings.judge.options.labels)
            }
        } else {
            let groups = Dictionary(grouping: results, by: \.room.group)
            pairs = groups.keys.sorted().flatMap { PreferencePair.trajectoryPairs(inGroup: groups[$0] ?? [], comparing: .gold) }
        }
        return settings.pairRules.apply(to: revocations.kept(pairs, of: results), of: results)
    }

    private func alarms(_ report: RewardHackingAlarm.Report?, _ judge: JudgeID) -> [AlarmRecord] {
        guard let report, let action = arena.configuration.judge.alarmAction else { return [] }
        return report.reasons.map { AlarmRecord(round: number, judge: judge, sentence: $0, action: action) }
    }

    private func measures(
        _ state: RunState, _ results: [RoomResult], _ gold: [RoomResult], _ pairs: PairCounts, _ judge: JudgeID
    ) -> [JudgeMeasureRecord] {
        let measures = JudgeMeasures(round: number, arena: arena, judge: judge, learned: state.judges)
        guard !arena.judges.members.isEmpty else { return measures.dropped(pairs) }
        let weights = experience(state, today: care.experience(results, gold: gold))
        return measures.records(results, gold: gold, pairs: pairs, experience: weights)
    }

    /// After an alarm, learners go back to the version that was best by gold.
    private func rollBack(_ alarms: [AlarmRecord], _ records: [UpdateRecord], _ next: inout RunState) throws -> [UpdateRecord] {
        guard let alarm = alarms.first, alarm.action == .rollback else { return records }
        next.alarm.forgetWindow()
        var records = records
        for (index, record) in records.enumerated() {
            guard let learner = next.learners[record.agent], let best = next.bestVersion(of: record.agent),
                best != learner.version,
                let (weights, hash) = try pastVersions.weights(of: PolicyID(agent: record.agent, version: best), like: learner.weights)
            else { continue }
            next.learners[record.agent] = .init(
                version: best, newestVersion: learner.newestVersion, weights: weights, hash: hash)
            records[index].toVersion = best
            records[index].decision = "Went back to v\(best), its best by gold on canaries: \(alarm.sentence)"
        }
        return records
    }

    private func judgeHealth(
        _ state: RunState, _ results: [RoomResult], _ gold: [RoomResult], _ before: any Judge, _ after: any Judge
    ) async throws -> JudgeHealthRecord? {
        guard arena.configuration.judge.canaryRoomCount > 0 || !arena.judges.learning.isEmpty else { return nil }
        return try await care.health(
            round: number, results: results, gold: gold, judge: before.id, after: after.id == before.id ? nil : after,
            state: state)
    }

    /// Each learner trains on its pairs, side by side with the others; threads that are left over share their work.
    private func train(
        _ state: RunState, _ pairs: [PreferencePair], _ results: [RoomResult], _ roster: Roster, isAhead: Bool,
        _ stopwatch: inout RoundStopwatch
    ) throws -> RoundSeal.Trained {
        let ordered = revocations.kept(results).sorted { $0.room.index < $1.room.index }
        let updates = arena.learners.compactMap { name -> LearnerUpdate? in
            guard let learner = state.learners[name], let policy = roster.learner(name) else { return nil }
            return LearnerUpdate(
                arena: arena, policy: policy, learner: learner, round: number, seed: seed.child(.training, named: name))
        }
        let threads = options.threads(forEachOf: updates.count)
        return try stopwatch.measure(\.training) {
            try Parallel.map(updates, threads: options.threads) { update in
                let folder = checkpoints.training(update.agent, round: number, saveSteps: arena.configuration.saveSteps)
                let cut = isAhead ? staleness(update.agent, results, state) : nil
                return (update, try update.candidate(pairs: pairs, results: ordered, cut: cut, folder: folder, threads: threads))
            }
        }
    }

    private func gate(
        _ trained: [(update: LearnerUpdate, candidate: LearnerUpdate.Candidate)], _ judge: any Judge,
        _ health: JudgeHealthRecord?, _ alarms: [AlarmRecord], _ stopwatch: inout RoundStopwatch
    ) async throws -> [LearnerUpdate.Outcome] {
        let alarm = alarms.first { $0.action != .warn }?.sentence
        return try await stopwatch.measure(\.evaluation) {
            var outcomes: [LearnerUpdate.Outcome] = []
            for (update, candidate) in trained {
                outcomes.append(
                    try await update.gated(
                        candidate, judge: judge, health: health, alarm: alarm, threads: options.threads))
            }
            return outcomes
        }
    }

    /// Elo in room order, and Bradley–Terry over all versions so far on the scale of the first anchor.
    ///
    /// Whom no chain of matches joins to the anchor has the initial rating, and an interval without bounds.
    ///
    /// - Parameter versions: who played the round.
    private func rate(_ next: RunState, _ versions: [String: PolicyID]) throws -> [RatingRecord] {
        let fit = try BradleyTerry.fit(
            next.matches, anchor: arena.referencePolicy, options: .init(anchorRating: arena.configuration.initialRating))
        let standings = Dictionary(uniqueKeysWithValues: fit.standings.map { ($0.policy, $0) })
        return arena.entrants.compactMap { entrant in
            guard let id = versions[entrant.name] else { return nil }
            let totals = next.totals[entrant.name] ?? RunState.Totals()
            let rating = standings[id]?.rating
            let initial = arena.configuration.initialRating
            return RatingRecord(
                round: number, policy: id, elo: next.elo[entrant.name], rating: rating?.value ?? initial,
                low: rating?.low ?? -.infinity, high: rating?.high ?? .infinity, wins: totals.wins, draws: totals.draws,
                losses: totals.losses, forfeits: totals.forfeits)
        }
    }

    /// Writes the checkpoints of promoted versions and of the refreshed judge, before any row names them.
    private func promote(
        _ outcomes: [LearnerUpdate.Outcome], _ judges: [RunState.LearnedJudge], _ next: inout RunState
    ) throws -> [VersionRecord] {
        var versions: [VersionRecord] = []
        for outcome in outcomes {
            guard let weights = outcome.promoted, let version = outcome.record.toVersion,
                let parent = next.learners[outcome.record.agent], let model = arena.models[outcome.record.agent]
            else { continue }
            let record = try checkpoints.write(
                weights, like: model, name: outcome.record.agent, version: version, round: number,
                parent: parent.hash, isJudge: false, update: outcome.record, base: arena.basePath(outcome.record.agent))
            versions.append(record)
            try pulse.onStep(.checkpointWritten, number)
            next.learners[outcome.record.agent] = .init(
                version: version, newestVersion: version, weights: weights, hash: record.hash)
        }
        for (index, judge) in judges.enumerated() where judge.id != next.judges[index].id {
            guard let model = arena.judges.learning[index].model else { continue }
            let record = try checkpoints.write(
                judge.parameters, like: model, name: judge.id.name, version: judge.id.version, round: number,
                parent: next.judges[index].hash, isJudge: true, update: nil)
            versions.append(record)
            try pulse.onStep(.checkpointWritten, number)
            next.judges[index] = .init(id: judge.id, parameters: judge.parameters, hash: record.hash)
        }
        return versions
    }

    /// Measures every learner's newest version on held-out prompts; in the first round also what all began with.
    private func evaluate(_ state: RunState, _ next: RunState, _ stopwatch: inout RoundStopwatch) async throws -> [EvaluationRecord] {
        let settings = arena.configuration
        let evaluation = Evaluation(arena: arena, seed: Seed(run: run.seed), threads: options.threads)
        return try await stopwatch.measure(\.evaluation) {
            var records: [EvaluationRecord] = []
            if number == 1 { records += try await evaluation.measure(newest(state), round: 0) }
            if number % settings.evaluationInterval == 0 || number == settings.roundCount {
                records += try await evaluation.measure(newest(next), round: number)
            }
            return records
        }
    }

    private func newest(_ state: RunState) -> [(id: PolicyID, parameters: TrainedWeights?)] {
        arena.learners.compactMap { name in
            state.learners[name].map { (PolicyID(agent: name, version: $0.version), $0.weights) }
        }
    }

    private func signature(
        _ state: RunState, _ results: [RoomResult], _ ratings: [RatingRecord], _ versions: [VersionRecord],
        _ updates: [UpdateRecord]
    ) -> String {
        var signature = Signature(after: state.signature)
        for result in results { signature.add(result) }
        for rating in ratings {
            signature.add("elo \(rating.policy)", rating.elo)
            signature.add("rating \(rating.policy)", rating.rating)
        }
        for version in versions { signature.add("version \(version.name) \(version.version) \(version.hash)") }
        for update in updates { signature.add("plays on \(update.agent) \(update.toVersion ?? update.fromVersion)") }
        return signature.finished()
    }
}
