import AgonRatings
import Testing

struct IntervalTests {
    struct Golden: Decodable {
        struct Row: Decodable {
            var win: Int?
            var loss: Int?
            var draw: Int?
            var score: Exact
            var variance: Exact
            var elo: Exact?
            var elo_lo: Exact?
            var elo_hi: Exact?
        }
        struct Share: Decodable {
            var wins: Int
            var n: Int
            var wilson: [Double]
        }
        var rows: [Row]
        var winrate_intervals: [Share]
    }

    @Test func `Wilson equals the reference at 0, at n and between`() throws {
        let golden = try Fixtures.json("elo_error_los.json", as: Golden.self)
        for share in golden.winrate_intervals {
            let interval = try #require(Interval.wilson(successes: Double(share.wins), count: share.n))
            #expect(abs(interval.low - share.wilson[0]) < 1e-12 && abs(interval.high - share.wilson[1]) < 1e-12)
        }
        #expect(Interval.wilson(successes: 0, count: 0) == nil)
    }

    @Test func `a score as a rating difference equals 40-digit arithmetic`() throws {
        let golden = try Fixtures.json("elo_error_los.json", as: Golden.self)
        var checked = 0
        for row in golden.rows {
            guard let win = row.win, let loss = row.loss, let draw = row.draw, let elo = row.elo, let low = row.elo_lo,
                let high = row.elo_hi
            else { continue }
            let count = win + loss + draw
            let difference = Interval(
                value: row.score.value, standardError: (row.variance.value / Double(count)).squareRoot(), count: count
            ).eloDifference()
            for (own, exact) in [(difference.value, elo), (difference.low, low), (difference.high, high)] {
                #expect(own == exact.value || abs(own - exact.value) < 1e-9)
            }
            checked += 1
        }
        #expect(checked > 5, "a clean sweep among them, infinite on both sides")
        #expect(EloScale.difference(score: 1) == .infinity && EloScale.difference(score: 0) == -.infinity)
        #expect(EloScale.difference(score: 0.5) == 0)
    }

    @Test func `pairs that cancel are surer than their games alone, pairs that repeat are not`() throws {
        let games = [1.0, 0, 1, 0, 1, 0, 1, 1]
        let alone = try #require(Interval.mean(of: games, clusters: Array(0..<8)))
        let cancelling = try #require(Interval.mean(of: games, clusters: [0, 0, 1, 1, 2, 2, 3, 3]))
        let repeating = try #require(Interval.mean(of: games, clusters: [0, 1, 0, 1, 2, 3, 2, 2]))
        #expect(alone.value == 0.625 && cancelling.value == 0.625)
        #expect(alone.count == 8 && cancelling.count == 4 && repeating.count == 4, "clusters are counted, not games")
        #expect(cancelling.high - cancelling.low < alone.high - alone.low)
        #expect(repeating.high - repeating.low > alone.high - alone.low)
        // By hand: residuals per pair −¼, −¼, −¼, ¾; 4/3 · 0.75 / 64.
        #expect(abs(cancelling.value - cancelling.low - Interval.z95 * 0.125) < 1e-12)
    }

    @Test func `a clean sweep is not certainty`() throws {
        let sweep = try #require(Interval.mean(of: Array(repeating: 1, count: 20), clusters: (0..<20).map { $0 / 2 }))
        let wilson = try #require(Interval.wilson(successes: 10, count: 10))
        #expect(sweep.value == 1 && sweep.low == wilson.low && sweep.high == 1 && sweep.count == 10)
        let single = try #require(Interval.mean(of: [1, 0], clusters: [3, 3]))
        #expect(single.value == 0.5 && single.low < 0.1 && single.high > 0.9)
        #expect(Interval.mean(of: [], clusters: []) == nil)
    }
}
