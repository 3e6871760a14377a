import AgonCore
import Foundation
import Testing

@testable import AgonRatings

/// Intervals must hold the truth as often as they say.
struct CoverageTests {
    static let ratings = ["a": 1150.0, "b": 1050, "base": 1000]

    /// One season: per pair of players 40 openings, each played twice with the same luck.
    private func season(_ number: Int) -> [Match] {
        var generator = SeededGenerator(Seed(run: 11).child(.evaluation, number))
        var matches: [Match] = []
        for (first, second) in [("a", "b"), ("a", "base"), ("b", "base")] {
            let difference = (Self.ratings[first] ?? 0) - (Self.ratings[second] ?? 0)
            for _ in 0..<40 {
                let score = generator.unit() < EloScale.expectedScore(difference: difference) ? 1.0 : 0
                let match = Match(
                    round: 1, room: matches.count, cluster: matches.count, first: policy(first),
                    second: policy(second), score: score)
                matches += [match, match]
            }
        }
        return matches
    }

    @Test func `19 of 20 ratings and differences lie in their intervals, games in pairs notwithstanding`() throws {
        var covered = 0
        var coveredDifference = 0
        var coveredByNaive = 0
        let seasonCount = 400
        for number in 0..<seasonCount {
            let matches = season(number)
            let naive = matches.enumerated().map { index, match in
                var match = match
                match.cluster = index
                return match
            }
            let fit = try BradleyTerry.fit(matches, anchor: policy("base"))
            let rating = try #require(fit[policy("a")]?.rating)
            let difference = try #require(fit.difference(policy("a"), policy("b")))
            let alone = try #require(BradleyTerry.fit(naive, anchor: policy("base"))[policy("a")]?.rating)
            covered += rating.low <= 1150 && 1150 <= rating.high ? 1 : 0
            coveredDifference += difference.low <= 100 && 100 <= difference.high ? 1 : 0
            coveredByNaive += alone.low <= 1150 && 1150 <= alone.high ? 1 : 0
        }
        // 95 % of 400 is 380 with a standard error of 4.4.
        #expect((366...394).contains(covered), "\(covered) of \(seasonCount)")
        #expect((366...394).contains(coveredDifference), "\(coveredDifference) of \(seasonCount)")
        #expect(coveredByNaive < 350, "without clusters \(coveredByNaive) of \(seasonCount)")
    }

    /// Differences to the first player that lie in their intervals, of 80 tournaments of six players. A thousand of each
    /// kind are in Benchmarks/ratings.
    @Test(arguments: [(TieModel.davidson, 2), (.half, 5)])
    func `tournaments with ties and unequal games, or with rooms of five, hold the truth as often`(
        model: TieModel, seats: Int
    ) async throws {
        let truth = [0, 0.3, 0.6, -0.2, 0.1, -0.5]
        var (covered, total) = (0, 0)
        for number in 0..<80 {
            var generator = SeededGenerator(Seed(run: 31).child(.evaluation, number))
            var builder = BattleTable.Builder()
            let players = truth.indices.map { builder.player("p\($0)") }
            for room in 0..<(seats == 2 ? 400 : 150) {
                // Half of the rooms are among the first four players.
                let pool = players.prefix(seats == 2 && room % 2 == 0 ? 4 : 6)
                let chosen = Array(generator.shuffled(Array(pool)).prefix(seats))
                if seats == 2 {
                    let d = truth[Int(chosen[0])] - truth[Int(chosen[1])]
                    let p = Davidson(tie: -0.5).probabilities(d)
                    let draw = generator.unit()
                    builder.add(
                        first: chosen[0], second: chosen[1],
                        outcome: draw < p.win ? .win : draw < p.win + p.tie ? .tie : .loss)
                } else {
                    // Plackett-Luce: its pairs are Bradley-Terry, and depend on one another.
                    let times = chosen.map { -log(1 - generator.unit()) / exp(truth[Int($0)]) }
                    builder.addRoom(chosen, ranks: times.map { time in Int32(times.count { $0 < time }) })
                }
            }
            let board = try await Leaderboard(
                builder.table(), options: .init(system: model == .half ? .bradleyTerry : .davidson, anchor: "p0"))
            for row in board.rows where row.name != "p0" {
                let player = try #require(Int(row.name.dropFirst()))
                let exact = 1000 + EloScale.pointsPerNat * truth[player]
                covered += row.rating.low <= exact && exact <= row.rating.high ? 1 : 0
                total += 1
            }
        }
        // 95 % of 400; differences to one anchor go together, so the error is about twice that of 400 coins.
        #expect((362...396).contains(covered), "\(covered) of \(total)")
    }
}
