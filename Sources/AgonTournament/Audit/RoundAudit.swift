import AgonAgents
import AgonAudit
import AgonCore
import AgonGames

/// One round of a stored run, checked: its rooms against the schedule, and each rollout against its version and its seed.
struct RoundAudit {
    let stored: StoredRun
    let history: AuditHistory
    let options: AuditOptions
    /// What an agent's log-probabilities are held to.
    let bound: (_ agent: String) -> AuditBound
    /// Decides rooms again; nil where the judge cannot be asked twice for the same.
    let judges: PastJudges?
    var findings = AuditFindings()
    /// Rollouts that nothing but the probability of their tokens speaks for.
    var unconfirmed: Set<Place> = []

    /// A seat of one of the round's rooms.
    struct Place: Hashable {
        let room, seat: Int
    }

    init(
        _ stored: StoredRun, history: AuditHistory, options: AuditOptions, judges: PastJudges?,
        bound: @escaping (String) -> AuditBound
    ) {
        (self.stored, self.history, self.options, self.judges, self.bound) = (stored, history, options, judges, bound)
    }

    /// Checks the rooms of a round that are chosen; that none is missing and none too many is checked of all.
    static func findings(
        _ audit: RoundAudit, in results: [RoomResult], round: Int, isChosen: (Int) -> Bool
    ) async throws -> AuditFindings {
        var audit = audit
        let (tables, scheduled) = audit.scheduled(results)
        // A table is played whole.
        let drawn = Set(scheduled.filter { isChosen($0.room.index) }.map { $0.room.index / audit.stride })
        let chosen = scheduled.filter { drawn.contains($0.room.index / audit.stride) }
        let seed = audit.stored.seed(ofRound: round)
        try await audit.replay(tables.filter { drawn.contains($0.index) }, chosen, seed: seed)
        try await audit.rejudge(chosen, seed: seed)
        audit.read(results)
        audit.findings.roomCount = chosen.count
        return audit.findings
    }

    /// Places in the round for the rooms of each table.
    var stride: Int { stored.arena.configuration.stages?.roomLimit ?? 1 }

    /// The tables of the schedule, and the rooms that are theirs.
    private mutating func scheduled(_ results: [RoomResult]) -> ([Room], [RoomResult]) {
        let tables = history.tables()
        let byIndex = Dictionary(uniqueKeysWithValues: tables.map { ($0.index, $0) })
        let known = Set(results.map { $0.room.index / stride })
        for var room in tables where !known.contains(room.index) {
            room.index *= stride
            rejectMissing(room)
        }
        let rooms = results.filter { result in
            guard let table = byIndex[result.room.index / stride] else {
                rejectExtra(result.room)
                return false
            }
            // What later stages ask is known when they are played.
            return stride > 1 || isEqual(result.room, table)
        }
        return (tables, rooms)
    }

    mutating func rejectMissing(_ room: Room) {
        findings.reject(room, seat: nil, Complaint(.room, expected: "a room of \(room.seats.count) seats", seen: "none"))
    }

    mutating func rejectExtra(_ room: Room) {
        findings.reject(room, seat: nil, Complaint(.room, expected: "no such room", seen: "one of \(room.seats.count) seats"))
    }

    /// Whether a room is what it has to be; rejects it where it is not.
    mutating func isEqual(_ room: Room, _ expected: Room) -> Bool {
        for (seat, pair) in zip(room.seats, expected.seats).enumerated() where pair.0 != pair.1 {
            findings.reject(room, seat: seat, Complaint(.room, expected: "\(pair.1) in this seat", seen: "\(pair.0)"))
        }
        if room.prompt != expected.prompt {
            let isSameText = room.prompt.text == expected.prompt.text
            findings.reject(
                room, seat: nil,
                Complaint(
                    .room, expected: isSameText ? "prompt \(expected.prompt.id)" : "the prompt \(RoundAudit.quoted(expected.prompt.text))",
                    seen: isSameText ? "\(room.prompt.id), or another reference" : RoundAudit.quoted(room.prompt.text)))
        } else if room != expected, room.seats == expected.seats || room.seats.count != expected.seats.count {
            findings.reject(
                room, seat: nil,
                Complaint(.room, expected: RoundAudit.form(expected), seen: RoundAudit.form(room)))
        }
        return room == expected
    }

    private static func form(_ room: Room) -> String {
        "\(room.seats.count) seats, group \(room.group)\(room.isCanary ? ", canary" : "")\(room.stage.map { ", stage \($0.kind.rawValue)" } ?? "")"
    }

    static func quoted(_ text: String) -> String { "`\(text.count > 60 ? text.prefix(60) + "…" : text)`" }

    private mutating func read(_ results: [RoomResult]) {
        for result in results {
            for (seat, rollout) in result.rollouts.enumerated() {
                let policy = result.room.seats[seat]
                let isTold = unconfirmed.contains(Place(room: result.room.index, seat: seat))
                    && stored.arena.agents[policy.agent]?.sampling == SamplingOptions()
                findings.read.append(
                    .init(
                        round: result.room.round, room: result.room.index, seat: seat, policy: policy, sequence: rollout.sequence,
                        logProbability: isTold ? rollout.logProbs.reduce(0) { $0 + Double($1) } : nil))
            }
        }
    }

    /// Whether what follows from a room ranks it, and no judge.
    static func isRewarded(_ room: Room) -> Bool { room.stage?.kind == .critique || room.stage?.kind == .propose }

    private mutating func rejudge(_ results: [RoomResult], seed: Seed) async throws {
        guard let judges else { return }
        let results = results.filter { !RoundAudit.isRewarded($0.room) }
        for (old, new) in zip(results, try await judges.results(results, seed: seed)) {
            findings.verdictRoomCount += 1
            func text(_ result: RoomResult) -> String {
                let verdicts = result.verdicts.map(\.verdict.rawValue).joined(separator: " ")
                let ranks = result.ranking.ranks.map { $0.map(String.init) ?? "–" }.joined(separator: " ")
                let scores = result.scores.map { $0.map { "\($0)" } ?? "–" }.joined(separator: " ")
                return "verdicts \(verdicts), ranks \(ranks)" + (scores.isEmpty ? "" : ", scores \(scores)")
            }
            guard old.verdicts != new.verdicts || old.ranking != new.ranking || old.scores != new.scores else { continue }
            findings.reject(old.room, seat: nil, Complaint(.verdict, expected: text(new), seen: text(old)))
        }
    }
}
