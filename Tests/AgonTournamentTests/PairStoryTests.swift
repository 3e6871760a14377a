import AgonCore
import AgonJudging
import AgonStore
import AgonTraining
import Foundation
import Testing

@testable import AgonTournament

/// From verdicts to what learners train on.
@Suite struct PairStoryTests {
    private func played(_ text: String) async throws -> (arena: StoryArena, tournament: Tournament) {
        let arena = try StoryArena(text.replacing("rounds: 3", with: "rounds: 1"))
        try arena.write("kind: panel\nmembers: [sorter, exact]\nrule: mean\n", "judges/panel/judge.yaml")
        try arena.write("kind: exact\n", "judges/exact/judge.yaml")
        try arena.write("kind: reward_model\nmodel: ROOT/judges/sorter/model\n", "judges/sorter/judge.yaml")
        let tournament = try arena.tournament("db")
        try await tournament.play()
        return (arena, tournament)
    }

    private func panel(_ labels: String) -> String {
        StoryArena.prompts.replacing(
            StoryArena.judge, with: "{kind: panel, folder: HERE/judges/panel, labels: \(labels)}")
            + "\npairs: {select: all}\n"
    }

    @Test("soft labels are stored as the verdicts' preferences, and the loss reads them")
    func softLabels() async throws {
        let (_, hard) = try await played(panel("hard"))
        let plain = try hard.store.pairs(run: hard.run.id, round: 1)
        #expect(!plain.isEmpty && plain.allSatisfy { $0.label == 1 })

        let (arena, soft) = try await played(panel("soft"))
        let pairs = try soft.store.pairs(run: soft.run.id, round: 1)
        let rooms = try soft.store.roomResults(run: soft.run.id, round: 1)
        for pair in pairs {
            let seats = [pair.chosen.seat, pair.rejected.seat].sorted()
            let said = try #require(rooms[pair.chosen.room].verdicts.first { [$0.first, $0.second] == seats })
            let preference = said.byRule ? 1 : try #require(said.preference)
            #expect(pair.label == (said.first == pair.chosen.seat || said.byRule ? preference : 1 - preference))
        }
        #expect(Set(pairs.map(\.label)) == [0.5, 0.75, 1])

        // The round's update, made again from what is stored: with its labels it is the same, with certain ones another.
        let stored = try #require(soft.store.updates(run: soft.run.id).first { $0.agent == "ada" })
        let state = try RunState(arena: soft.arena, seed: Seed(run: soft.run.seed))
        let roster = try Roster(arena: soft.arena, state: state, threads: 1)
        let update = LearnerUpdate(
            arena: soft.arena, policy: try #require(roster.learner("ada")), learner: try #require(state.learners["ada"]), round: 1,
            seed: Seed(run: soft.run.seed).child(.round, 1).child(.training, named: "ada"))
        func metrics(_ pairs: [PreferencePair], _ name: String) throws -> [String: Double] {
            let folder = TrainingFolder(path: "\(arena.folder)/\(name)", saveSteps: 0)
            return try update.candidate(
                pairs: pairs.filter(involving: "ada"), results: rooms, folder: folder, threads: 1).record.metrics
        }
        #expect(try metrics(pairs, "same") == stored.metrics)
        let certain = pairs.map { pair in
            var pair = pair
            pair.label = 1
            return pair
        }
        let other = try metrics(certain, "certain")
        #expect(other["loss"] != stored.metrics["loss"] && other["grad_norm"] != stored.metrics["grad_norm"])
    }

    /// The seats of a pair, and what they made of their rooms.
    private func sides(_ pair: PreferencePair, _ rooms: [RoomResult]) -> (chosen: Rollout, rejected: Rollout, margin: Double) {
        func side(_ address: RolloutAddress) -> (Rollout, Double) {
            let room = rooms[address.room]
            let points = room.verdicts.compactMap { verdict -> Double? in
                guard let score = verdict.verdict.score else { return nil }
                return verdict.first == address.seat ? score : verdict.second == address.seat ? 1 - score : nil
            }
            return (room.rollouts[address.seat], points.reduce(0, +) / Double(points.count))
        }
        let (chosen, rejected) = (side(pair.chosen), side(pair.rejected))
        return (chosen.0, rejected.0, chosen.1 - rejected.1)
    }

    /// Runs of three characters that both have, of those that either has.
    private func similarity(_ one: String, _ other: String) -> Double {
        func runs(_ text: String) -> Set<String> {
            let characters = Array(text)
            return characters.count <= 3
                ? [text] : Set((0...characters.count - 3).map { String(characters[$0..<$0 + 3]) })
        }
        return Double(runs(one).intersection(runs(other)).count) / Double(runs(one).union(runs(other)).count)
    }

