import AgonCore
import AgonRatings
import Foundation
import Testing

@testable import AgonTournament

/// Contests outside the rooms of a round.
@Suite struct HeldOutContestTests {
    private let arena: Arena

    init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        arena = try Arena(file: root + "/arenas/tic-tac-toe.yaml")
    }

    private func play(_ first: String, _ second: String, prompts: [Prompt]) async throws -> HeldOutContest.Outcome {
        let ids = [first, second].map { PolicyID(agent: $0, version: 0) }
        let policies = try Dictionary(
            ids.map { ($0, try Roster.policy($0, parameters: nil, arena: arena, threads: 1)) },
            uniquingKeysWith: { first, _ in first })
        return try await HeldOutContest(player: RoomPlayer(arena: arena, policies: policies), seed: Seed(run: 1))
            .play(ids[0], ids[1], prompts: prompts, judge: nil)
    }

    @Test("an opening that is played four times over is one observation, not eight")
    func repeatedOpenings() async throws {
        let openings = arena.prompts.prompts(.heldOut, count: 10, seed: Seed(run: 1))
        let outcome = try await play(
            "perfect", "perfect", prompts: Array(repeating: openings, count: 4).flatMap { $0 })
        let draws = try #require(outcome.draws)
        let games = try #require(Interval.mean(of: Array(repeating: draws.value, count: 80), clusters: Array(0..<80)))
        #expect(draws.count == 10 && outcome.score?.count == 10 && outcome.forfeits?.count == 10)
        #expect(draws.high - draws.low > 1.5 * (games.high - games.low))
        #expect(outcome.score?.value == 0.5)
        #expect(outcome.forfeits?.value == 0)
    }

    @Test("forfeits are counted for the first policy alone")
    func forfeits() async throws {
        let openings = arena.prompts.prompts(.heldOut, count: 440, seed: Seed(run: 2))
        let novice = try await play("novice", "random", prompts: openings)
        let random = try await play("random", "novice", prompts: openings)
        #expect(try #require(novice.forfeits).value > 0)
        #expect(random.forfeits?.value == 0)
    }
}
