import AgonAgents
import AgonCore
import AgonGames
import AgonStore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTournament

/// Whole runs whose tables are played in stages.
@Suite struct StageStoryTests {
    private static let discussion = """
        name: story-stages
        task: sort-digits
        agents: [HERE/agents/noisy, HERE/agents/half, ROOT/agents/random, ROOT/agents/perfect]
        anchors: [ROOT/agents/random]
        rounds: 2
        max_new_tokens: 8
        schedule: {kind: free_for_all, rooms: 20}
        stages: {order: [answer, critique, final]}
        judge: {kind: exact}
        gate: {prompts: 0}
        evaluation: {prompts: 0}
        """

    private func story(_ text: String = discussion) throws -> StoryArena {
        let story = try StoryArena(text)
        try story.write("kind: scripted\nstrategy: noisy_expert\nskill: 0.5\n", "agents/half/agent.yaml")
        return story
    }

    @Test("answer, critique, final: three rooms a table, one rated; critics earn by naming a right answer")
    func discussion() async throws {
        let story = try story()
        let tournament = try story.tournament("db")
        let signature = try await tournament.play()
        let results = try tournament.store.roomResults(run: tournament.run.id, round: 1)
        #expect(results.count == 60 && results.map(\.room.index) == Array(0..<60))
        #expect(results.map { $0.room.stage?.kind } == (0..<20).flatMap { _ in [StageKind.answer, .critique, .final] })
        #expect(results.count(where: \.room.isRated) == 20)
        var (able, others) = ((0.0, 0.0), (0.0, 0.0))
        for table in 0..<20 {
            let (answers, critiques) = (results[3 * table], results[3 * table + 1])
            #expect(critiques.judge == TableVerdicts.rewardJudge && answers.room.prompt == critiques.room.prompt)
            for (seat, rollout) in critiques.rollouts.enumerated() {
                let peers = answers.rollouts.indices.filter { $0 != seat }
                let right = peers.count { answers.rollouts[$0].gold == 1 }
                #expect((rollout.gold == nil) == (right == 0 || right == peers.count))
                guard let gold = rollout.gold else { continue }
                if critiques.room.seats[seat].agent == "perfect" { able = (able.0 + gold, able.1 + 1) } else { others = (others.0 + gold, others.1 + 1) }
            }
        }
        #expect(able.1 > 5 && able.0 == able.1, "who knows the answer names a right one")
        #expect(others.1 > 20 && others.0 / others.1 < 0.85 && others.0 / others.1 > 0.2)
        // Four seats make six matches a table, once.
        #expect(try tournament.store.matches(run: tournament.run.id).count == 2 * 20 * 6)

        // Played again from its last wave, in other waves and on one thread, it decides the same.
        #expect(try await story.dies("dead", at: .roomsCommitted, round: 2, occurrence: 2))
        #expect(try await story.tournament("dead", threads: 1, roomsPerWave: 3).play() == signature)
        #expect(try differingTables(story.content("dead"), story.content("db")).isEmpty)
    }

    @Test("propose and solve: sound questions are asked of all others, a proposer earns 4p(1 - p), void ones ask nobody")
    func proposals() async throws {
        let story = try story(
            Self.discussion.replacing("[answer, critique, final]", with: "[propose, solve]").replacing("sort-digits", with: "addition"))
        let tournament = try story.tournament("db")
        try await tournament.play()
        let results = try tournament.store.roomResults(run: tournament.run.id, round: 2)
        let proposals = results.filter { $0.room.stage?.kind == .propose }
        #expect(proposals.count == 20)
        var voidCount = 0
        for proposal in proposals {
            #expect(!proposal.room.isRated && proposal.room.index % 17 == 0)
            for seat in proposal.rollouts.indices {
                let room = results.first { $0.room.index == proposal.room.index + 1 + seat }
                let rollout = proposal.rollouts[seat]
                guard let room else {
                    voidCount += 1
                    #expect(rollout.forfeit == .illegal && rollout.reason == "gave a wrong answer to its own question" && rollout.gold == nil)
                    continue
                }
                #expect(room.room.isRated && room.room.seats == proposal.room.seats.enumerated().filter { $0.offset != seat }.map(\.element))
                #expect(rollout.text == room.room.prompt.text + (room.room.prompt.reference ?? ""))
                #expect(PromptSide(of: room.room.prompt.text) == .training)
                let share = Double(room.rollouts.count { $0.gold == 1 }) / 3
                #expect(rollout.gold == 4 * share * (1 - share))
            }
        }
        #expect(voidCount > 10 && voidCount < 70)
        // The better question is preferred.
        let pairs = try tournament.store.pairs(run: tournament.run.id, round: 2)
        #expect(pairs.isEmpty, "rules do not learn")
    }