    @Test("each rule drops the pairs that it names and no others, and the database says what share it dropped", arguments: [
        ("min_margin: 0.5", "margin"), ("max_similarity: 0.4", "near_duplicates"), ("max_length_ratio: 1.1", "length"),
    ])
    func rules(rule: String, measure: String) async throws {
        let text = StoryArena.prompts + "\npairs: {select: all, from: any}\n"
        let (_, free) = try await played(text)
        let (_, bound) = try await played(text.replacing("select: all", with: "select: all, \(rule)"))
        let (all, kept) = (
            try free.store.pairs(run: free.run.id, round: 1), try bound.store.pairs(run: bound.run.id, round: 1)
        )
        let rooms = try free.store.roomResults(run: free.run.id, round: 1)
        let expected = all.filter { pair in
            let (chosen, rejected, margin) = sides(pair, rooms)
            let counts = [chosen, rejected].map { Double($0.sequence?.ownCount ?? 0) }
            switch measure {
            case "margin": return margin >= 0.5
            case "near_duplicates": return similarity(chosen.text, rejected.text) < 0.4
            default: return max(counts[0], counts[1]) <= 1.1 * min(counts[0], counts[1])
            }
        }
        #expect(kept == expected && !kept.isEmpty && kept.count < all.count)
        let dropped = try bound.store.judgeMeasures(run: bound.run.id).filter { $0.measure.hasPrefix("pairs_dropped/") }
        #expect(dropped.map(\.measure) == ["pairs_dropped/\(measure)"])
        #expect(dropped.first?.count == all.count)
        #expect(dropped.first?.value == Double(all.count - kept.count) / Double(all.count))
        #expect(try free.store.judgeMeasures(run: free.run.id).allSatisfy { !$0.measure.hasPrefix("pairs_dropped/") })
        for update in try bound.store.updates(run: bound.run.id) { #expect(update.pairCount == kept.count) }
    }

    @Test("no agent makes a side of more pairs than its cap, and no pair is dropped that both had room for")
    func cap() async throws {
        let text = StoryArena.prompts + "\npairs: {select: all, from: any}\n"
        let (_, free) = try await played(text)
        let (_, bound) = try await played(text.replacing("select: all", with: "select: all, max_per_agent: 7"))
        let (all, kept) = (
            try free.store.pairs(run: free.run.id, round: 1), try bound.store.pairs(run: bound.run.id, round: 1)
        )
        func agents(_ pair: PreferencePair) -> Set<String> { [pair.chosen.policy.agent, pair.rejected.policy.agent] }
        let loads = kept.reduce(into: [String: Int]()) { loads, pair in for agent in agents(pair) { loads[agent, default: 0] += 1 } }
        #expect(loads.values.max() == 7 && kept == all.filter(kept.contains))
        #expect(all.filter { !kept.contains($0) }.allSatisfy { agents($0).contains { loads[$0] == 7 } })
        let dropped = try bound.store.judgeMeasures(run: bound.run.id).first { $0.measure == "pairs_dropped/cap" }
        #expect(dropped?.value == Double(all.count - kept.count) / Double(all.count))
    }

    @Test("what a rule dropped is counted where a referee or the answer decides too")
    func countsWithoutFolder() async throws {
        let exact = StoryArena.prompts.replacing(StoryArena.judge, with: "{kind: exact}")
        let texts = [
            (StoryArena.game + "\npairs: {max_per_agent: 1}\n", "referee"),
            (exact + "\npairs: {select: all, max_per_agent: 1}\n", "exact"),
        ]
        for (text, judge) in texts {
            let (_, tournament) = try await played(text)
            let measures = try tournament.store.judgeMeasures(run: tournament.run.id)
            #expect(measures.map(\.measure) == ["pairs_dropped/cap"] && measures.map(\.judge.name) == [judge])
            let kept = try tournament.store.pairs(run: tournament.run.id, round: 1).count
            let offered = try #require(measures.first).count
            #expect(measures.first?.value == Double(offered - kept) / Double(offered))
        }
    }

    @Test("a ratio below one, which no pair has, is refused instead of forgotten")
    func ratioBelowOne() throws {
        let arena = try StoryArena(StoryArena.prompts + "\npairs: {max_length_ratio: 0.5}\n")
        #expect { try Arena(file: arena.file) } throws: { "\($0)".contains("arena.yaml:11: the longer side has") }
    }
}
