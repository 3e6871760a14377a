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
        try await inBatches(rooms, seed: seed) { try await playTogether($0, seed: seed) }
    }

    /// The rooms that a round's tables become, with their rollouts: in the arena's stages, or each table as it is.
    ///
    /// - Parameter stride: places in the round for each table's rooms.
    func play(tables: [Room], stride: Int, seed: Seed) async throws -> [[PlayedRoom]] {
        guard let plan = arena.configuration.stages else {
            return zip(tables, try await play(tables, seed: seed)).map { [PlayedRoom(room: $0, rollouts: $1)] }
        }
        let stages = StagePlayer(plan: plan, player: self, stride: stride, seed: seed)
        return try await inBatches(tables, seed: seed) { try await stages.play($0) }
    }

    /// What `body` makes of the rooms, as many at a time as agents from outside can be in, who are told when those are over.
    private func inBatches<Played>(
        _ rooms: [Room], seed: Seed, _ body: ([Room]) async throws -> [Played]
    ) async throws -> [Played] {
        let outsiders = policies.values.compactMap { $0 as? any OutsidePolicy }
        guard !outsiders.isEmpty else { return try await body(rooms) }
        var results = [Played?](repeating: nil, count: rooms.count)
        for indices in batches(rooms) {
            let batch = indices.map { rooms[$0] }
            for (index, played) in zip(indices, try await body(batch)) { results[index] = played }
            let ids = batch.map { RoomPlayer.id(of: $0, seed: seed) }
            for outsider in outsiders { await outsider.end(rooms: ids) }
        }
        return results.compactMap { $0 }
    }

    /// What stands for a room before agents from outside.
    static func id(of room: Room, seed: Seed) -> UInt64 { seed.child(.room, room.index).value }

    /// Whether a policy's answers come from outside this process.
    func isOutside(_ policy: PolicyID) -> Bool { policies[policy] is any OutsidePolicy }

    /// Rooms that advance together, by their places: all of those without bounds, then as many of the others as the
    /// agents in them can be in at a time.
    private func batches(_ rooms: [Room]) -> [[Int]] {
        let limits = policies.compactMapValues { ($0 as? any OutsidePolicy)?.roomLimit }
        let bounded = rooms.indices.filter { rooms[$0].seats.contains { limits[$0] != nil } }
        let size = bounded.flatMap { rooms[$0].seats.compactMap { limits[$0] } }.min() ?? 1
        let free = Set(rooms.indices).subtracting(bounded).sorted()
        return (free.isEmpty ? [] : [free])
            + stride(from: 0, to: bounded.count, by: size).map { Array(bounded[$0..<min($0 + size, bounded.count)]) }
    }

    private func playTogether(_ rooms: [Room], seed: Seed) async throws -> [[Rollout]] {
        if let game = arena.game {
            try await GameTable(game: game, player: self).play(rooms, seed: seed)
        } else {
            try await answers(rooms, seed: seed)
        }
    }

    private func answers(_ rooms: [Room], seed: Seed) async throws -> [[Rollout]] {
        let questions = rooms.map { room in
            room.seats.enumerated().map { seat, policy in
                Question(
                    policy: policy,
                    request: PolicyRequest(
                        prompt: room.prompt.text, conversation: room.prompt.conversation,
                        maxNewTokens: arena.configuration.maxNewTokens, seed: seed.child(.room, room.index).child(.seat, seat),
                        room: RoomPlayer.id(of: room, seed: seed), seat: seat))
            }
        }
        return try await answers(questions, to: rooms, withGold: true)
    }

    /// Rollouts of rooms of which every seat is asked once.
    ///
    /// - Parameter withGold: whether the answers are answers to the rooms' prompts.
    func answers(_ questions: [[Question]], to rooms: [Room], withGold: Bool) async throws -> [[Rollout]] {
        var responses = try await ask(questions.flatMap { $0 }).makeIterator()
        return zip(rooms, questions).map { room, asked in
            asked.map { _ in
                responses.next().map { rollout($0, prompt: withGold ? room.prompt : nil) }
                    ?? Rollout(text: "", forfeit: .empty)
            }
        }
    }

    private func rollout(_ response: PolicyResponse, prompt: Prompt?) -> Rollout {
        let forfeit: Forfeit? =
            response.failure?.forfeit ?? (response.finish == .length
            ? .unfinished : response.text.allSatisfy(\.isWhitespace) ? .empty : nil)
        let sequence = response.tokens.isEmpty
            ? nil : TokenSequence(prompt: response.context, completion: response.tokens)
        let gold = prompt.flatMap { forfeit == nil ? arena.gold(response.text, to: $0) : arena.hasGold ? 0 : nil }
        return Rollout(
            text: response.text, sequence: sequence, logProbs: response.logProbs, finish: response.finish,
            forfeit: forfeit, reason: response.failure?.reason ?? "", usage: response.usage, gold: gold)
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
        let ordered = groups.values.sorted { $0[0] < $1[0] }
        // Whoever answers from outside does so while the models here compute.
        let outside = ordered.filter { isOutside(questions[$0[0]].policy) }
        async let answered = outsideAnswers(outside.map { indices in
            (askedPolicies[indices[0]], indices.map { questions[$0].request })
        })
        for indices in ordered where !isOutside(questions[indices[0]].policy) {
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
        for (indices, answers) in zip(outside, try await answered) {
            for (index, answer) in zip(indices, answers) { responses[index] = answer }
        }
        return responses.compactMap { $0 }
    }

    /// The answers of several policies at a time, in their order.
    private func outsideAnswers(_ asked: [(policy: any Policy, requests: [PolicyRequest])]) async throws -> [[PolicyResponse]] {
        try await withThrowingTaskGroup(of: (Int, [PolicyResponse]).self) { group in
            for (index, (policy, requests)) in asked.enumerated() {
                group.addTask { (index, try await policy.respond(to: requests)) }
            }
            var answers = [[PolicyResponse]](repeating: [], count: asked.count)
            for try await (index, responses) in group { answers[index] = responses }
            return answers
        }
    }
}
