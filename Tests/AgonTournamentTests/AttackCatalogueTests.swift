import AgonAgents
import AgonAudit
import AgonCore
import AgonStore
import AgonTransformer
import Testing

@testable import AgonTournament

/// The catalogue of attacks: each forges rollouts of a played round in all that follows from them, and has a verdict.
///
/// Where a cheat hands in by chance what an honest agent would have, nothing was forged and nothing may be rejected; every
/// other rollout must be.
@Suite struct AttackCatalogueTests {
    /// One way to cheat.
    struct Attack {
        var name: String
        /// Any of these names it.
        var checks: Set<AuditCheck>
        var forge: (ForgedRound.Target) throws -> Generation
    }

    private static let agent = PolicyID(agent: "ada", version: 2)

    private static func models(_ round: ForgedRound) throws -> [Attack] {
        let kernels = round.stored.arena.kernels
        let own = try round.parameters(agent)
        let peer = Transformer(try round.parameters(PolicyID(agent: "basho", version: 1)), kernels: kernels)
        let stale = Transformer(try round.parameters(PolicyID(agent: "ada", version: 1)), kernels: kernels)
        let other: Set<AuditCheck> = [.draw, .logProb]
        func generated(_ name: String, by model: Transformer) -> Attack {
            Attack(name: name, checks: other) { try model.generate([$0.request])[0] }
        }
        return [
            generated("other model", by: peer),
            generated("int8 substitute", by: Transformer(own, kernels: kernels, weights: .int8)),
            generated("bf16 substitute", by: Transformer(own, kernels: kernels, weights: .bfloat16)),
            generated("stale checkpoint", by: stale),
            Attack(name: "generated elsewhere, scored here", checks: [.draw]) { target in
                let made = try peer.generate([target.request])[0]
                return try target.transformer.scored(target.request, made.tokens, finish: made.finish)
            },
        ]
    }

    private static func samplers(_ round: ForgedRound) -> [Attack] {
        [
            Attack(name: "secret best of eight", checks: [.draw]) { target in
                let drawn = try target.transformer.generate(
                    (0..<8).map { index in
                        var request = target.request
                        request.key &+= UInt64(index)
                        return request
                    })
                func isRight(_ made: Generation) -> Bool {
                    round.stored.arena.gold(target.policy.response(to: target.request, made).text, to: target.prompt) == 1
                }
                return drawn.first(where: isRight) ?? drawn[0]
            },
            Attack(name: "prefilled answer", checks: [.draw]) { target in
                // The best two tokens are put in its mouth; it goes on by itself.
                var greedy = target.request
                greedy.sampling = .greedy
                let start = try target.transformer.generate([greedy])[0].tokens.prefix(2)
                var rest = target.request
                rest.tokens += start
                rest.maxNewTokens -= start.count
                let made = try target.transformer.generate([rest])[0]
                return try target.transformer.scored(target.request, Array(start + made.tokens), finish: made.finish)
            },
            Attack(name: "truncation", checks: [.ending]) { target in
                Generation(tokens: Array(target.honest.tokens.dropLast()), logProbs: Array(target.honest.logProbs.dropLast()), finish: .length)
            },
            Attack(name: "forced end", checks: [.draw]) { target in
                let end = target.request.endTokens(target.transformer.config)[0]
                return try target.transformer.scored(target.request, Array(target.honest.tokens.prefix(2)) + [end], finish: .stop)
            },
        ]
    }

    @Test("every forged answer is rejected, and no other")
    func answers() async throws {
        let story = try StoryArena(StoryArena.prompts.replacing("rooms: 12", with: "rooms: 24"))
        try await story.tournament("db", roomsPerWave: 64).play()
        let round = try ForgedRound(story)
        let targets = try round.targets(Self.agent)
        #expect(targets.count == 48)
        #expect(try await round.rejections(round.results).isEmpty)
        for attack in try Self.models(round) + Self.samplers(round) {
            var results = round.results
            var forged: Set<[Int]> = []
            for target in targets {
                let generation = try attack.forge(target)
                if generation != target.honest { forged.insert([target.room, target.seat]) }
                round.replacing(target, by: generation, in: &results)
            }
            let rejections = try await round.rejections(results)
            let found = Set(rejections.filter { attack.checks.contains($0.check) }.compactMap { rejection in rejection.seat.map { [rejection.room, $0] } })
            #expect(found == forged && !forged.isEmpty, "\(attack.name): \(found.count) of \(forged.count)")
            #expect(rejections.allSatisfy { rejection in rejection.seat.map { forged.contains([rejection.room, $0]) } == true }, "\(attack.name)")
            #expect(rejections.allSatisfy { $0.policy == Self.agent && !$0.expected.isEmpty && !$0.seen.isEmpty })
        }
        try await moved(round, targets)
        try await rows(round)
        try await verdicts(round)
    }

