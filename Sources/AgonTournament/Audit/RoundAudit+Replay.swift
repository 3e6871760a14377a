import AgonAgents
import AgonAudit
import AgonCore
import AgonTransformer

extension RoundAudit {
    /// What stands behind a seat.
    private enum Seating {
        case version(TransformerPolicy)
        case rule(any Policy)
        /// Its texts are taken as they are stored.
        case text(reason: String)
        case rejected(Complaint)
    }

    /// A replay of one rollout.
    private struct Job {
        /// Its seat, and its room's place among those that are replayed.
        let place: Place
        let policy: TransformerPolicy
        let rollout: AuditedRollout
        var request: ReplayRequest
    }

    /// Plays rooms again from what is stored and draws every token once more.
    mutating func replay(_ results: [RoomResult], seed: Seed) async throws {
        var seatings: [PolicyID: Seating] = [:]
        for id in Set(results.flatMap(\.room.seats)) { seatings[id] = try seating(id) }
        let playable = results.filter { note($0.room, seatings) }
        let recorded = RecordedRooms(
            Dictionary(
                uniqueKeysWithValues: playable.flatMap { result in
                    result.rollouts.enumerated().map {
                        (RecordedRooms.Seat(room: RoomPlayer.id(of: result.room, seed: seed), seat: $0), $1)
                    }
                }))
        let policies = Dictionary(
            uniqueKeysWithValues: seatings.map { id, seating -> (PolicyID, any Policy) in
                switch seating {
                case .version(let policy): (id, RecordedPolicy(id: id, version: policy, rooms: recorded))
                case .rule(let policy): (id, policy)
                case .text, .rejected: (id, RecordedPolicy(id: id, version: nil, rooms: recorded))
                }
            })
        let again = try await RoomPlayer(arena: stored.arena, policies: policies).play(playable.map(\.room), seed: seed)
        var jobs: [Job] = []
        for (index, result) in playable.enumerated() {
            let id = RoomPlayer.id(of: result.room, seed: seed)
            let entries = result.room.seats.indices.map { recorded[.init(room: id, seat: $0)] }
            let isWhole = entries.allSatisfy { $0?.complaint == nil }
            for (seat, policy) in result.room.seats.enumerated() where options.includes(policy.agent) {
                if let complaint = entries[seat]?.complaint { findings.reject(result.room, seat: seat, complaint) }
                let version: TransformerPolicy? = if case .version(let version)? = seatings[policy] { version } else { nil }
                if isWhole, let complaint = outcome(result, seat, again[index][seat], hasTokens: version != nil) {
                    findings.reject(result.room, seat: seat, complaint)
                }
                guard let version, let entry = entries[seat] else { continue }
                jobs.append(job(Place(room: index, seat: seat), version, entry))
            }
        }
        try draw(jobs, of: playable)
    }

    private func seating(_ id: PolicyID) throws -> Seating {
        switch stored.arena.agents[id.agent]?.kind {
        case .process, .endpoint: return .text(reason: "their agents answer from outside")
        default: break
        }
        guard history.isOnDisk(id) else { return .text(reason: "checkpoints are not on disk") }
        do {
            let policy = try history.policy(id, threads: options.threads)
            return (policy as? TransformerPolicy).map { .version($0) } ?? .rule(policy)
        } catch let error as TournamentError where error.code == .inconsistent {
            return .rejected(Complaint(.checkpoint, expected: "the weights that the database recorded for \(id)", seen: "others on disk"))
        }
    }

    /// Counts what of a room cannot be checked.
    /// - Returns: whether the room can be played again. A game needs all of its moves.
    private mutating func note(_ room: Room, _ seatings: [PolicyID: Seating]) -> Bool {
        var reason: String?
        for (seat, policy) in room.seats.enumerated() {
            switch seatings[policy] {
            case .text(let text): reason = text
            case .rejected(let complaint):
                reason = "of checkpoints that are not the recorded ones"
                if options.includes(policy.agent) { findings.reject(room, seat: seat, complaint) }
            default: break
            }
        }
        let isPlayable = reason == nil || stored.arena.game == nil
        for (seat, policy) in room.seats.enumerated() where options.includes(policy.agent) {
            switch seatings[policy] {
            case .text(let reason): findings.unchecked[reason, default: 0] += 1
            case .version where !isPlayable: findings.unchecked["a game is not whole without the others' moves", default: 0] += 1
            default: continue
            }
            unconfirmed.insert(Place(room: room.index, seat: seat))
        }
        return isPlayable
    }

