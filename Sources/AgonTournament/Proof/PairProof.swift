import AgonCore
public import AgonProof

/// The proof that one pair is among those that an arena has signed for.
public enum PairProof {
    /// - Parameter index: the pair's place among those of the round, from 0, in the order of `agon pairs export`.
    /// - Throws: `configuration` where there is no such pair or no statement of the round; `StoreError`.
    public static func make(
        agent: String, database: String, run: String? = nil, round: Int, index: Int
    ) throws -> InclusionProof {
        let chain = try StoredChain(agent: agent, database: database, run: run, arena: nil)
        guard let sealed = chain.statements.first(where: { $0.statement.round == round }) else {
            throw TournamentError(.configuration, "run \(chain.run.id) has no statement of round \(round): it has those of \(chain.statements.count) rounds.")
        }
        let pairs = try chain.evidence(round: round).pairs
        guard pairs.indices.contains(index) else {
            throw TournamentError(.configuration, "round \(round) of run \(chain.run.id) has \(pairs.count) pairs, so there is no pair \(index): the first is 0.")
        }
        return InclusionProof(of: index, among: pairs, round: sealed)
    }

    /// What it shows, in a sentence.
    public static func text(_ proof: InclusionProof) -> String {
        let round = proof.round.statement
        return DisplayText.visible(
            "Pair \(proof.pair.prefix(16)) is \(proof.isValid ? "" : "not ")pair \(proof.index) of the \(round.pairCount) of round \(round.round) of run \(round.run): \(proof.path.count) hashes lead to the root \(round.pairsRoot.prefix(16)), signed by \(proof.round.seal.key.prefix(16)). --json prints the proof.")
    }
}
