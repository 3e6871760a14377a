import AgonAgents
import AgonCore
import AgonGames
import AgonLaws
import Foundation
import Testing

@testable import AgonTournament

/// The laws of judges and of prompt sources, on the conformers that an arena makes.
@Suite struct ConformerLawTests {
    @Test("the referee obeys the laws of judges, and gives each seat its points")
    func referee() async throws {
        let folder = try StoryArena(StoryArena.scripted)
        let judge = try JudgeBench(arena: Arena(file: folder.file), threads: 1).judge([])
        // From the empty board: X wins, O wins, a draw, an unfinished and an illegal game.
        let transcripts = ["14253", "142736", "152437698", "1", "11"]
        let tasks = transcripts.enumerated().map {
            JudgingTask(id: UInt64($0), prompt: "", answers: [$1, $1])
        }
        #expect(try await JudgeLaws.violations(of: judge, tasks: tasks, seatsShow: true).isEmpty)
        let game = try #require(Games.named("tic-tac-toe"))
        for (transcript, judgement) in zip(transcripts, try await judge.judge(tasks)) {
            let points = game.scores(opening: "", transcript: transcript)
            let expected: Verdict = points.map { $0[0] == $0[1] ? .tie : $0[0] > $0[1] ? .first : .second } ?? .void
            #expect(judgement.verdicts.map(\.verdict) == [expected])
        }
    }

    @Test("a member that left its panel says why, and gives no verdict")
    func lost() async throws {
        let judge = LostJudge(id: JudgeID(name: "gone"), message: "Judge gone left the panel.")
        await #expect { try await judge.judge([]) } throws: { "\($0)" == "Judge gone left the panel." }
    }

    @Test("a person who answers alike obeys the laws of policies")
    func person() async throws {
        let game = try #require(Games.named("tic-tac-toe"))
        let person = PersonPolicy(id: PolicyID(agent: "you", version: 0), game: game) { $0.moves.last }
        let requests = ["", "5", "51"].enumerated().map {
            PolicyRequest(prompt: $1, maxNewTokens: 1, seed: Seed(run: 1).child(.room, $0))
        }
        #expect(try await PolicyLaws.violations(of: person, requests: requests).isEmpty)
    }

    @Test("answers that come from the store obey the laws of policies, and are those that were given")
    func recorded() async throws {
        let story = try StoryArena(StoryArena.prompts)
        let arena = try Arena(file: story.file)
        let id = PolicyID(agent: "rookie", version: 0)
        let version = try #require(try Roster.policy(id, parameters: nil, arena: arena, threads: 1) as? TransformerPolicy)
        let seed = Seed(run: 1)
        let rooms = (0..<6).map { Room(round: 1, index: $0, group: $0, prompt: Prompt(id: "\($0)", text: "31524\($0)="), seats: [id, id]) }
        let requests = rooms.map {
            PolicyRequest(prompt: $0.prompt.text, maxNewTokens: 8, seed: seed.child(.room, $0.index).child(.seat, 1), seat: 1)
        }
        let given = try await version.respond(to: requests)
        let results = zip(rooms, given).map { room, response in
            let rollout = Rollout(
                text: response.text, sequence: TokenSequence(prompt: response.context, completion: response.tokens),
                logProbs: response.logProbs, finish: response.finish)
            return RoomResult(
                room: room, rollouts: [Rollout(text: ""), rollout], judge: JudgeID(name: "none"), scores: [], verdicts: [],
                ranking: Ranking(ranks: [nil, nil]))
        }
        let stored = RecordedRooms(results, isGame: false, seed: seed)
        let recorded = RecordedPolicy(id: id, version: version, rooms: stored)
        #expect(try await recorded.respond(to: requests) == given)
        #expect(try await PolicyLaws.violations(of: recorded, requests: requests).isEmpty)
        let texts = RecordedPolicy(id: id, version: nil, rooms: stored)
        #expect(try await PolicyLaws.violations(of: texts, requests: requests).isEmpty)
        #expect(try await texts.respond(to: requests).map(\.text) == given.map(\.text))
    }

