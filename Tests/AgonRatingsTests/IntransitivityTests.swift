import AgonCore
import Foundation
import Testing

@testable import AgonRatings

struct IntransitivityTests {
    struct Golden: Decodable {
        struct Game: Decodable {
            var payoff: [[Double]]
            var maxent_nash_open_spiel: [Double]
            var nash_avg_skill: [Double]
            var strict_triples: Int
            var cyclic_triples: Int
            var hodge_rank: [Double]
            var hodge_transitive_share: Double
            var alpha1: [Double]
            var alpha10: [Double]
            var alpha100: [Double]
            var limit: [Double]

            enum CodingKeys: String, CodingKey {
                case payoff, maxent_nash_open_spiel, nash_avg_skill, strict_triples, cyclic_triples, hodge_rank
                case hodge_transitive_share
                case alpha1 = "alpharank_pi_local_alpha1.0_m50"
                case alpha10 = "alpharank_pi_local_alpha10.0_m50"
                case alpha100 = "alpharank_pi_local_alpha100.0_m50"
                case limit = "alpharank_pi_inf_eps0.01"
            }
        }
        var games: [String: Game]
    }

    @Test func `six games have the reference's Nash averages, alpha-ranks, cycles and Hodge shares`() throws {
        let golden = try Fixtures.json("intransitivity.json", as: Golden.self)
        #expect(golden.games.count == 6)
        func close(_ one: [Double], _ other: [Double], _ tolerance: Double) -> Bool {
            zip(one, other).allSatisfy { abs($0 - $1) < tolerance }
        }
        for (name, exact) in golden.games {
            let game = PayoffGame(size: exact.payoff.count, payoff: exact.payoff.flatMap { $0 })
            let nash = try #require(game.nashAverage())
            #expect(close(nash.mixture, exact.maxent_nash_open_spiel, 1e-5), "\(name) \(nash.mixture)")
            #expect(close(nash.skills, exact.nash_avg_skill, 1e-5), "\(name)")
            #expect(close(game.alphaRank(alpha: 1), exact.alpha1, 1e-9), "\(name)")
            #expect(close(game.alphaRank(alpha: 10), exact.alpha10, 1e-9), "\(name)")
            #expect(close(game.alphaRank(alpha: 100), exact.alpha100, 1e-9), "\(name)")
            #expect(close(game.alphaRankLimit(), exact.limit, 1e-9), "\(name)")
            let hodge = game.hodge()
            #expect(close(hodge.ratings, exact.hodge_rank, 1e-12))
            #expect(abs(hodge.transitiveShare - exact.hodge_transitive_share) < 1e-12)
            #expect(game.triples() == (exact.strict_triples, exact.cyclic_triples))
        }
    }

    @Test func `biased rock, paper, scissors and a copied player come out exactly`() throws {
        let biased = PayoffGame(size: 3, payoff: [0, 1, -1, -1, 0, 2, 1, -2, 0])
        let nash = try #require(biased.nashAverage())
        for (own, exact) in zip(nash.mixture, [0.5, 0.25, 0.25]) { #expect(abs(own - exact) < 1e-9) }
        // Rock twice: the copies share its third.
        let copied = PayoffGame(size: 4, payoff: [0, 0, -1, 1, 0, 0, -1, 1, 1, 1, 0, -1, -1, -1, 1, 0])
        let shared = try #require(copied.nashAverage())
        for (own, exact) in zip(shared.mixture, [1.0 / 6, 1.0 / 6, 1.0 / 3, 1.0 / 3]) { #expect(abs(own - exact) < 1e-8) }
    }

    /// Battles of players with strengths, and with a lead of each player over the next but one round a circle.
    static func fit(strengths: [Double], lead: Double, battles: Int, seed: UInt64) throws -> BattleFit {
        var generator = SeededGenerator(Seed(run: seed))
        var builder = BattleTable.Builder()
        let players = strengths.indices.map { builder.player("p\($0)") }
        for i in strengths.indices {
            for j in (i + 1)..<max(strengths.count, i + 1) {
                let turn = i < 3 && j < 3 ? (j - i == 1 ? lead : -lead) : 0
                let p = logistic(strengths[i] - strengths[j] + turn)
                for _ in 0..<battles {
                    builder.add(first: players[i], second: players[j], outcome: generator.unit() < p ? .win : .loss)
                }
            }
        }
        return try BattleFit(builder.table())
    }

    @Test func `a circle of three is found, named and warned of`() async throws {
        let fit = try Self.fit(strengths: [0, 0, 0, -1, 1], lead: 1.2, battles: 200, seed: 4)
        let result = Intransitivity(fit)
        #expect(try await Leaderboard(fit).warnings == [result.warning])
        #expect(result.cycles.first?.names == ["p0", "p1", "p2"] && result.cycles.count == 1)
        #expect(result.pValue < 1e-6 && result.cyclicShare > 0.2)
        let warning = try #require(result.warning)
        #expect(warning.contains("p0 beats p1, who beats p2, who beats p0"))
        #expect(result.nash.count == 5 && abs(result.nash.reduce(0) { $0 + $1.nashShare } - 1) < 1e-9)
    }

    @Test func `a ladder is left alone, as often as chance allows`() throws {
        var warnings = 0
        var small = 0
        for seed in 0..<60 {
            let result = Intransitivity(
                try Self.fit(strengths: [0.6, 0.3, 0, -0.3, -0.6, 0.1], lead: 0, battles: 100, seed: UInt64(seed)))
            warnings += result.warning == nil ? 0 : 1
            small += result.pValue < 0.1 ? 1 : 0
            #expect(result.degrees == 10)
        }
        #expect(warnings <= 2)
        #expect((1...14).contains(small), "10 % of 60, saw \(small)")
    }

    @Test func `the chi-square tail and the normal quantile equal known values`() {
        #expect(abs(ChiSquare.upperTail(3.841458820694124, degrees: 1) - 0.05) < 1e-12)
        #expect(abs(ChiSquare.upperTail(18.307038053275146, degrees: 10) - 0.05) < 1e-12)
        #expect(abs(ChiSquare.upperTail(2, degrees: 10) - 0.996340153172656) < 1e-12)
        #expect(abs(NormalDistribution.quantile(0.975) - Interval.z95) < 1e-12)
        #expect(abs(NormalDistribution.quantile(1e-10) + 6.361340902404056) < 1e-9)
        #expect(NormalDistribution.quantile(0) == -.infinity)
    }
}
