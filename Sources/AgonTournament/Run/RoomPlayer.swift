import AgonAgents
import AgonCore
import AgonGames
import AgonTransformer

/// Plays rooms: asks each seat's policy and turns responses into rollouts.
///
/// All rooms handed over advance together, so that a policy sees one large batch instead of many small
/// ones. A response depends on its request alone, so how rooms are batched never shows in a result.
struct RoomPlayer: Sendable {
    let arena: Arena
    let policies: [PolicyID: any Policy]

    /// Rollouts per room and seat, in the order of the rooms.
    func play(_ rooms: [Room], seed: Seed) async throws -> [[Rollout]] {
        if let game = arena.game {
            try await GameTable(game: game, player: self).play(rooms, seed: seed)
        } else {
            try await answers(rooms, seed: seed)
        }
    }

    private func answers(_ rooms: [Room], seed: Seed) async throws -> [[Rollout]] {
        let questions = rooms.flatMap { room in
            room.seats.enumerated().map { seat, policy in
                Question(
                    policy: policy,
                    request: PolicyRequest(
                        prompt: room.prompt.text, maxNewTokens: arena.configuration.maxNewTokens,
                        seed: seed.child(.room, room.index).child(.seat, seat)))
            }
        }
        var responses = try await ask(questions).makeIterator()
        return rooms.map { room in
            room.seats.map { _ in
                responses.next().map { rollout($0, prompt: room.prompt) } ?? Rollout(text: "", forfeit: .empty)
            }
        }
    }

    private func rollout(_ response: PolicyResponse, prompt: Prompt) -> Rollout {
        let forfeit: Forfeit? =
            response.finish == .length
            ? .unfinished : response.text.allSatisfy(\.isWhitespace) ? .empty : nil
        let sequence = response.tokens.isEmpty
            ? nil : TokenSequence(prompt: response.context, completion: response.tokens)
        let gold = forfeit == nil ? arena.gold(response.text, to: prompt) : arena.hasGold ? 0 : nil
        return Rollout(
            text: response.text, sequence: sequence, logProbs: response.logProbs, finish: response.finish,
            forfeit: forfeit, gold: gold)
    }

    /// One request and who answers it.
    struct Question {
        var policy: PolicyID
        var request: PolicyRequest
    }

    /// Who answers together: all policies on one base, or one policy alone.
    private enum Group: Hashable {
        case base(ObjectIdentifier)
        case policy(PolicyID)
    }

    /// Responses in the order of the questions. Each policy is asked once, for all of its questions; those that share
    /// a base are asked together and decode in one batch.
    func ask(_ questions: [Question]) async throws -> [PolicyResponse] {
        var responses = [PolicyResponse?](repeating: nil, count: questions.count)
        let askedPolicies = questions.map { question in
            guard let policy = policies[question.policy] else {
                preconditionFailure("\(question.policy) holds a seat but is not in the roster")
            }
            return policy
        }
        let groups = Dictionary(grouping: questions.indices) { index -> Group in
            guard let policy = askedPolicies[index] as? TransformerPolicy else { return .policy(questions[index].policy) }
            return .base(policy.transformer.baseIdentity)
        }
        for indices in groups.values.sorted(by: { $0[0] < $1[0] }) {
            let asked = indices.compactMap { index in
                (askedPolicies[index] as? TransformerPolicy).map { (policy: $0, request: questions[index].request) }
            }
            let answers = asked.isEmpty
                ? try await askedPolicies[indices[0]].respond(to: indices.map { questions[$0].request })
                : try TransformerPolicy.respond(to: asked)
            precondition(
                answers.count == indices.count,
                "\(questions[indices[0]].policy) gave \(answers.count) responses to \(indices.count) requests")
            for (index, answer) in zip(indices, answers) { responses[index] = answer }
        }
        return responses.compactMap { $0 }
    }
}
