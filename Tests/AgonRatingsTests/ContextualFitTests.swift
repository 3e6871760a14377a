import AgonCore
import Testing

@testable import AgonRatings

struct ContextualFitTests {
    struct Golden: Decodable {
        struct Case: Decodable {
            var reweighted: Bool
            var reg: Double
            var competitors: [String]
            var ratings: [Double]
            var lower: [Double]
            var upper: [Double]
            var coeffs: [Double]
        }
        var cases: [Case]
    }

    static func log() throws -> BattleLog {
        var log = BattleLog(covariateNames: ["length", "markup"])
        for row in try Fixtures.rows("style_1500x10.csv") {
            log.add(
                first: log.player(row[0]), second: log.player(row[1]),
                outcome: ["model_a": .win, "model_b": .loss][row[2]] ?? .tie,
                covariates: [try #require(Double(row[3])), try #require(Double(row[4]))])
        }
        return log
    }

    @Test func `style control equals arena-rank's ratings, coefficients and intervals`() async throws {
        let golden = try Fixtures.json("style_bt.json", as: Golden.self)
        for setting in golden.cases where !setting.reweighted {
            let fit = try await ContextualFit(Self.log(), options: .init(penalty: setting.reg, isCentred: true))
            for (index, name) in setting.competitors.enumerated() {
                let player = try #require(fit.table.index(of: name))
                let rating = 1000 + EloScale.pointsPerNat * fit.strengths[player]
                #expect(abs(rating - setting.ratings[index]) < 1e-5)
                // The reference adds 1e-5 to the Hessian of the mean loss, which moves its intervals by less than 0.4 %.
                let half = Interval.z95 * EloScale.pointsPerNat * fit.covariance[player * (fit.size + 1)].squareRoot()
                #expect(abs(half / (setting.upper[index] - setting.lower[index]) - 0.5) < 2e-3)
            }
            for (own, exact) in zip(fit.coefficients, setting.coeffs) { #expect(abs(own - exact) < 1e-7) }
        }
    }

    @Test func `without covariates the strengths are Bradley-Terry's`() async throws {
        let log = BattleTableTests.random(300, players: 6, seed: 31)
        let (fit, plain) = (try await ContextualFit(log), try BattleFit(log.table()))
        for (one, other) in zip(fit.strengths, plain.strengths) { #expect(abs(one - other) < 1e-8) }
    }

    @Test func `turned games say the same, and rooms or broken numbers are refused`() async throws {
        let log = try Self.log()
        var turned = BattleLog(covariateNames: log.covariateNames)
        for name in log.names { _ = turned.player(name) }
        for game in 0..<log.roomCount {
            let outcome = BattleOutcome(Int32(log.ranks[2 * game + 1]), Int32(log.ranks[2 * game]))
            turned.add(
                first: log.seats[2 * game + 1], second: log.seats[2 * game], outcome: outcome,
                covariates: [-log.covariates[2 * game], -log.covariates[2 * game + 1]])
        }
        // Scales are deviations about the mean, which turning moves: the product of both stays.
        let (one, other) = (try await ContextualFit(log), try await ContextualFit(turned))
        for (a, b) in zip(one.strengths, other.strengths) { #expect(abs(a - b) < 1e-8) }
        for (a, b) in zip(one.coefficients, other.coefficients) { #expect(abs(a - b) < 1e-8) }
        let rooms = BattleTableTests.random(10, players: 4, seed: 1, roomsOf: 3)
        await #expect(throws: RatingError.self) { try await ContextualFit(rooms) }
        var broken = BattleLog(covariateNames: ["x"])
        broken.add(first: broken.player("a"), second: broken.player("b"), outcome: .tie, covariates: [.nan])
        await #expect(throws: RatingError.self) { try await ContextualFit(broken) }
    }
}
