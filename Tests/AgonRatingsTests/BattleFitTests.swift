import AgonCore
import Foundation
import Testing

@testable import AgonRatings

struct BattleFitTests {
    static func table(_ name: String) throws -> BattleTable { try BattleTable(Fixtures.battles(name)) { $0.agent } }

    /// Every battle by itself, as the golden values take it: 15 players and one battle a cluster.
    static func singles(_ name: String) throws -> BattleTable {
        var builder = BattleTable.Builder()
        for row in try Fixtures.rows(name) {
            let (first, second) = (builder.player(row[0]), builder.player(row[1]))
            builder.add(first: first, second: second, outcome: ["a": .win, "b": .loss][row[2]] ?? .tie)
        }
        return builder.table()
    }

    @Test(arguments: [("bt_synth15.json", "bt_2000x15.csv"), ("bt_sparse15.json", "bt_sparse15.csv")])
    func `equals 40-digit arithmetic, strengths and both variances`(output: String, input: String) async throws {
        let golden = try Fixtures.json(output, as: BradleyTerryTests.Golden.self).exact
        let fit = try BattleFit(Self.singles(input))
        let covariance = try await fit.covariance()
        for player in fit.strengths.indices {
            #expect(abs(fit.strengths[player] - golden.ln_strength[player].value) < 1e-10)
            #expect(abs(covariance.fisher(player, player) - golden.var_model[player].value) < 1e-12)
            #expect(abs(covariance.sandwich(player, player) - golden.var_sandwich[player].value) < 1e-12)
        }
        let board = try await Leaderboard(Self.singles(input))
        for row in board.rows {
            let player = try #require(fit.table.index(of: row.name))
            #expect(abs(row.rating.value - golden.elo_400_1000[player].value) < 1e-8)
            let half = (row.rating.high - row.rating.low) / 2
            #expect(abs(half - golden.halfwidth95_sandwich_elo[player].value) < 1e-8)
        }
        #expect(board.rows.map(\.rank) == Array(1...15) && board.warnings.isEmpty)
    }

    struct Ties: Decodable {
        struct Model: Decodable {
            var ln_strength: [Exact]
            var nu: Exact?
            var theta: Exact?
        }
        var davidson: Model
        var rao_kupper: Model
    }

    @Test func `both tie models equal 40-digit arithmetic with their parameters`() throws {
        let golden = try Fixtures.json("ties.json", as: Ties.self)
        let table = try Self.singles("bt_2000x15.csv")
        for (model, exact, parameter) in [
            (TieModel.davidson, golden.davidson, golden.davidson.nu),
            (.raoKupper, golden.rao_kupper, golden.rao_kupper.theta),
        ] {
            let fit = try BattleFit(table, options: .init(tieModel: model))
            for player in fit.strengths.indices {
                #expect(abs(fit.strengths[player] - exact.ln_strength[player].value) < 1e-9)
            }
            #expect(abs((fit.tieFit.parameter ?? 0) - (try #require(parameter).value)) < 1e-9)
            #expect(fit.tieFit.informationCriterion != nil && fit.tieFit.tieShare > 0.1)
        }
        let best = try BattleFit.bestTieModel(table)
        let davidson = try BattleFit(table, options: .init(tieModel: .davidson)).tieFit
        #expect((best.informationCriterion ?? .infinity) <= (davidson.informationCriterion ?? 0))
        #expect(try BattleFit(table).tieFit.informationCriterion == nil, "half a win is no likelihood")
    }

