public import AgonAudit
import AgonCore
import AgonStore
import AgonTransformer

/// A stored run's rollouts checked against what its versions and its seed say, without generating any.
///
/// Rooms and prompts are made again from their addresses, contexts from the prompts, and every own token is drawn once more
/// from the logits of one forward pass. On the kernel path that made the run all of it must agree to the bit.
public struct RunAudit: Sendable, Hashable, Codable {
    public var run: String
    /// The path that made the run, and the one that checks.
    public var generatedOn: String
    public var checkedOn: String
    /// The greatest |Δ log p| in nats that passes, by agent.
    public var bounds: [String: Double]
    /// Rounds that were checked.
    public var roundCount: Int
    public var roomCount: Int
    /// Rollouts whose tokens were drawn again, and how many tokens they chose.
    public var rolloutCount: Int
    public var tokenCount: Int
    /// Rooms that their judge decided again.
    public var verdictRoomCount: Int
    /// Why none were, in a sentence; nil where they were.
    public var verdictNote: String?
    /// Rollouts of native models that could not be drawn again, by reason.
    public var unchecked: [String: Int]
    /// What the rooms were drawn by; nil where all were checked.
    public var sampleSeed: UInt64?
    /// In the order of rounds and rooms.
    public var rejections: [Rejection]

    /// - Parameter shouldStop: asked after each round.
    /// - Throws: `configuration` for a round or agent that the run does not have, and where the run was made on another
    ///   path by narrow weights that nobody calibrated; `Interruption`.
    public init(_ stored: StoredRun, options: AuditOptions, shouldStop: () -> Bool = { false }) async throws {
        let arena = stored.arena
        let calibrated = try CalibrationFile(in: stored.checkpoints.root)
        (run, generatedOn, checkedOn) = (stored.record.id, stored.record.kernels, arena.kernels.name)
        let bounds = try RunAudit.bounds(stored, calibrated)
        self.bounds = bounds.mapValues(\.nats)
        try RunAudit.check(options, stored)
        let rounds = options.rounds ?? 1...max(1, stored.closedRoundCount)
        let chosen = try RunAudit.sample(stored, options, rounds)
        verdictNote = RunAudit.verdictNote(stored)
        let judges = verdictNote == nil ? try PastJudges(stored, folder: nil, threads: options.threads) { _ in } : nil
        var (history, findings) = (try AuditHistory(stored), AuditFindings())
        roundCount = 0
        for round in stride(from: 1, through: min(rounds.upperBound, stored.closedRoundCount), by: 1) {
            let results = try stored.store.roomResults(run: run, round: round)
            if rounds.contains(round) {
                roundCount += 1
                let audit = RoundAudit(stored, history: history, options: options, judges: judges) { bounds[$0] ?? .exact }
                findings.add(
                    try await RoundAudit.findings(audit, in: results, round: round) { room in
                        chosen?.contains(.init(round: round, room: room)) ?? true
                    })
            }
            try history.close(results)
            if shouldStop() { throw Interruption() }
        }
        findings.searchCopies()
        sampleSeed = options.sample.map { _ in options.sampleSeed }
        (roomCount, rolloutCount, tokenCount) = (findings.roomCount, findings.rolloutCount, findings.tokenCount)
        (verdictRoomCount, unchecked) = (findings.verdictRoomCount, findings.unchecked)
        rejections = findings.rejections.sorted {
            ($0.round, $0.room, $0.seat ?? -1) < ($1.round, $1.room, $1.seat ?? -1)
        }
    }

    private static func check(_ options: AuditOptions, _ stored: StoredRun) throws(TournamentError) {
        if let rounds = options.rounds {
            try stored.require(round: rounds.lowerBound)
            try stored.require(round: rounds.upperBound)
        }
        let known = stored.arena.entrants.map(\.name)
        if let name = options.agents.sorted().first(where: { !known.contains($0) }) {
            throw TournamentError(.configuration, "run \(stored.record.id) has no agent \(name): it has \(known.joined(separator: ", ")).")
        }
    }

    /// Exact where the run's path checks; what was calibrated otherwise, or the bound that suits float32.
    private static func bounds(_ stored: StoredRun, _ file: CalibrationFile) throws -> [String: AuditBound] {
        let (made, here) = (stored.record.kernels, stored.arena.kernels.name)
        return try stored.arena.models.keys.reduce(into: [:]) { bounds, name in
            if let bound = file.bound(model: stored.arena.modelHashes[name] ?? "", generatedOn: made, checkedOn: here) {
                bounds[name] = bound
            } else if made == here {
                bounds[name] = .exact
            } else if stored.arena.starts[name]?.weights == .float32 {
                bounds[name] = .betweenPaths
            } else {
                throw TournamentError(
                    .configuration,
                    "\(name) generated on \(made) with narrow weights, and this process checks on \(here): run `agon calibrate --agent \(name)` first, or set AGON_KERNELS=\(made).")
            }
        }
    }

    /// The rooms to check; nil for all.
    private static func sample(_ stored: StoredRun, _ options: AuditOptions, _ rounds: ClosedRange<Int>) throws -> Set<RoomAddress>? {
        guard let count = options.sample else { return nil }
        let rooms = try stored.store.roomAddresses(run: stored.record.id)
            .filter { rounds.contains($0.round) && $0.round <= stored.closedRoundCount }
        var generator = SeededGenerator(Seed(run: options.sampleSeed))
        return Set(generator.shuffled(rooms).prefix(count))
    }

    /// Only a judge that is a pure function of what is stored can be asked twice for the same.
    private static func verdictNote(_ stored: StoredRun) -> String? {
        let kind = stored.arena.configuration.judge.kind
        guard [.referee, .exact, .rewardModel, .policy].contains(kind) else {
            return "A judge of kind \(kind.rawValue) is not asked again; `agon rejudge` asks it."
        }
        guard stored.record.kernels == stored.arena.kernels.name || [.referee, .exact].contains(kind) else {
            return "The judge's scores are those of other kernels; set AGON_KERNELS=\(stored.record.kernels) to ask it again."
        }
        return nil
    }

    /// Rooms with a rejection.
    public var rejectedRoomCount: Int { Set(rejections.map { RoomAddress(round: $0.round, room: $0.room) }).count }
}