    private func job(_ place: Place, _ policy: TransformerPolicy, _ entry: RecordedRooms.Entry) -> Job {
        let answers = entry.answers.map {
            AuditedAnswer(
                start: $0.request.tokens.count, count: $0.count, limit: $0.request.limit(policy.transformer.config),
                endTokens: $0.request.endTokens(policy.transformer.config))
        }
        let end = answers.last.map { $0.start + $0.count } ?? 0
        let tokens = Array(entry.rollout.sequence?.tokens.prefix(end) ?? [])
        let ownCount = answers.reduce(0) { $0 + $1.count }
        let logProbs = entry.complaint == nil ? entry.rollout.logProbs : Array(entry.rollout.logProbs.prefix(ownCount))
        return Job(
            place: place, policy: policy, rollout: AuditedRollout(tokens: tokens, answers: answers, logProbs: logProbs),
            request: ReplayRequest(tokens: tokens, answers: entry.answers.map { .init(to: $0.request, count: $0.count) }))
    }

    /// One forward pass for all versions on a base.
    private mutating func draw(_ jobs: [Job], of results: [RoomResult]) throws {
        for job in jobs {
            if let complaint = job.rollout.endingComplaint { findings.reject(results[job.place.room].room, seat: job.place.seat, complaint) }
        }
        let sorted = jobs.filter { $0.rollout.answers.contains { $0.count > 0 } }
            .sorted { ($0.policy.id, $0.place.room, $0.place.seat) < ($1.policy.id, $1.place.room, $1.place.seat) }
        for group in Dictionary(grouping: sorted, by: \.policy.transformer.baseIdentity).values.sorted(by: { $0[0].policy.id < $1[0].policy.id }) {
            var policies: [TransformerPolicy] = []
            let requests = group.map { job in
                if policies.last?.id != job.policy.id { policies.append(job.policy) }
                var request = job.request
                request.policyIndex = policies.count - 1
                return request
            }
            let tolerance = group.map { bound($0.policy.id.agent).tolerance }.max() ?? 0
            let replays = try Transformer.replay(
                requests, policies: policies.map(\.transformer), tolerance: tolerance, threads: options.threads)
            for (job, replay) in zip(group, replays) {
                let bound = bound(job.policy.id.agent).nats
                findings.rolloutCount += 1
                findings.tokenCount += replay.drawn.count
                let complaints = [
                    job.rollout.drawComplaint(drawn: replay.drawn),
                    job.rollout.logProbComplaint(replayed: replay.logProbs, bound: bound),
                ]
                for complaint in complaints.compactMap({ $0 }) {
                    findings.reject(results[job.place.room].room, seat: job.place.seat, complaint)
                }
            }
        }
    }

    /// What follows from the tokens beside what is stored.
    ///
    /// - Parameter hasTokens: whether its tokens were played again, too.
    private func outcome(_ result: RoomResult, _ seat: Int, _ again: Rollout, hasTokens: Bool) -> Complaint? {
        let old = result.rollouts[seat]
        if hasTokens, old.sequence != again.sequence {
            func form(_ sequence: TokenSequence?) -> String { sequence.map { "\($0.tokens.count) tokens, \($0.ownCount) its own" } ?? "no tokens" }
            return Complaint(.context, expected: form(again.sequence), seen: form(old.sequence))
        }
        func complaint(_ expected: String, _ seen: String) -> Complaint? {
            expected == seen ? nil : Complaint(.outcome, expected: expected, seen: seen)
        }
        func gold(_ rollout: Rollout) -> String { rollout.gold.map { "gold \($0)" } ?? "no gold" }
        let isGoldAsked = result.room.isCanary && stored.arena.judges.gold != nil
        return (old.text == again.text ? nil : Complaint(.outcome, expected: RoundAudit.quoted(again.text), seen: RoundAudit.quoted(old.text)))
            ?? complaint("finish \(again.finish.rawValue)", "finish \(old.finish.rawValue)")
            ?? complaint(again.forfeit?.rawValue ?? "no forfeit", old.forfeit?.rawValue ?? "no forfeit")
            ?? (isGoldAsked ? nil : complaint(gold(again), gold(old)))
    }
}
