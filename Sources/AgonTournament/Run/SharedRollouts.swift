import AgonAgents
import AgonCore
import AgonTraining

/// What a learner takes from others: their answers as texts, in its own tokens, and what the arena's judge said of them.
///
/// Nothing that a peer says of itself is believed. A pair is refused, and counted, where its rooms do not hold it, its sides
/// answer different prompts or are one and the same, an answer is longer than an answer may be or cannot be spelled, or a
/// label is no probability.
struct SharedRollouts {
    let mix: BatchMix
    /// Who learns.
    let policy: TransformerPolicy
    /// The most tokens that an answer may have.
    let maxNewTokens: Int

    /// Own pairs and others', with how many of them are own.
    struct Batches {
        var pairs: [TrainingPair]
        /// Where they stood: in the local ones, and behind those in `accepted`.
        var order: [Int]
        var accepted: [PreferencePair]
        var localCount: Int
        var refusedCount: Int
    }

    /// As many pairs as fill whole batches, drawn by `seed`.
    ///
    /// - Parameters:
    ///   - local: pairs with an own side, as they train.
    ///   - external: pairs between others.
    func batches(_ local: [TrainingPair], external: [PreferencePair], of results: [RoomResult], seed: Seed) -> Batches {
        let rooms = Dictionary(results.map { ($0.room.index, $0) }, uniquingKeysWith: { first, _ in first })
        let read = external.compactMap { pair in self.pair(of: pair, in: rooms).map { (pair, $0) } }
        let shared = read.map(\.1)
        var generator = SeededGenerator(seed.child(.shuffle, 0))
        let items = local + shared
        let order = mix.order(localCount: local.count, externalCount: shared.count, &generator)
        let own = order.filter { $0 < local.count }
        let drawn = own + order.filter { $0 >= local.count }
        return Batches(
            pairs: drawn.map { items[$0] }, order: drawn, accepted: read.map(\.0), localCount: own.count,
            refusedCount: external.count - shared.count)
    }

    /// A pair between others as the learner reads it; nil where it is refused.
    func pair(of pair: PreferencePair, in rooms: [Int: RoomResult]) -> TrainingPair? {
        func side(_ address: RolloutAddress) -> (prompt: Prompt, rollout: Rollout)? {
            guard let result = rooms[address.room], result.rollouts.indices.contains(address.seat),
                result.room.seats[address.seat] == address.policy
            else { return nil }
            return (result.room.prompt, result.rollouts[address.seat])
        }
        guard let chosen = side(pair.chosen), let rejected = side(pair.rejected), chosen.prompt == rejected.prompt,
            chosen.prompt.id == pair.promptID, chosen.rollout.forfeit == nil, chosen.rollout.text != rejected.rollout.text,
            (0.5...1).contains(pair.label), let good = sequence(chosen.rollout, to: chosen.prompt),
            let bad = sequence(rejected.rollout, to: chosen.prompt)
        else { return nil }
        return TrainingPair(chosen: good, rejected: bad, label: pair.label, group: chosen.prompt.cluster)
    }

    private func sequence(_ rollout: Rollout, to prompt: Prompt) -> TokenSequence? {
        // What is far too long is not even tokenised.
        guard rollout.text.utf8.count <= maxNewTokens * Self.bytesPerToken else { return nil }
        let request = PolicyRequest(
            prompt: prompt.text, conversation: prompt.conversation, maxNewTokens: maxNewTokens, seed: Seed(run: 0))
        guard let sequence = try? policy.sequence(of: rollout.text, finish: rollout.finish, to: request) else { return nil }
        return (1...maxNewTokens).contains(sequence.ownCount) ? sequence : nil
    }

    /// More bytes than any token of a vocabulary spells.
    private static let bytesPerToken = 512
}
