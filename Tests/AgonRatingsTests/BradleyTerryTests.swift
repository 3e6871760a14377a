import AgonCore
import Foundation
import Testing

@testable import AgonRatings

struct BradleyTerryTests {
    struct Golden: Decodable {
        struct Values: Decodable {
            var elo_400_1000: [Exact]
            var ln_strength: [Exact]
            var var_model: [Exact]
            var var_sandwich: [Exact]
            var halfwidth95_sandwich_elo: [Exact]
        }
        var names: [String]
        var exact: Values
    }

    static let free = BradleyTerry.Options(priorDeviation: nil, minimumClusterCount: 0)

    @Test(arguments: [("bt_synth15.json", "bt_2000x15.csv"), ("bt_sparse15.json", "bt_sparse15.csv")])
    func `equals 40-digit arithmetic, strengths and both variances`(output: String, input: String) throws {
        let golden = try Fixtures.json(output, as: Golden.self)
        let anchor = policy("m07")
        let fit = try BradleyTerry.fit(Fixtures.battles(input), anchor: anchor, options: Self.free)
        let offset = golden.exact.elo_400_1000[7].value - 1000
        let count = Double(golden.names.count)
        for (index, name) in golden.names.enumerated() {
            let rating = try #require(fit[policy(name)]?.rating)
            #expect(abs(rating.value + offset - golden.exact.elo_400_1000[index].value) < 1e-7)
            // The golden gauge has mean 0: each strength less the mean of all.
            var contrast = [Double](repeating: -1 / count, count: fit.covariance.system.size)
            let player = try #require(fit.graph.players.firstIndex(of: policy(name)))
            if let place = fit.covariance.system.unknown[player] { contrast[place] += 1 }
            let variances = fit.covariance.variances(of: contrast)
            #expect(abs(variances.model - golden.exact.var_model[index].value) < 1e-10)
            #expect(abs(variances.sandwich - golden.exact.var_sandwich[index].value) < 1e-10)
            let half = Interval.z95 * EloScale.pointsPerNat * variances.sandwich.squareRoot()
            #expect(abs(half - golden.exact.halfwidth95_sandwich_elo[index].value) < 1e-6)
        }
        #expect(fit[anchor]?.rating.map { [$0.value, $0.low, $0.high] } == [1000, 1000, 1000])
    }

    @Test func `two policies fit in closed form, rating and interval`() throws {
        let fit = try BradleyTerry.fit(
            matches(policy("a"), policy("base"), wins: 60, losses: 40), anchor: policy("base"), options: Self.free)
        let rating = try #require(fit[policy("a")]?.rating)
        #expect(abs(rating.value - (1000 + EloScale.difference(score: 0.6))) < 1e-9)
        // With one pair the sandwich is the model: 1 / (n p (1 − p)).
        let half = Interval.z95 * EloScale.pointsPerNat / (100 * 0.24).squareRoot()
        #expect(abs(rating.high - rating.value - half) < 1e-9)
        #expect(rating.count == 100)
    }