    /// Rollouts that are honest somewhere else.
    private func moved(_ round: ForgedRound, _ targets: [ForgedRound.Target]) async throws {
        // An old completion under a new prompt, and a peer's under one's own name.
        let store = round.stored.store
        let old = try store.roomResults(run: round.stored.record.id, round: 1).flatMap { result in
            zip(result.room.seats, result.rollouts).filter { $0.0.agent == Self.agent.agent }.map(\.1)
        }
        var (replayed, copied) = (round.results, round.results)
        var (forgedReplays, forgedCopies) = (Set<[Int]>(), Set<[Int]>())
        for (past, target) in zip(old, targets) {
            let tokens = (past.sequence.map { Array($0.tokens.suffix($0.ownCount)) }) ?? []
            let again = try target.transformer.scored(target.request, tokens, finish: past.finish == .stop ? .stop : .length)
            if again.tokens != target.honest.tokens { forgedReplays.insert([target.room, target.seat]) }
            round.replacing(target, by: again, in: &replayed)
            let seats = round.results[target.room].room.seats
            guard let peer = seats.indices.first(where: { seats[$0].agent == "basho" }) else { continue }
            let theirs = round.results[target.room].rollouts[peer]
            let taken = (theirs.sequence.map { Array($0.tokens.suffix($0.ownCount)) }) ?? []
            let copy = try target.transformer.scored(target.request, taken, finish: theirs.finish == .stop ? .stop : .length)
            if copy.tokens != target.honest.tokens { forgedCopies.insert([target.room, target.seat]) }
            round.replacing(target, by: copy, in: &copied)
        }
        for (name, results, forged) in [("replay", replayed, forgedReplays), ("copy of a peer's", copied, forgedCopies)] {
            let found = try await round.rejections(results).filter { $0.check == .draw }
            #expect(Set(found.map { [$0.room, $0.seat ?? -1] }) == forged && !forged.isEmpty, "\(name)")
            // The peer, whose answer it is, is not blamed, and the copy is told as one.
            #expect(found.allSatisfy { $0.policy == Self.agent })
            if name != "replay" { #expect(found.allSatisfy { $0.seen.contains("the same tokens stand in round \(round.round), room \($0.room)") }) }
        }

        // Two rooms' rollouts exchanged.
        var swapped = round.results
        (swapped[3].rollouts, swapped[4].rollouts) = (swapped[4].rollouts, swapped[3].rollouts)
        let found = try await round.rejections(swapped).filter { $0.check == .context }
        let tokenised = [3, 4].flatMap { room in round.results[room].rollouts.indices.filter { round.results[room].rollouts[$0].sequence != nil }.map { [room, $0] } }
        #expect(Set(found.map { [$0.room, $0.seat ?? -1] }) == Set(tokenised))
    }

    /// Rows that are none, or too many, or of another task.
    private func rows(_ round: ForgedRound) async throws {
        func rejections(_ change: (inout [RoomResult]) -> Void) async throws -> [Rejection] {
            var results = round.results
            change(&results)
            return try await round.rejections(results)
        }
        let easier = try await rejections { $0[5].room.prompt = $0[6].room.prompt }
        #expect(easier.map(\.room) == [5] && easier[0].check == .room && easier[0].seen.contains(round.results[6].room.prompt.text))
        let extra = try await rejections { results in
            results.append(results[0])
            results[results.count - 1].room.index = results.count - 1
        }
        #expect(extra.map(\.check) == [.room] && extra[0].room == round.results.count && extra[0].expected == "no such room")
        #expect(try await rejections { $0.remove(at: 7) }.map { "\($0.room) \($0.check) \($0.seen)" } == ["7 room none"])
        let seat = try #require(round.results[8].room.seats.firstIndex(of: Self.agent))
        let null = try await rejections {
            $0[8].rollouts[seat].sequence = nil
            $0[8].rollouts[seat].logProbs = []
        }
        #expect(null.map { [$0.room, $0.seat ?? -1] } == [[8, seat]] && null[0].check == .context && null[0].seen == "no tokens")
        let label = try await rejections { $0[9].room.seats[0].version += 1 }
        #expect(label.map { [$0.room, $0.seat ?? -1] } == [[9, 0]] && label[0].check == .room)
        let marks = try await rejections { results in
            guard let own = results[8].rollouts[seat].sequence?.own.firstIndex(of: true) else { return }
            results[8].rollouts[seat].sequence?.own[own - 1] = true
        }
        #expect(marks.contains { $0.room == 8 && $0.seat == seat && $0.check == .context })
        let foreign = try await rejections { results in
            let last = results[8].rollouts[seat].sequence.map { $0.tokens.count - 1 } ?? 0
            results[8].rollouts[seat].sequence?.tokens[last] = 1 << 20
        }
        #expect(foreign.contains { $0.check == .draw && $0.seen == "token 1048576" })
        let gold = try await rejections { results in
            results[10].rollouts[0].gold = results[10].rollouts[0].gold.map { 1 - $0 }
        }
        #expect(gold.map(\.check) == [.outcome] && gold[0].room == 10 && gold[0].seat == 0)
    }

    /// What the judge did not say.
    private func verdicts(_ round: ForgedRound) async throws {
        let judges = try PastJudges(round.stored, folder: nil, threads: 2) { _ in }
        let honest = try await round.findings(round.results, judges: judges)
        #expect(honest.rejections.isEmpty && honest.verdictRoomCount == round.results.count)
        var results = round.results
        results[2].ranking.ranks.swapAt(0, 1)
        results[11].scores[0] = (results[11].scores[0] ?? 0) + 1
        let changed = try await round.rejections(results, judges: judges)
        #expect(changed.allSatisfy { $0.check == .verdict && $0.seat == nil })
        #expect(Set(changed.map(\.room)) == (results[2].ranking == round.results[2].ranking ? [11] : [2, 11]))
    }
}
