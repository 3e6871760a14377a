import AgonCore
import Foundation
import Synchronization
import Testing

@testable import AgonTournament

/// What people do with the versions that runs made: look at them, promote them, play against them.
@Suite struct VersionTests {
    private func listing(_ story: StoryArena, _ agent: String) throws -> VersionListing {
        try VersionListing(agent: agent, database: story.database("db"))
    }

    @Test("versions are listed with their parents, promoted into the agent's folder, and taken back")
    func promotion() async throws {
        let story = try StoryArena(StoryArena.game.replacing("ROOT/agents/xena", with: "HERE/agents/mine"))
        try story.write("kind: transformer\ndescription: \"Mine: my own.\"\nmodel: ROOT/agents/novice # the model\n", "agents/mine/agent.yaml")
        let tournament = try story.tournament("db")
        try await tournament.play()
        let listing = try listing(story, "mine")
        #expect(listing.run == tournament.run.id && listing.closedRoundCount == 3 && listing.otherRuns.isEmpty)
        #expect(listing.versions.map(\.version) == Array(0...listing.current) && listing.current > 0)
        #expect(listing.versions.dropFirst().allSatisfy { $0.parent == $0.version - 1 && !$0.decision.isEmpty })
        #expect(listing.measureName == "score_vs_anchor" && listing.versions[0].measure != nil)
        #expect(listing.text(width: 100).contains("v\(listing.current) *"))

        let (catalog, file) = (Catalog(root: story.folder), story.folder + "/agents/mine/agent.yaml")
        let before = try String(contentsOfFile: file, encoding: .utf8)
        for number in [1, listing.current] {
            let promotion = try Promotion(listing.version(number), of: listing, in: catalog)
            #expect(promotion.key == "model")
        }
        let arena = try Arena(file: story.file)
        #expect(arena.modelHashes["mine"] == listing.versions[listing.current].hash)
        #expect(RunRecord(arena: arena, seed: 1).id != listing.run, "the next run is another one")
        #expect(try Promotion(rollingBack: "mine", in: catalog).value?.contains("-v1-") == true)
        #expect(try Promotion(rollingBack: "mine", in: catalog).value == StoryArena.root + "/agents/novice")
        let after = try String(contentsOfFile: file, encoding: .utf8)
        #expect(after == before, "to the comment")
        #expect(throws: TournamentError.self) { try Promotion(rollingBack: "mine", in: catalog) }
        #expect(throws: TournamentError.self) { try Promotion(listing.version(0), of: listing, in: catalog) }
        #expect(throws: TournamentError.self) { try listing.version(99) }

        // A checkpoint that somebody changed is not promoted.
        let weights = listing.versions[1].path + "/model.safetensors"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: weights))
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: URL(fileURLWithPath: weights))
        #expect(throws: TournamentError.self) { try Promotion(listing.version(1), of: listing, in: catalog) }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == after)
    }

    @Test("who has no run has no versions, and the sentence says what to do")
    func nobody() async throws {
        let story = try StoryArena(StoryArena.scripted)
        #expect(throws: TournamentError.self) { try listing(story, "noisy") }
        try await story.tournament("db").play()
        let rule = try listing(story, "noisy")
        #expect(rule.versions.map(\.version) == [0])
        let refusal = #expect(throws: TournamentError.self) { try Promotion(rule.versions[0], of: rule, in: Catalog(root: story.folder)) }
        #expect("\(refusal.map { "\($0)" } ?? "")".contains("has no weights"))
        let error = #expect(throws: TournamentError.self) { try listing(story, "nobody") }
        #expect(error?.code == .noRun)
        #expect(throws: TournamentError.self) { try VersionListing(agent: "noisy", database: story.database("db"), run: "none") }
    }

    @Test("a name with a version is read, and one that is none is refused")
    func names() throws {
        #expect(try VersionName.read("ada") == ("ada", nil))
        #expect(try VersionName.read("ada@v12") == ("ada", 12))
        for text in ["ada@", "ada@12", "ada@v-1", "@v1", "ada@vx"] {
            #expect(throws: TournamentError.self) { try VersionName.read(text) }
        }
    }

    @Test("a person plays a whole game, is asked again after an illegal move, and can leave")
    func playing() async throws {
        let story = try StoryArena(StoryArena.scripted)
        let session = try PlaySession(
            arena: Arena(file: story.file), against: "perfect", database: story.database("none"), seed: 3, threads: 1)
        #expect(session.opponentName == "perfect" && session.seatCount == 2)
        let asked = Mutex<[PlayQuestion]>([])
        let outcome = try await session.play(number: 0, seat: 0) { question in
            asked.withLock { $0.append(question) }
            return question.refused == nil ? "0" : question.moves.first
        }
        let questions = asked.withLock { $0 }
        #expect(questions[0].view == "" && questions[0].picture == "1 2 3\n4 5 6\n7 8 9" && questions[0].moves.count == 9)
        #expect(questions[1].refused == "0")
        #expect(outcome.points[0] == 0 && outcome.points[1] == 1 && outcome.forfeits == [nil, nil])
        #expect(outcome.transcript.hasPrefix("1"))
        await #expect(throws: Interruption.self) { try await session.play(number: 0, seat: 1) { _ in nil } }
        #expect(throws: TournamentError.self) {
            try PlaySession(arena: Arena(file: story.file), against: "perfekt", database: "", seed: nil, threads: 1)
        }
        #expect(throws: TournamentError.self) {
            try PlaySession(arena: Arena(file: story.file), against: "perfect@v2", database: "", seed: nil, threads: 1)
        }
    }

    @Test("a person answers a prompt beside an agent, and gold says who was right")
    func answering() async throws {
        let story = try StoryArena(StoryArena.prompts)
        let session = try PlaySession(
            arena: Arena(file: story.file), against: "perfect", database: story.database("none"), seed: 5, threads: 1)
        let outcome = try await session.play(number: 1, seat: 0) { String($0.view.prefix { $0.isNumber }.sorted()) + "x" }
        #expect(outcome.points == [0, 1] && outcome.answers[1] == outcome.gold && outcome.transcript.isEmpty)
    }
}
