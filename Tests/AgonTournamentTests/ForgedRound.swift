import AgonAgents
import AgonAudit
import AgonCore
import AgonStore
import AgonTransformer

@testable import AgonTournament

/// The last round of a played story, whose rollouts can be forged before they are audited.
struct ForgedRound {
    let stored: StoredRun
    let history: AuditHistory
    let round: Int
    let results: [RoomResult]

    init(_ story: StoryArena, seed: UInt64? = nil) throws {
        stored = try StoredRun(arena: Arena(file: story.file), database: story.database("db"), seed: seed)
        round = stored.closedRoundCount
        var history = try AuditHistory(stored)
        for round in 1..<round { try history.close(stored.store.roomResults(run: stored.record.id, round: round)) }
        self.history = history
        results = try stored.store.roomResults(run: stored.record.id, round: round)
    }

    /// What an audit of the round says where it holds these rooms.
    func rejections(_ results: [RoomResult], judges: PastJudges? = nil) async throws -> [Rejection] {
        try await findings(results, judges: judges).rejections
    }

    func findings(_ results: [RoomResult], judges: PastJudges? = nil) async throws -> AuditFindings {
        let audit = RoundAudit(stored, history: history, options: AuditOptions(threads: 2), judges: judges) { _ in .exact }
        var findings = try await RoundAudit.findings(audit, in: results, round: round) { _ in true }
        findings.searchCopies()
        return findings
    }

    /// A rollout that a cheat is about to replace.
    struct Target {
        let room: Int
        let seat: Int
        let policy: TransformerPolicy
        let request: GenerationRequest
        let honest: Generation
        let prompt: Prompt
        var transformer: Transformer { policy.transformer }
    }

    /// The rollouts of one policy in an arena of prompts.
    func targets(_ id: PolicyID) throws -> [Target] {
        guard let policy = try history.policy(id, threads: 1) as? TransformerPolicy else { return [] }
        let seed = stored.seed(ofRound: round)
        return try results.flatMap { result in
            try result.room.seats.indices.filter { result.room.seats[$0] == id }.map { seat in
                let request = try policy.generationRequest(
                    PolicyRequest(
                        prompt: result.room.prompt.text, maxNewTokens: stored.arena.configuration.maxNewTokens,
                        seed: seed.child(.room, result.room.index).child(.seat, seat)))
                let rollout = result.rollouts[seat]
                let honest = Generation(
                    tokens: Array(rollout.sequence?.tokens.dropFirst(request.tokens.count) ?? []), logProbs: rollout.logProbs,
                    finish: rollout.finish == .stop ? .stop : .length)
                return Target(
                    room: result.room.index, seat: seat, policy: policy, request: request, honest: honest, prompt: result.room.prompt)
            }
        }
    }

    /// The rooms with what a cheat hands in for a rollout, in all that follows from it.
    func replacing(_ target: Target, by forged: Generation, in results: inout [RoomResult]) {
        let response = target.policy.response(to: target.request, forged)
        let forfeit: Forfeit? = response.finish == .length ? .unfinished : response.text.allSatisfy(\.isWhitespace) ? .empty : nil
        let gold = forfeit == nil ? stored.arena.gold(response.text, to: target.prompt) : stored.arena.hasGold ? 0 : nil
        results[target.room].rollouts[target.seat] = Rollout(
            text: response.text, sequence: TokenSequence(prompt: response.context, completion: forged.tokens),
            logProbs: forged.logProbs, finish: response.finish, forfeit: forfeit, gold: gold)
    }

    /// The weights of a version, in memory.
    func parameters(_ id: PolicyID) throws -> Parameters {
        let record = try stored.store.versions(run: stored.record.id).first { !$0.isJudge && $0.name == id.agent && $0.version == id.version }
        guard let record else { throw TournamentError(.noRun, "\(id) is not in the run") }
        return try stored.checkpoints.load(record)
    }
}

extension Transformer {
    /// A completion with the log-probabilities that this model gives it.
    func scored(_ request: GenerationRequest, _ tokens: [Int32], finish: Generation.Finish) throws -> Generation {
        let logProbs = try logProbs(of: [TokenSequence(prompt: request.tokens, completion: tokens)])[0]
        return Generation(tokens: tokens, logProbs: logProbs, finish: finish)
    }
}
