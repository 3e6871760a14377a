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
        let room: Room
        let seat: Int
        let policy: TransformerPolicy
        let rollout: AuditedRollout
        var request: ReplayRequest
    }

    /// Plays tables again from the rooms that are stored, and draws every token once more.
    mutating func replay(_ tables: [Room], _ results: [RoomResult], seed: Seed) async throws {
        var seatings: [PolicyID: Seating] = [:]
        for id in Set(tables.flatMap(\.seats)) { seatings[id] = try seating(id) }
        let playable = tables.filter { stored.arena.game == nil || isWhole($0, seatings) }
        let places = Set(playable.map(\.index))
        for result in results { note(result.room, seatings, isPlayable: places.contains(result.room.index / stride)) }
        let rooms = results.filter { places.contains($0.room.index / stride) }
        let recorded = RecordedRooms(rooms, isGame: stored.arena.game != nil, seed: seed)
        let policies = Dictionary(
            uniqueKeysWithValues: seatings.map { id, seating -> (PolicyID, any Policy) in
                switch seating {
                case .version(let policy): (id, RecordedPolicy(id: id, version: policy, rooms: recorded))
                case .rule(let policy): (id, policy)
                case .text, .rejected: (id, RecordedPolicy(id: id, version: nil, rooms: recorded))
                }
            })
        let played = try await RoomPlayer(arena: stored.arena, policies: policies).play(tables: playable, stride: stride, seed: seed)
        let byIndex = Dictionary(uniqueKeysWithValues: rooms.map { ($0.room.index, $0) })
        var jobs: [Job] = []
        for table in played { jobs += compared(table, byIndex, recorded, seatings) }
        let known = Set(played.joined().map(\.room.index))
        for result in rooms where !known.contains(result.room.index) { rejectExtra(result.room) }
        try draw(jobs)
    }

    /// The rooms of a table beside what came of playing it again.
    /// - Returns: what is to be drawn.
    private mutating func compared(
        _ table: [PlayedRoom], _ results: [Int: RoomResult], _ recorded: RecordedRooms, _ seatings: [PolicyID: Seating]
    ) -> [Job] {
        let isWhole = table.allSatisfy { played in
            played.room.seats.indices.allSatisfy { recorded[played.room, $0]?.complaint == nil }
        }
        var jobs: [Job] = []
        for played in table {
            guard let result = results[played.room.index] else {
                rejectMissing(played.room)
                continue
            }
            guard isEqual(result.room, played.room) else { continue }
            for (seat, policy) in result.room.seats.enumerated() where options.includes(policy.agent) {
                let entry = recorded[result.room, seat]
                if let complaint = entry?.complaint { findings.reject(result.room, seat: seat, complaint) }
                let version: TransformerPolicy? = if case .version(let version)? = seatings[policy] { version } else { nil }
                if isWhole, let complaint = outcome(result, seat, played.rollouts[seat], hasTokens: version != nil) {
                    findings.reject(result.room, seat: seat, complaint)
                }
                if let version, let entry { jobs.append(job(result.room, seat, version, entry)) }
            }
        }
        return jobs
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

    /// Whether all of a game's moves can be made again.
    private func isWhole(_ table: Room, _ seatings: [PolicyID: Seating]) -> Bool {
        table.seats.allSatisfy { seat in
            switch seatings[seat] {
            case .version, .rule: true
            default: false
            }
        }
    }

    /// Counts what of a room cannot be checked, and rejects what other weights stand for.
    private mutating func note(_ room: Room, _ seatings: [PolicyID: Seating], isPlayable: Bool) {
        for (seat, policy) in room.seats.enumerated() where options.includes(policy.agent) {
            switch seatings[policy] {
            case .text(let reason): findings.unchecked[reason, default: 0] += 1
            case .version where !isPlayable: findings.unchecked["a game is not whole without the others' moves", default: 0] += 1
            case .rejected(let complaint): findings.reject(room, seat: seat, complaint)
            default: continue
            }
            unconfirmed.insert(Place(room: room.index, seat: seat))
        }
    }

    private func job(_ room: Room, _ seat: Int, _ policy: TransformerPolicy, _ entry: RecordedRooms.Entry) -> Job {
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
            room: room, seat: seat, policy: policy, rollout: AuditedRollout(tokens: tokens, answers: answers, logProbs: logProbs),
            request: ReplayRequest(tokens: tokens, answers: entry.answers.map { .init(to: $0.request, count: $0.count) }))
    }

    /// One forward pass for all versions on a base.
    private mutating func draw(_ jobs: [Job]) throws {
        for job in jobs {
            if let complaint = job.rollout.endingComplaint { findings.reject(job.room, seat: job.seat, complaint) }
        }
        let sorted = jobs.filter { $0.rollout.answers.contains { $0.count > 0 } }
            .sorted { ($0.policy.id, $0.room.index, $0.seat) < ($1.policy.id, $1.room.index, $1.seat) }
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
                    findings.reject(job.room, seat: job.seat, complaint)
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
        // Another judge's gold, and what critics and proposers earn, is put in the place of the answer's own afterwards.
        let isGoldAsked = RoundAudit.isRewarded(result.room) || result.room.isCanary && stored.arena.judges.gold != nil
        return (old.text == again.text ? nil : Complaint(.outcome, expected: RoundAudit.quoted(again.text), seen: RoundAudit.quoted(old.text)))
            ?? complaint("finish \(again.finish.rawValue)", "finish \(old.finish.rawValue)")
            ?? complaint(again.forfeit?.rawValue ?? "no forfeit", old.forfeit?.rawValue ?? "no forfeit")
            ?? (isGoldAsked ? nil : complaint(gold(again), gold(old)))
    }
}
