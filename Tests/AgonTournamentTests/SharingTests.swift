import AgonAgents
import AgonCore
import AgonStore
import AgonTraining
import AgonTransformer
import Foundation
import Testing

@testable import AgonTournament

/// Learners that train on one another's answers.
@Suite struct SharingTests {
    @Test("every batch has exactly its own and others' items, each at most once, whatever there is of either")
    func mix() {
        var batchCount = 0
        for trial in 0..<100 {
            var generator = SeededGenerator(Seed(run: UInt64(trial)))
            let mix = BatchMix(local: generator.index(below: 6), external: 1 + generator.index(below: 6))
            let (own, others) = (generator.index(below: 100), generator.index(below: 100))
            let order = mix.order(localCount: own, externalCount: others, &generator)
            let batches = mix.batchCount(localCount: own, externalCount: others)
            #expect(order.count == batches * mix.batchSize && Set(order).count == order.count)
            for batch in 0..<batches {
                let items = order[batch * mix.batchSize..<(batch + 1) * mix.batchSize]
                #expect(items.count { $0 < own } == mix.local && items.allSatisfy { $0 < own + others })
                batchCount += 1
            }
        }
        #expect(batchCount > 1000)
    }

    private func sharing() throws -> (story: StoryArena, rollouts: SharedRollouts) {
        let story = try StoryArena(StoryArena.prompts)
        let arena = try Arena(file: story.file)
        let id = PolicyID(agent: "ada", version: 0)
        let policy = try #require(try Roster.policy(id, parameters: arena.startingWeights("ada", seed: Seed(run: 1)), arena: arena, threads: 1) as? TransformerPolicy)
        return (story, SharedRollouts(mix: BatchMix(local: 4, external: 4), policy: policy, maxNewTokens: 8))
    }

    private static func result(_ texts: [String], prompt: String = "310245=", forfeits: [Int] = []) -> RoomResult {
        let seats = (0..<2).map { PolicyID(agent: "peer\($0)", version: 3) }
        return RoomResult(
            room: Room(round: 1, index: 5, group: 0, prompt: Prompt(id: "sort-digits:" + prompt, text: prompt, reference: "012345"), seats: seats),
            rollouts: texts.enumerated().map { Rollout(text: $1, forfeit: forfeits.contains($0) ? .empty : nil) },
            judge: JudgeID(name: "j"), scores: [], verdicts: [], ranking: Ranking(ranks: [1, 2]))
    }

    private static func pair(chosen: Int = 0, rejected: Int = 1, room: Int = 5, id: String = "sort-digits:310245=", label: Double = 1, version: Int = 3) -> PreferencePair {
        func address(_ seat: Int) -> RolloutAddress {
            RolloutAddress(room: room, seat: seat, policy: PolicyID(agent: "peer\(seat)", version: version))
        }
        return PreferencePair(round: 1, promptID: id, chosen: address(chosen), rejected: address(rejected), judge: JudgeID(name: "j"), label: label)
    }

    @Test("a peer's answer is read in the learner's own tokens, as if the learner had given it")
    func tokens() throws {
        let (story, rollouts) = try sharing()
        let pair = try #require(rollouts.pair(of: Self.pair(), in: [5: Self.result(["012345", "012354"])]))
        let tokenizer = try ModelFolder.load(StoryArena.root + "/agents/rookie/model").tokenizer
        for (side, text) in [(pair.chosen, "012345"), (pair.rejected, "012354")] {
            let own = zip(side.tokens, side.own).filter(\.1).map(\.0)
            #expect(tokenizer.decode(own) == text && own.count == 7 && own.last == 2)
            #expect(tokenizer.decode(zip(side.tokens, side.own).filter { !$0.1 }.map(\.0)) == "310245=")
        }
        withExtendedLifetime(story) {}
    }

    @Test("ten thousand broken payloads: none is taken, none ends the run")
    func fuzz() throws {
        let (story, rollouts) = try sharing()
        let huge = String(repeating: "0", count: 10_000_000)
        var taken = 0
        for trial in 0..<10_000 {
            var generator = SeededGenerator(Seed(run: 9).child(.sample, trial))
            var (texts, pair, forfeits, prompt) = (["012345", "012354"], Self.pair(), [Int](), "310245=")
            switch trial % 11 {
            case 0: pair = Self.pair(rejected: 2 + generator.index(below: 1 << 40))
            case 1: pair = Self.pair(room: generator.index(below: 1 << 40) + 6)
            case 2: pair = Self.pair(id: "sort-digits:\(generator.next())")
            case 3: pair = Self.pair(label: [Double.nan, .infinity, -1, 0.4, 1.1][generator.index(below: 5)])
            case 4: texts[generator.index(below: 2)] = trial == 4 ? huge : String(repeating: "0", count: 8 + generator.index(below: 10_000))
            case 5: texts[generator.index(below: 2)] = "\u{0}\u{FFFF}<eos>" + String(generator.next(), radix: 36)
            case 6: texts[1] = texts[0]
            case 7: forfeits = [0]
            case 8: pair = Self.pair(version: 4 + generator.index(below: 9))
            case 9: pair = Self.pair(rejected: 0)
            default: prompt = "\(generator.next())="
            }
            let result = Self.result(texts, prompt: prompt, forfeits: forfeits)
            if rollouts.pair(of: pair, in: [5: result]) != nil { taken += 1 }
        }
        #expect(taken == 0)
        withExtendedLifetime(story) {}
    }

    @Test("a run that shares trains on its mix, says how much, and decides the same after it died")
    func story() async throws {
        let text = StoryArena.prompts.replacing("rounds: 3", with: "rounds: 2\nshare: {local: 2, external: 1}\ntraining: {batch_size: 3}")
            .replacing("rooms: 12, seats_per_learner: 2", with: "rooms: 16, seats_per_learner: 3")
        let story = try StoryArena(text)
        let tournament = try story.tournament("db")
        let signature = try await tournament.play()
        let updates = try tournament.store.updates(run: tournament.run.id).filter { $0.stepCount > 0 }
        #expect(!updates.isEmpty)
        for update in updates {
            let (local, external) = (update.metrics["shared/local_count"] ?? 0, update.metrics["shared/external_count"] ?? 0)
            #expect(local == 2 * external && Int(local + external) == update.pairCount && update.stepCount == Int(external))
            #expect(update.metrics["shared/refused_count"] == 0)
        }
        #expect(try await story.dies("dead", at: .learnersTrained, round: 2))
        #expect(try await story.tournament("dead", threads: 1).play() == signature)
    }

    @Test(
        "shares that cannot be are refused in a sentence",
        arguments: [
            ("share: {local: 2, external: 1}\ntraining: {batch_size: 8}", "`training.batch_size` is 8: make them equal"), ("share: {local: 0}", "holds nothing"),
            ("share: {local: 8}\ntraining: {batch_size: 8}\npairs: {from: own}", "it belongs to arenas without `share`"),
            ("share: {local: 4, external: 4}\ntraining: {algorithm: kto}", "mixes preference pairs"),
            ("share: {local: 4, external: 4}\ntraining: {eval_share: 0.1, batch_size: 8}", "take pairs away"),
        ])
    func refused(keys: String, sentence: String) throws {
        let story = try StoryArena(StoryArena.prompts.replacing("rounds: 3", with: "rounds: 3\n" + keys))
        let error = #expect(throws: AgentError.self) { try Arena(file: story.file) }
        #expect(error?.message.contains(sentence) == true, "\(error?.message ?? "")")
    }
}
