import AgonCore
import Foundation
import Testing

@testable import AgonRatings

struct SequentialTestTests {
    struct Golden: Decodable {
        struct Row: Decodable {
            var win: Int?
            var loss: Int?
            var draw: Int?
            var LL: Int?
            var LD: Int?
            var WL: Int?
            var DD: Int?
            var WD: Int?
            var WW: Int?
            var elo0: Double
            var elo1: Double
            var normalized: Exact
            var logistic: Exact
        }
        struct Bounds: Decodable {
            var alpha: Double
            var beta: Double
            var lower: Exact
            var upper: Exact
        }
        var rows: [Row]
        var bounds: [Bounds]
    }

    static func result(_ row: Golden.Row) -> MatchResult? {
        if let win = row.win, let loss = row.loss, let draw = row.draw {
            return MatchResult(wins: win, draws: draw, losses: loss)
        }
        guard let ll = row.LL, let ld = row.LD, let wl = row.WL, let dd = row.DD, let wd = row.WD, let ww = row.WW
        else { return nil }
        return MatchResult(pairs: [ll, ld, wl + dd, wd, ww])
    }

    @Test func `log-likelihood ratios equal 40-digit arithmetic, games and pairs, both scales`() throws {
        let golden = try Fixtures.json("sprt.json", as: Golden.self)
        #expect(golden.rows.count == 85)
        for row in golden.rows {
            let result = try #require(Self.result(row))
            for (scale, exact) in [(SequentialTest.Scale.logistic, row.logistic), (.normalized, row.normalized)] {
                let test = try SequentialTest(elo0: row.elo0, elo1: row.elo1, scale: scale, result: result)
                let error = abs(test.logLikelihoodRatio - exact.value)
                #expect(error < 1e-8 * max(1, abs(exact.value)), "\(row) \(scale) \(test.logLikelihoodRatio)")
            }
        }
        for bounds in golden.bounds {
            let test = try SequentialTest(alpha: bounds.alpha, beta: bounds.beta)
            #expect(abs(test.bounds.lower - bounds.lower.value) < 1e-12)
            #expect(abs(test.bounds.upper - bounds.upper.value) < 1e-12)
        }
    }

    struct Scores: Decodable {
        struct Row: Decodable {
            var win: Int?
            var loss: Int?
            var draw: Int?
            var LL: Int?
            var LD: Int?
            var WL: Int?
            var DD: Int?
            var WD: Int?
            var WW: Int?
            var elo: Exact
            var elo_lo: Exact
            var elo_hi: Exact
            var nelo: Exact
            var nelo_err: Exact
            var los: Exact
            var los_decisive: Exact?
            var variance: Exact
        }
        var rows: [Row]
    }

    @Test func `Elo, normalised Elo and superiority equal 40-digit arithmetic, games and pairs`() throws {
        let golden = try Fixtures.json("elo_error_los.json", as: Scores.self)
        for row in golden.rows where row.variance.value > 0 {
            let result: MatchResult
            if let win = row.win, let loss = row.loss, let draw = row.draw {
                result = MatchResult(wins: win, draws: draw, losses: loss)
            } else {
                let wl = try #require(row.WL) + (try #require(row.DD))
                result = MatchResult(pairs: [
                    try #require(row.LL), try #require(row.LD), wl, try #require(row.WD), try #require(row.WW),
                ])
            }
            let elo = try #require(result.elo)
            for (own, exact) in [(elo.value, row.elo), (elo.low, row.elo_lo), (elo.high, row.elo_hi)] {
                #expect(own == exact.value || abs(own - exact.value) < 1e-9)
            }
            let normalized = try #require(result.normalizedElo)
            #expect(abs(normalized.value - row.nelo.value) < 1e-9)
            #expect(abs((normalized.high - normalized.low) / 2 - row.nelo_err.value) < 1e-9)
            #expect(abs((result.likelihoodOfSuperiority ?? -1) - row.los.value) < 1e-12)
            if let exact = row.los_decisive { #expect(abs((result.decisiveSuperiority ?? -1) - exact.value) < 1e-12) }
        }
        let sweep = MatchResult(wins: 20, draws: 0, losses: 0)
        #expect(sweep.elo?.value == .infinity && (sweep.elo?.low ?? 0) > 200 && (sweep.elo?.low ?? 0) < 400)
        #expect(sweep.normalizedElo == nil && MatchResult(wins: 0, draws: 0, losses: 0).elo == nil)
        #expect(MatchResult(wins: 50, draws: 0, losses: 50).gamesNeeded(halfWidth: 0.0979982) == 100)
    }

    @Test func `wrong hypotheses are refused and an empty test goes on`() throws {
        #expect(throws: RatingError.self) { try SequentialTest(elo0: 5, elo1: 5) }
        #expect(throws: RatingError.self) { try SequentialTest(alpha: 0.5) }
        var test = try SequentialTest()
        #expect(test.logLikelihoodRatio == 0 && test.decision == .goOn)
        for _ in 0..<300 { test.record(outcome: 2) }
        #expect(test.decision == .acceptElo1)
        var losing = try SequentialTest(scale: .normalized)
        for _ in 0..<300 { losing.record(outcome: 0) }
        #expect(losing.decision == .acceptElo0)
    }

    @Test func `errors stay within their bounds and the length is as expected`() throws {
        // Wide hypotheses, so that tests are short; thousands of narrow ones are in the benchmark.
        var counts = [0, 0]
        var games = [0, 0]
        for (side, elo) in [0.0, 80].enumerated() {
            for trial in 0..<300 {
                var generator = SeededGenerator(Seed(run: UInt64(trial)).child(.evaluation, side))
                var test = try SequentialTest(elo0: 0, elo1: 80)
                let score = EloScale.expectedScore(difference: elo)
                while test.decision == .goOn {
                    let draw = generator.unit()
                    test.record(outcome: draw < score - 0.2 ? 2 : draw < score + 0.2 ? 1 : 0)
                }
                counts[side] += test.decision == .acceptElo1 ? 1 : 0
                games[side] += test.result.gameCount
            }
            let test = try SequentialTest(elo0: 0, elo1: 80)
            let expected = test.expectation(elo: elo, variance: score(elo))
            #expect(abs(Double(games[side]) / 300 / expected.gameCount - 1) < 0.25)
        }
        // 5 % of 300 with three standard errors.
        #expect(counts[0] <= 26 && counts[1] >= 274, "\(counts)")
        let even = try SequentialTest(elo0: 0, elo1: 20).expectation(elo: 10.0)
        #expect(abs(even.acceptElo1 - 0.5) < 0.01 && even.gameCount > 2000)
    }

    /// The variance of a game with 40 % draws.
    private func score(_ elo: Double) -> Double {
        let score = EloScale.expectedScore(difference: elo)
        return score - 0.2 + 0.1 - score * score
    }
}
