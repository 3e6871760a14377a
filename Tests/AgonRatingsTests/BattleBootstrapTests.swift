import AgonCore
import Testing

@testable import AgonRatings

struct BattleBootstrapTests {
    @Test func `draws are multinomial: the total is kept, means and variances are right`() {
        let counts = [1, 0, 5, 40, 300, 2000]
        let sampler = CountSampler(counts: counts)
        var generator = SeededGenerator(Seed(run: 8))
        var cells = [Int](repeating: 0, count: counts.count)
        var sums = [Double](repeating: 0, count: counts.count)
        var squares = sums
        let draws = 4000
        for _ in 0..<draws {
            sampler.draw(into: &cells, &generator)
            #expect(cells.reduce(0, +) == 2346)
            for index in cells.indices {
                sums[index] += Double(cells[index])
                squares[index] += Double(cells[index] * cells[index])
            }
        }
        for (index, count) in counts.enumerated() {
            let (mean, expected) = (sums[index] / Double(draws), Double(count))
            let variance = expected * (1 - expected / 2346)
            #expect(abs(mean - expected) <= 5 * (variance / Double(draws)).squareRoot())
            let seen = squares[index] / Double(draws) - mean * mean
            #expect(abs(seen - variance) <= 0.15 * variance + 1e-9)
        }
    }

    @Test func `a few battles are drawn one by one`() {
        let sampler = CountSampler(counts: [1, 2])
        var generator = SeededGenerator(Seed(run: 8))
        var cells = [0, 0]
        var ones = 0
        for _ in 0..<3000 {
            sampler.draw(into: &cells, &generator)
            ones += cells[0]
        }
        #expect((2850...3150).contains(ones))
        #expect(cells[0] + cells[1] == 3)
    }

    @Test func `agrees with the sandwich, by count of battles and by room`() async throws {
        for (size, count) in [(2, 3000), (4, 600)] {
            let table = BattleTableTests.random(count, players: 6, seed: 21, roomsOf: size).table()
            let sandwich = try await Leaderboard(table)
            let bootstrap = try await Leaderboard(table, options: .init(intervals: .bootstrap(count: 400)))
            for row in sandwich.rows {
                let other = try #require(bootstrap[row.name])
                let (a, b) = (row.rating.high - row.rating.low, other.rating.high - other.rating.low)
                #expect(abs(a - b) < 0.2 * a, "\(a) \(b)")
                #expect(abs(row.rating.value - other.rating.value) < 1e-9)
            }
        }
    }

    @Test func `a replicate does not depend on how many there are`() async throws {
        let fit = try BattleFit(
            BattleTableTests.random(300, players: 5, seed: 4).table(), options: .init(tieModel: .raoKupper))
        let few = try await fit.bootstrap(count: 5, seed: Seed(run: 1))
        let many = try await fit.bootstrap(count: 37, seed: Seed(run: 1))
        #expect(Array(many.strengths.prefix(25)) == few.strengths)
        #expect(Set(many.strengths).count > 150, "replicates differ")
    }

    @Test func `replicates without a finite estimate are counted`() async throws {
        var builder = BattleTable.Builder()
        let (a, b) = (builder.player("a"), builder.player("b"))
        builder.add(first: a, second: b, outcome: .win, count: 4)
        builder.add(first: a, second: b, outcome: .loss)
        let sample = try await BattleFit(builder.table()).bootstrap(count: 200, seed: Seed(run: 2))
        #expect((40...95).contains(sample.priorCount), "0.8^5 = 33 % of \(sample.priorCount)")
        #expect(sample.strengths.allSatisfy { $0.isFinite && abs($0) < 10 })
    }
}