    @Test func `the order and the direction of matches do not matter`() throws {
        let battles = try Fixtures.battles("bt_sparse15.csv")
        let turned = battles.reversed().map { match in
            var turned = match
            (turned.first, turned.second, turned.score) = (match.second, match.first, 1 - match.score)
            return turned
        }
        let one = try BradleyTerry.fit(battles, anchor: policy("m00"))
        let other = try BradleyTerry.fit(turned, anchor: policy("m00"))
        for standing in one.standings {
            let (left, right) = (try #require(standing.rating), try #require(other[standing.policy]?.rating))
            #expect(abs(left.value - right.value) < 1e-8 && abs(left.low - right.low) < 1e-8)
        }
    }

    @Test func `matches of one cluster said twice widen nothing and narrow nothing`() throws {
        let battles = try Fixtures.battles("bt_sparse15.csv")
        let once = try BradleyTerry.fit(battles, anchor: policy("m00"), options: Self.free)
        let twice = try BradleyTerry.fit(battles + battles, anchor: policy("m00"), options: Self.free)
        for standing in once.standings {
            let (left, right) = (try #require(standing.rating), try #require(twice[standing.policy]?.rating))
            #expect(abs(left.high - right.high) < 1e-7)
        }
    }

    @Test func `a weight of two counts as two matches`() throws {
        let some = matches(policy("a"), policy("base"), wins: 3, draws: 1, losses: 2)
        let heavy = some.map { match in
            var heavy = match
            heavy.weight = 2
            return heavy
        }
        let one = try BradleyTerry.fit(some + some, anchor: policy("base"))
        let other = try BradleyTerry.fit(heavy, anchor: policy("base"))
        let (left, right) = (try #require(one[policy("a")]?.rating), try #require(other[policy("a")]?.rating))
        #expect(abs(left.value - right.value) < 1e-9 && abs(left.low - right.low) < 1e-9)
    }

    @Test func `a newcomer that lost its first five games is finite, flagged and uncertain`() throws {
        let base = policy("base")
        let fit = try BradleyTerry.fit(
            matches(policy("ada"), base, wins: 60, losses: 40)
                + matches(policy("new"), base, losses: 5, clustersFrom: 200)
                + matches(policy("god"), base, wins: 40, clustersFrom: 300), anchor: base)
        let (new, god, ada) = (
            try #require(fit[policy("new")]), try #require(fit[policy("god")]), try #require(fit[policy("ada")])
        )
        #expect(new.isWinless && new.isSeparated && new.isProvisional && !new.isPerfect)
        #expect(god.isPerfect && god.isProvisional && !god.isWinless)
        #expect(!ada.isProvisional && !ada.isSeparated)
        let rating = try #require(new.rating)
        #expect(rating.value < 1000 && rating.value > 0)
        #expect(rating.high - rating.low > 1000)
        #expect(abs((ada.rating?.value ?? 0) - 1070.4) < 0.5)
        #expect(fit.standings.map(\.policy.agent) == ["god", "ada", "base", "new"])
    }

    @Test func `without a prior the separated have no rating and the others are undisturbed`() throws {
        let base = policy("base")
        let some = matches(policy("ada"), base, wins: 60, losses: 40)
        let fit = try BradleyTerry.fit(
            some + matches(policy("new"), base, losses: 5, clustersFrom: 200), anchor: base, options: Self.free)
        #expect(fit[policy("new")]?.rating == nil)
        let alone = try BradleyTerry.fit(some, anchor: base, options: Self.free)
        #expect(fit[policy("ada")]?.rating == alone[policy("ada")]?.rating)
    }

    @Test func `islands that never met the anchor are not compared with it`() throws {
        let fit = try BradleyTerry.fit(
            matches(policy("a"), policy("base"), wins: 1, losses: 1)
                + matches(policy("x"), policy("y"), wins: 1, losses: 1, clustersFrom: 10), anchor: policy("base"))
        #expect(fit[policy("x")]?.rating == nil && fit[policy("x")]?.component == 1)
        #expect(fit[policy("x")]?.isProvisional == true)
        #expect(fit.difference(policy("x"), policy("y")) == nil)
        #expect(fit[policy("a")]?.component == 0 && fit[policy("a")]?.rating != nil)
    }

    @Test func `a difference has its own interval`() throws {
        let base = policy("base")
        let fit = try BradleyTerry.fit(
            matches(policy("a"), base, wins: 20, losses: 20)
                + matches(policy("a"), policy("b"), wins: 550, losses: 450, clustersFrom: 100), anchor: base)
        let difference = try #require(fit.difference(policy("a"), policy("b")))
        let (a, b) = (try #require(fit[policy("a")]?.rating), try #require(fit[policy("b")]?.rating))
        #expect(abs(difference.value - (a.value - b.value)) < 1e-9)
        #expect(difference.high - difference.low < 0.5 * (b.high - b.low))
        #expect(difference.isAbove(0))
        #expect(fit.difference(policy("a"), policy("a")).map { $0.high - $0.low } == 0)
        let back = try #require(fit.difference(policy("b"), policy("a")))
        #expect(abs(back.low + difference.high) < 1e-9)
    }

    @Test func `no matches leave the anchor alone`() throws {
        let fit = try BradleyTerry.fit([], anchor: policy("base"))
        #expect(fit.standings.count == 1)
        #expect(fit.standings[0].rating == Interval(value: 1000, low: 1000, high: 1000, count: 0))
    }

    @Test func `invalid matches are refused by name`() {
        var match = Match(round: 2, room: 7, cluster: 0, first: policy("a"), second: policy("b"), score: .nan)
        #expect(throws: RatingError.self) { try BradleyTerry.fit([match], anchor: policy("b")) }
        match.score = 1
        match.second = match.first
        #expect(throws: RatingError.self) { try BradleyTerry.fit([match], anchor: policy("b")) }
    }
}
