import AgonCore
import AgonRatings
import Testing

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
}