    @Test("an arena's exact judge obeys the laws of judges")
    func exact() async throws {
        let text = StoryArena.prompts.replacing(
            "{kind: reward_model, folder: ROOT/judges/sorter, canaries: 4, refresh: {steps: 2}}", with: "{kind: exact}")
        let folder = try StoryArena(text)
        let judge = try JudgeBench(arena: Arena(file: folder.file), threads: 1).judge([])
        let tasks = [["12", "21"], ["12", " 12\n", ""], ["1"]].enumerated().map {
            JudgingTask(id: UInt64($0), prompt: "21=", reference: "12", answers: $1)
        }
        #expect(judge.needsReference)
        #expect(try await JudgeLaws.violations(of: judge, tasks: tasks).isEmpty)
    }

    @Test("a prompt file obeys the laws of prompt sources, and its lines are its prompts")
    func promptFile() throws {
        let arena = try StoryArena(StoryArena.prompts)
        let lines = (0..<400).map { "{\"prompt\": \"\($0) + 1 =\", \"answer\": \"\($0 + 1)\"}" }
        for lineEnd in ["\n", "\r\n"] {
            try arena.write(lines.joined(separator: lineEnd) + lineEnd + " \t" + lineEnd + lines[3], "p.jsonl")
            let file = try PromptFile(path: arena.folder + "/p.jsonl")
            #expect(PromptSourceLaws.violations(of: file, count: 50).isEmpty)
            #expect(file.hasGold && file.answers.count == 400 && file.answers["7 + 1 ="] == "8")
            let all = PromptSide.allCases.flatMap { file.prompts($0, count: 500, seed: Seed(run: 1)) }
            #expect(Set(all.map(\.id)) == Set((1...400).map { "line-\($0)" }))
        }
    }

    @Test("a prompt table says the same as its lines in JSON, tags and weights with it")
    func promptTable() throws {
        let arena = try StoryArena(StoryArena.prompts)
        let json = (0..<100).map { "{\"prompt\": \"\($0), \\\"+ 1\\\" =\", \"answer\": \"\($0 + 1)\", \"tags\": [\"sum\", \"t\($0 % 3)\"], \"weight\": \($0 == 7 ? 50 : 1)}" }
        let rows = (0..<100).map { "\($0 == 7 ? 50 : 1),\"\($0), \"\"+ 1\"\" =\",sum; t\($0 % 3),\($0 + 1)" }
        try arena.write(json.joined(separator: "\n"), "p.jsonl")
        try arena.write("weight,prompt,tags,answer\r\n" + rows.joined(separator: "\r\n"), "p.csv")
        let (lines, table) = (try PromptFile(path: arena.folder + "/p.jsonl"), try PromptFile(path: arena.folder + "/p.csv"))
        #expect(PromptSourceLaws.violations(of: table, count: 10).isEmpty)
        #expect(lines.answers == table.answers && table.answers["7, \"+ 1\" ="] == "8")
        #expect(lines.tags["line-8"] == ["sum", "t1"] && table.tags["line-9"] == ["sum", "t1"])
        for side in PromptSide.allCases {
            #expect(lines.prompts(side, count: 40, seed: Seed(run: 1)).map(\.text) == table.prompts(side, count: 40, seed: Seed(run: 1)).map(\.text))
        }
        let again = try PromptFile(path: arena.folder + "/p.csv", drawing: .withReplacement)
        let side = PromptSide(of: "7, \"+ 1\" =")
        #expect(again.prompts(side, count: 100, seed: Seed(run: 2)).count { $0.reference == "8" } > 20)
    }

    @Test("a prompt file that is none names its line", arguments: [
        ("p.csv", "answer\n1\n", "p.csv:1: there is no column `prompt`"), ("p.csv", "prompt,weight\nx,heavy\n", "p.csv:2: `weight` is `heavy`"),
        ("p.csv", "prompt\n\"x\n", "p.csv:2: a quote is opened"), ("p.csv", "prompt,weight\nx,-1\n", "p.csv:2: `weight` is -1.0"),
        ("p.csv", "prompt,answer\nx,1\nx,2\n", "p.csv:3: line-2 asks the same"),
        ("p.jsonl", "{\"prompt\": \"x\", \"weight\": 0}", "p.jsonl:1: `weight` is 0.0"),
        ("p.jsonl", "{\"prompt\": \"x\", \"tags\": \"y\"}", "p.jsonl:1: expected an object"),
    ])
    func brokenPromptFiles(name: String, text: String, message: String) throws {
        let arena = try StoryArena(StoryArena.prompts)
        try arena.write(text, name)
        let error = #expect(throws: AgentError.self) { try PromptFile(path: arena.folder + "/" + name) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }
}
