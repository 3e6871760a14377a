import AgonCore
import AgonRatings
import AgonStore
import Foundation
import GRDB
import Testing

@testable import AgonTournament

/// Looking back at what a run has stored.
@Suite struct HistoryTests {
    private func stored(_ story: StoryArena) throws -> StoredRun {
        try StoredRun(arena: Arena(file: story.file), database: story.database("db"), seed: nil)
    }

    private func comparison(_ story: StoryArena, _ first: String, _ second: String, elo1: Double = 20) throws -> Comparison {
        try Comparison(first, second, in: stored(story), elo1: elo1)
    }

    @Test("the report of a past round is byte for byte the one that was written then", arguments: [StoryArena.prompts, StoryArena.game])
    func past(text: String) async throws {
        let story = try StoryArena(text.replacing("rounds: 3", with: "rounds: 2"))
        let tournament = try story.tournament("db")
        try await tournament.play()
        let then = try ReportFolder.files(tournament.report())
        try story.write(text, "arena.yaml")
        try await story.tournament("db").play()
        let arena = try Arena(file: story.file)
        let now = try ReportFolder.files(Report(arena: arena, database: story.database("db"), seed: nil))
        let again = try ReportFolder.files(Report(arena: arena, database: story.database("db"), seed: nil, upToRound: 2))
        for ((old, new), present) in zip(zip(then, again), now) {
            #expect(old.name == new.name && old.text == new.text)
            #expect(present.text != old.text)
        }
        for round in [0, 4, -1] {
            let error = #expect(throws: TournamentError.self) {
                try Report(arena: arena, database: story.database("db"), seed: nil, upToRound: round)
            }
            #expect("\(error.map { "\($0)" } ?? "")".contains("rounds 1 to 3 are closed"))
        }
    }

    @Test("two agents are compared by their own games and by all games, and the test says what it would take")
    func compared() async throws {
        let story = try StoryArena(StoryArena.scripted)
        try await story.tournament("db").play()
        let best = try comparison(story, "perfect", "random", elo1: 60)
        #expect(best.gameCount == 60 && best.wins + best.draws + best.losses == 60 && best.losses < 6)
        let (score, elo) = (try #require(best.score), try #require(best.elo))
        #expect(score.value == (Double(best.wins) + Double(best.draws) / 2) / 60)
        #expect(abs(elo.value - 400 * log10(score.value / (1 - score.value))) < 1e-9 && elo.low > 60)
        #expect(try #require(best.likelihoodOfSuperiority) > 0.999 && best.test?.decision == .acceptElo1 && best.test?.gamesNeeded == nil)
        let turned = try comparison(story, "random", "perfect", elo1: 60)
        #expect(turned.losses == best.wins && turned.test?.decision == .acceptElo0)
        #expect(try abs(#require(turned.ratingDifference).value + #require(best.ratingDifference).value) < 1e-9)
        let close = try comparison(story, "perfect", "noisy", elo1: 4)
        #expect(close.test?.decision == .goOn && close.test?.gamesNeeded ?? 0 > 100)
        #expect(close.text.contains("more games"))
        for (first, second) in [("perfect", "perfect"), ("perfect", "randm"), ("perfect@v1", "random"), ("perfect@x", "random")] {
            #expect(throws: TournamentError.self) { try comparison(story, first, second) }
        }
    }

    @Test("versions of a learner that never met are compared through the others")
    func versions() async throws {
        let story = try StoryArena(StoryArena.game)
        try await story.tournament("db").play()
        let comparison = try comparison(story, "xena@v2", "xena@v0")
        #expect(comparison.gameCount == 0 && comparison.elo == nil && comparison.test == nil)
        #expect(comparison.ratingDifference != nil && comparison.text.contains("they never met"))
    }

    @Test("stored ratings come out again bit for bit, and one that was changed is found", arguments: [StoryArena.prompts, StoryArena.game])
    func rerated(text: String) async throws {
        let story = try StoryArena(text)
        try await story.tournament("db").play()
        let rerating = try Rerating(stored(story))
        #expect(rerating.difference == nil && rerating.roundCount == 3 && rerating.ratingCount == 15)
        try await DatabaseQueue(path: story.database("db")).write { db in
            try db.execute(sql: "UPDATE ratings SET elo = elo + 1e-9 WHERE round = 2 AND id = (SELECT min(id) FROM ratings WHERE round = 2)")
        }
        #expect(try Rerating(stored(story)).difference?.hasPrefix("round 2, ") == true)
    }

    @Test("stored matches become a board by another system, by agent or by version")
    func boards() async throws {
        let story = try StoryArena(StoryArena.game)
        try await story.tournament("db").play()
        let agents = try await Rerating.board(stored(story), byVersion: false, options: .init(system: "glicko-2"))
        #expect(Set(agents.players) == ["xena", "otto", "novice", "random", "perfect"])
        let versions = try await Rerating.board(stored(story), byVersion: true, options: .init())
        #expect(versions.players.contains("xena@v0") && versions.players.contains("random") && versions.players.count > 5)
    }

    @Test("the arena's own judge says of stored answers what it said then", arguments: [StoryArena.prompts, StoryArena.game])
    func rejudged(text: String) async throws {
        let story = try StoryArena(text)
        try await story.tournament("db").play()
        let rejudging = try await Rejudging(stored(story), judge: nil, threads: 2)
        #expect(rejudging.pairCount > 0 && rejudging.sameCount == rejudging.pairCount && rejudging.lost.isEmpty)
        #expect(rejudging.board.allSatisfy { $0.stored == $0.rejudged })
        #expect(try await Rejudging(stored(story), judge: nil, threads: 1) == rejudging)
    }

    @Test("another judge makes another board, and a game keeps its referee")
    func otherJudge() async throws {
        let story = try StoryArena(StoryArena.prompts)
        try await story.tournament("db").play()
        try story.write("kind: exact\n", "judges/gold/judge.yaml")
        let rejudging = try await Rejudging(stored(story), judge: story.folder + "/judges/gold", threads: 1)
        #expect(rejudging.sameCount < rejudging.pairCount && rejudging.judge == "gold")
        #expect(rejudging.board.contains { $0.stored != $0.rejudged })
        #expect(rejudging.board.first?.policy.agent == "perfect")
        try story.write(StoryArena.scripted, "arena.yaml")
        try await story.tournament("db").play()
        await #expect(throws: TournamentError.self) { try await Rejudging(stored(story), judge: story.folder + "/judges/gold", threads: 1) }
    }

    @Test("where there is no run the sentence says what to do")
    func missing() throws {
        let story = try StoryArena(StoryArena.scripted)
        let error = #expect(throws: TournamentError.self) { try stored(story) }
        #expect(error?.code == .noRun)
    }
}