    @Test(arguments: TieModel.allCases) func `derivatives equal differences of the log-likelihood`(model: TieModel) throws {
        func check<Model: PairLikelihood>(_ type: Model.Type) {
            let pair = BattleTable.Pair(first: 0, second: 1, wins: 5, ties: 3, losses: 2)
            let h = 1e-5
            for (d, tie) in [(0.3, 0.4), (-2.0, 0.9), (0, 0.1)] {
                func f(_ d: Double, _ tie: Double) -> Double { Model(tie: tie).logLikelihood(d, pair) }
                let terms = Model(tie: tie).terms(d, pair)
                #expect(abs(terms.slope - (f(d + h, tie) - f(d - h, tie)) / (2 * h)) < 1e-7)
                let up = Model(tie: tie).terms(d + h, pair)
                let down = Model(tie: tie).terms(d - h, pair)
                #expect(abs(terms.curvature + (up.slope - down.slope) / (2 * h)) < 1e-7)
                #expect(abs(terms.cross + (up.tieSlope - down.tieSlope) / (2 * h)) < 1e-7)
                let wide = Model(tie: tie + h).terms(d, pair)
                let narrow = Model(tie: tie - h).terms(d, pair)
                #expect(abs(terms.tieSlope - (f(d, tie + h) - f(d, tie - h)) / (2 * h)) < 1e-7)
                #expect(abs(terms.tieCurvature + (wide.tieSlope - narrow.tieSlope) / (2 * h)) < 1e-5)
                // The scores of all battles add up to the slopes.
                let model = Model(tie: tie)
                let sum = 5 * model.score(d, .win) + 3 * model.score(d, .tie) + 2 * model.score(d, .loss)
                #expect(abs(sum.x - terms.slope) < 1e-12 && abs(sum.y - terms.tieSlope) < 1e-12)
                let p = model.probabilities(d)
                #expect(abs(p.win + p.tie + p.loss - 1) < 1e-12)
            }
        }
        switch model {
        case .half: check(HalfTies.self)
        case .davidson: check(Davidson.self)
        case .raoKupper: check(RaoKupper.self)
        }
    }

    @Test(arguments: TieModel.allCases)
    func `a win never lowers a rating against who was beaten, and names do not matter`(model: TieModel) throws {
        var generator = SeededGenerator(Seed(run: 5))
        let options = BattleFit.Options(tieModel: model, priorDeviation: 600)
        for trial in 0..<30 {
            let log = BattleTableTests.random(40, players: 6, seed: 100 + trial)
            var builder = BattleTable.Builder()
            builder.add(log.table())
            let names = log.table().names
            let before = try BattleFit(builder.table(), options: options)
            let one = generator.index(below: names.count)
            let other = (one + 1 + generator.index(below: names.count - 1)) % names.count
            builder.add(first: builder.player(names[one]), second: builder.player(names[other]), outcome: .win)
            let after = try BattleFit(builder.table(), options: options)
            let gain = after.strengths[one] - after.strengths[other] - before.strengths[one] + before.strengths[other]
            // With a tie parameter one win also says that ties are rarer, which pulls all together a little.
            #expect(gain > (model == .half ? 0 : -0.02))
        }
        let log = BattleTableTests.random(200, players: 6, seed: 77)
        var renamed = BattleTable.Builder()
        for room in 0..<log.roomCount {
            let seats = log.room(room)
            let players = seats.map { renamed.player("q\(9 - log.seats[$0])") }
            renamed.addRoom(players, ranks: seats.map { Int32(log.ranks[$0]) })
        }
        let table = renamed.table()
        let (fit, other) = (try BattleFit(log.table(), options: options), try BattleFit(table, options: options))
        for (index, name) in log.names.enumerated() {
            let here = try #require(fit.table.index(of: name))
            let there = try #require(table.index(of: "q\(9 - index)"))
            #expect(abs(fit.strengths[here] - other.strengths[there]) < 1e-9)
        }
    }

