import AgonCore

/// Whose answers and verdicts a round's updates leave out.
struct Revocations: Sendable {
    private let agents: Set<String>
    private let judges: Set<String>

    /// - Parameter round: the round that learns.
    init(_ records: [Revocation] = [], round: Int) {
        let holding = records.filter { $0.fromRound <= round }
        agents = Set(holding.filter { $0.kind == .agent }.map(\.name))
        judges = Set(holding.filter { $0.kind == .judge }.map(\.name))
    }

    private var isEmpty: Bool { agents.isEmpty && judges.isEmpty }

    /// The pairs with neither side by a revoked agent, and no part of the verdict by a revoked judge.
    func kept(_ pairs: [PreferencePair], of results: [RoomResult]) -> [PreferencePair] {
        guard !isEmpty else { return pairs }
        let revoked = Set(results.filter(isRevoked).map(\.room.index))
        return pairs.filter { pair in
            [pair.chosen, pair.rejected].allSatisfy { !agents.contains($0.policy.agent) && !revoked.contains($0.room) }
        }
    }

    /// The rooms as far as they may teach: without the answers of revoked agents and what compares with them, and of rooms
    /// with a revoked judge without any verdict.
    func kept(_ results: [RoomResult]) -> [RoomResult] {
        guard !isEmpty else { return results }
        return results.map { result in
            var result = result
            let isOut = result.room.seats.map { agents.contains($0.agent) }
            let hasNoJudge = isRevoked(result)
            for seat in isOut.indices where isOut[seat] || hasNoJudge {
                result.rollouts[seat].sequence = nil
                if !result.scores.isEmpty { result.scores[seat] = nil }
            }
            result.verdicts.removeAll { hasNoJudge || isOut[$0.first] || isOut[$0.second] }
            return result
        }
    }

    /// Whether a revoked judge judged the room, alone or in a panel.
    private func isRevoked(_ result: RoomResult) -> Bool {
        judges.contains(result.judge.name) || result.votes.contains { judges.contains($0.judge.name) }
    }
}