    /// A model of random weights that can spell the arena's prompts, its labels and its instructions.
    private static func saveModel(_ head: ModelConfig.Head, to path: String) throws {
        let tokenizer = try Tokenizer.characters("0123456789=ABCDEFGHIJKLMNO| \n!", special: ["<pad>", "<bos>", "<eos>"])
        let config = try ModelConfig(
            vocabularySize: tokenizer.idLimit, hiddenSize: 16, layerCount: 1, headCount: 2, keyValueHeadCount: 2, headSize: 8,
            feedForwardSize: 16, ropeTheta: 10_000, normEpsilon: 1e-5, tiesEmbeddings: true, maxPositionCount: 256, bosToken: 1,
            eosTokens: [2], padToken: 0, head: head)
        try ModelFolder(parameters: .initialised(config, seed: 5), tokenizer: tokenizer).save(to: path)
    }

    @Test("learners train on every stage, each output with the tokens that it answered")
    func learning() async throws {
        let story = try story(
            Self.discussion.replacing("HERE/agents/noisy, HERE/agents/half", with: "HERE/agents/one, HERE/agents/two")
                .replacing("[answer, critique, final]", with: "[answer, final], final: '!'")
                .replacing("{kind: exact}", with: "{kind: reward_model, folder: HERE/judges/jury}")
                .replacing("rounds: 2", with: "pairs: {from: any}\nrounds: 2"))
        try Self.saveModel(.language, to: story.folder + "/model")
        try Self.saveModel(.score, to: story.folder + "/judges/jury/model")
        for name in ["one", "two"] { try story.write("kind: transformer\nmodel: HERE/model\n", "agents/\(name)/agent.yaml") }
        try story.write("kind: reward_model\nmodel: model\n", "judges/jury/judge.yaml")
        let tournament = try story.tournament("db")
        try await tournament.play()
        let store = tournament.store
        let results = try store.roomResults(run: tournament.run.id, round: 1)
        let pairs = try store.pairs(run: tournament.run.id, round: 1)
        let rooms = Dictionary(uniqueKeysWithValues: results.map { ($0.room.index, $0) })
        for kind in [StageKind.answer, .final] {
            #expect(pairs.count { rooms[$0.chosen.room]?.room.stage?.kind == kind } > 3, "\(kind)")
        }
        let model = try ModelFolder.load(story.folder + "/model")
        for result in results where result.room.stage?.kind == .final {
            for (seat, rollout) in result.rollouts.enumerated() {
                guard let sequence = rollout.sequence else { continue }
                let shown = model.tokenizer.decode(zip(sequence.tokens, sequence.own).filter { !$0.1 }.map(\.0), skipSpecial: true)
                #expect(shown.hasPrefix(result.room.prompt.text + "\nA| ") && shown.hasSuffix("\n!"))
                // Its own first answer is not among what it is shown, unless a peer said the same.
                let own = rooms[result.room.index - 1]?.rollouts[seat].text ?? ""
                let others = rooms[result.room.index - 1]?.rollouts.enumerated().filter { $0.offset != seat && $0.element.forfeit == nil }.map(\.element.text)
                #expect(others?.contains(own) == true || !shown.contains("| \(own)\n"))
            }
        }
        // What is exported are answers to the prompt itself.
        var exported = 0
        try store.forEachPair(PairFilter(rounds: 1...1)) { _ in exported += 1 }
        #expect(exported == pairs.count { rooms[$0.chosen.room]?.room.stage?.kind == .answer })
        #expect(try store.updates(run: tournament.run.id).contains { $0.pairCount > 3 })
    }

    @Test(
        "stages that cannot be are refused in a sentence",
        arguments: [
            ("order: [answer, critique, final]", "order: [answer]", "this order is none"),
            ("[answer, critique, final]", "[critique, answer]", "this order is none"),
            ("[answer, critique, final]", "[answer, critique]", "this order is none"),
            ("[answer, critique, final]", "[answer, answer]", "this order is none"),
            ("[answer, critique, final]", "[answer, critique, critique, final]", "this order is none"),
            ("[answer, critique, final]", "[answer, finale]", "did you mean `final`?"),
            ("[answer, critique, final]", "[solve, propose]", "this order is none"),
            ("{order: [answer, critique, final]}", "{final: x}", "nothing would read `final` here"),
            ("[answer, critique, final]", "[answer, final], critique: x", "nothing would read `critique` here"),
            ("free_for_all, rooms: 20", "round_robin", "need rooms of at least 3 seats, and the schedule has rooms of 2"),
            ("task: sort-digits", "game: tic-tac-toe", "a game is not played in `stages`"),
            ("ROOT/agents/random, ROOT/agents/perfect]", "ROOT/agents/random, ROOT/agents/rookie]", "agent `rookie` cannot read"),
        ])
    func refused(old: String, new: String, sentence: String) throws {
        var text = Self.discussion.replacing(old, with: new)
        if new.hasPrefix("game") { text = text.replacing("free_for_all, rooms: 20", with: "round_robin").replacing("exact", with: "referee").replacing("max_new_tokens: 8\n", with: "") }
        let story = try story(text)
        let error = #expect(throws: AgentError.self) { try Arena(file: story.file) }
        #expect(error?.message.contains(sentence) == true, "\(error?.message ?? "")")
    }
}