    @Test func `separated players are named, held by a stated prior and provisional`() async throws {
        var builder = BattleTable.Builder()
        func play(_ one: String, _ other: String, _ wins: Int, _ losses: Int) {
            let (first, second) = (builder.player(one), builder.player(other))
            if wins > 0 { builder.add(first: first, second: second, outcome: .win, count: wins) }
            if losses > 0 { builder.add(first: first, second: second, outcome: .loss, count: losses) }
        }
        play("ada", "base", 60, 40)
        play("new", "base", 0, 5)
        play("x", "y", 3, 2)
        let board = try await Leaderboard(builder.table(), options: .init(anchor: "base"))
        let new = try #require(board["new"])
        #expect(new.isWinless && new.isProvisional && new.isSeparated && new.rating.value.isFinite)
        #expect(new.rating.high - new.rating.low > 500)
        #expect(board["base"].map { [$0.rating.low, $0.rating.value, $0.rating.high] } == [1000, 1000, 1000])
        #expect(board["x"]?.island == 1 && board["x"]?.rank == 1)
        #expect(board.islandCount == 2 && board.warnings.count == 3)
        #expect(board.warnings[0].contains("2 islands") && board.warnings[1].contains("new"))
        #expect(board.warnings[2].contains("1000 points"))
        #expect(abs((board["ada"]?.rating.value ?? 0) - 1070.4) < 0.5)
        await #expect(throws: RatingError.self) {
            try await Leaderboard(builder.table(), options: .init(anchor: "nobody"))
        }
        await #expect(throws: RatingError.self) { try await Leaderboard(builder.table(), options: .init(system: .elo)) }
    }

    @Test(arguments: [RatingSystem.davidson, .raoKupper])
    func `ties without an upset are held by a stated prior`(system: RatingSystem) async throws {
        var log = BattleLog()
        let players = ["a", "b", "c"].map { log.player($0) }
        for (first, second, outcome) in [(0, 1, BattleOutcome.win), (0, 1, .win), (0, 1, .tie), (1, 2, .win), (1, 2, .tie), (0, 2, .win)] {
            log.add(first: players[first], second: players[second], outcome: outcome)
        }
        let fit = try BattleFit(log.table(), options: .init(tieModel: system.tieModel ?? .half))
        #expect(fit.isTieModelHeld && fit.priorDeviations == [1000])
        let board = try await Leaderboard(log, options: .init(system: system))
        #expect(board.rows.map(\.name) == ["a", "b", "c"])
        #expect(board.rows.allSatisfy { abs($0.rating.value - 1000) < 3000 && $0.rating.high - $0.rating.low < 10_000 })
        #expect(board.warnings.contains { $0.contains("likelihood has no maximum") })
        let drawn = try await Leaderboard(log, options: .init(system: system, intervals: .bootstrap(count: 100)))
        #expect(drawn.rows.map(\.name) == ["a", "b", "c"] && drawn.rows[0].rating.high.isFinite)
        var two = BattleLog()
        let (ann, bob) = (two.player("ann"), two.player("bob"))
        for _ in 0..<20 {
            two.add(first: ann, second: bob, outcome: .win)
            two.add(first: ann, second: bob, outcome: .tie)
        }
        #expect(try BattleFit(two.table(), options: .init(tieModel: system.tieModel ?? .half)).isTieModelHeld)
        // One upset, and nothing has to be held.
        log.add(first: players[2], second: players[0], outcome: .win)
        #expect(try !BattleFit(log.table(), options: .init(tieModel: system.tieModel ?? .half)).isTieModelHeld)
    }

    @Test func `an empty table gives an empty board`() async throws {
        let board = try await Leaderboard(BattleTable.Builder().table())
        #expect(board.rows.isEmpty && board.battleCount == 0)
    }

    @Test func `many players are fitted by conjugate gradients to the same strengths`() throws {
        let log = BattleTableTests.random(4000, players: 250, seed: 9)
        let fit = try BattleFit(log.table(), options: .init(tieModel: .davidson, priorDeviation: 1000))
        let problem = BattleFit.problem(Davidson.self, fit.table, fit.connectivity, fit.priorDeviations)
        let at = problem.derivatives(fit.values)
        #expect(at.gradient.allSatisfy { abs($0) < 1e-8 })
        let factor = try #require(CholeskyFactor(problem.information(at), size: problem.size))
        let target = (0..<problem.size).map { $0 < 125 ? 1.0 : $0 < 250 ? -1.0 : 0.5 }
        let dense = problem.centred(factor.solve(target))
        let iterated = problem.centred(try #require(problem.conjugateGradients(at, target: target)))
        for (one, other) in zip(dense, iterated) { #expect(abs(one - other) < 1e-9) }
    }

    @Test func `the inverse over several blocks inverts`() async throws {
        let size = 150
        var generator = SeededGenerator(Seed(run: 3))
        var matrix = [Double](repeating: 0, count: size * size)
        for i in 0..<size {
            for j in 0..<i {
                matrix[i * size + j] = generator.unit() - 0.5
                matrix[j * size + i] = matrix[i * size + j]
            }
            matrix[i * size + i] = 40
        }
        let inverse = try #require(await DenseInverse.inverse(of: matrix, size: size))
        let unit = await DenseInverse.product(inverse, symmetric: matrix, size: size)
        for i in 0..<size {
            for j in 0..<size { #expect(abs(unit[i * size + j] - (i == j ? 1 : 0)) < 1e-12) }
        }
        matrix[0] = -1
        #expect(await DenseInverse.inverse(of: matrix, size: size) == nil)
    }
}
