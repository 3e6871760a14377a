import AgonCore
import Foundation
import Testing

@testable import AgonRatings

struct OnlineTests {
    /// Rooms of players m00, m01 … with ranks, numbered by name.
    static func rooms(_ file: String, players: Int) throws -> BattleLog {
        var log = BattleLog()
        for player in 0..<players { _ = log.player(player < 10 ? "m0\(player)" : "m\(player)") }
        for row in try Fixtures.rows(file) {
            log.addRoom(
                row[1].split(separator: " ").map { log.player(String($0)) },
                ranks: row[2].split(separator: " ").compactMap { Int32($0) })
        }
        return log
    }

    struct GlickoGolden: Decodable {
        struct Period: Decodable {
            var ratings: [[Exact]]
            init(from decoder: any Decoder) throws {
                var list = try decoder.unkeyedContainer()
                _ = try list.decode(Int.self)
                ratings = try list.decode([[Exact]].self)
            }
        }
        struct Paper: Decodable {
            struct Values: Decodable {
                var rating: Exact
                var rd: Exact
                var vol: Exact
            }
            var exact_root: Values
        }
        struct PerGame: Decodable { var final: [[Exact]] }
        var periods: [Period]
        var paper: Paper
        var per_game_lichess_style: PerGame
    }

    @Test func `Glicko-2 equals the paper's example and eight periods of exact arithmetic`() throws {
        let golden = try Fixtures.json("glicko2.json", as: GlickoGolden.self)
        var paper = Glicko2(ratings: [
            .init(rating: 1500, deviation: 200), .init(rating: 1400, deviation: 30), .init(rating: 1550, deviation: 100),
            .init(rating: 1700, deviation: 300),
        ])
        paper.play(period: [
            .init(first: 0, second: 1, score: 1), .init(first: 2, second: 0, score: 1), .init(first: 0, second: 3, score: 0),
        ])
        #expect(abs(paper.ratings[0].rating - golden.paper.exact_root.rating.value) < 1e-9)
        #expect(abs(paper.ratings[0].deviation - golden.paper.exact_root.rd.value) < 1e-9)
        #expect(abs(paper.ratings[0].volatility - golden.paper.exact_root.vol.value) < 1e-12)
        let rows = try Fixtures.rows("glicko2_periods.csv")
        func game(_ row: [String]) throws -> Glicko2.Game {
            .init(
                first: try #require(Int(row[1].dropFirst())), second: try #require(Int(row[2].dropFirst())),
                score: try #require(Double(row[3])))
        }
        var glicko = Glicko2(playerCount: 12)
        for (index, period) in golden.periods.enumerated() {
            glicko.play(period: try rows.filter { $0[0] == "\(index)" }.map { try game($0) })
            for (own, exact) in zip(glicko.ratings, period.ratings) {
                #expect(abs(own.rating - exact[0].value) < 1e-8)
                #expect(abs(own.deviation - exact[1].value) < 1e-8)
                #expect(abs(own.volatility - exact[2].value) < 1e-11)
            }
        }
    }

    struct Snapshots: Decodable {
        struct Snapshot: Decodable {
            var room: Int
            var beliefs: [[Double]]
            init(from decoder: any Decoder) throws {
                var list = try decoder.unkeyedContainer()
                room = try list.decode(Int.self)
                beliefs = try list.decode([[Double]].self)
            }
        }
        var snapshots: [Snapshot]
        var ordinal: [Double]?
    }
    struct OpenSkillGolden: Decodable { var models: [String: Snapshots] }

    @Test(arguments: [
        ("PlackettLuce", WengLin.Model.plackettLuce, nil), ("BradleyTerryFull", .bradleyTerryFull, nil),
        ("PlackettLuce {\"tau\": 0.3}", .plackettLuce, 0.3), ("BradleyTerryFull {\"tau\": 0.3}", .bradleyTerryFull, 0.3),
    ] as [(String, WengLin.Model, Double?)])
    func `rooms of two to eight equal OpenSkill's beliefs`(name: String, model: WengLin.Model, tau: Double?) throws {
        let golden = try #require(try Fixtures.json("openskill.json", as: OpenSkillGolden.self).models[name])
        let log = try Self.rooms("openskill_rooms.csv", players: 10)
        var options = WengLin.Options(model: model)
        if let tau { options.tau = tau }
        var beliefs = WengLin(playerCount: 10, options: options)
        for index in 0..<log.roomCount {
            beliefs.play(log.seats[log.room(index)], ranks: log.ranks[log.room(index)])
            guard let snapshot = golden.snapshots.first(where: { $0.room == index }) else { continue }
            for (player, exact) in snapshot.beliefs.enumerated() {
                #expect(abs(beliefs.mu[player] - exact[0]) < 1e-11 && abs(beliefs.sigma[player] - exact[1]) < 1e-11)
            }
        }
        for (player, ordinal) in (golden.ordinal ?? []).enumerated() {
            #expect(abs(beliefs.ordinal(player) - ordinal) < 1e-10)
        }
        #expect(beliefs == WengLin(log, options: options))
    }

    /// The package's own cdf is right to 1e-7 only, which eighty rooms carry on.
    @Test(arguments: [("trueskill_exact.json", 1e-9), ("trueskill.json", 1e-5)])
    func `rooms of two to eight equal the reference TrueSkill`(file: String, tolerance: Double) throws {
        let golden = try Fixtures.json(file, as: Snapshots.self)
        let log = try Self.rooms("openskill_rooms.csv", players: 10)
        var beliefs = TrueSkill(playerCount: 10)
        var seen = 0
        for index in 0..<log.roomCount {
            beliefs.play(log.seats[log.room(index)], ranks: log.ranks[log.room(index)])
            guard let snapshot = golden.snapshots.first(where: { $0.room == index }) else { continue }
            seen += 1
            for (player, exact) in snapshot.beliefs.enumerated() {
                #expect(abs(beliefs.mu[player] - exact[0]) < tolerance)
                #expect(abs(beliefs.sigma[player] - exact[1]) < tolerance)
            }
        }
        #expect(seen == 4)
        // Corrections stay finite where nothing is left of the density.
        for (x, isTie) in [(-60.0, false), (60, false), (-60, true), (60, true)] {
            let (v, w) = TrueSkill.corrections(x, 0.7, isTie: isTie)
            #expect(v.isFinite && (0..<1).contains(w))
        }
    }

    @Test func `the ladder equals exact arithmetic on games and on rooms`() throws {
        let golden = try Fixtures.json("elo.json", as: EloTests.Golden.self)
        var log = BattleLog()
        for row in try Fixtures.rows("elo_500x12.csv") {
            log.add(
                first: log.player(row[0]), second: log.player(row[1]),
                outcome: ["a": .win, "b": .loss][row[2]] ?? .tie)
        }
        for setting in golden.cases {
            let ladder = EloLadder(log, options: .init(initial: setting.initial, k: setting.k, scale: setting.scale))
            for (index, name) in log.names.enumerated() {
                #expect(abs(ladder.ratings[index] - (try #require(setting.exact[name]).value)) < 1e-9)
            }
        }
        let rooms = try Fixtures.json("elo_rooms.json", as: EloTests.RoomsGolden.self)
        let ladder = EloLadder(try Self.rooms("rooms_60x10.csv", players: 10), options: .init(initial: 1500, k: 32))
        for (name, exact) in try #require(rooms.snapshots.last).ratings {
            let player = try #require(Int(name.dropFirst()))
            #expect(abs(ladder.ratings[player] - exact.value) < 1e-9)
        }
        #expect(abs(ladder.ratings.reduce(0, +) - 15_000) < 1e-8, "what one wins the others lose")
    }

    @Test func `newcomers move faster and nobody falls through the floor`() {
        var log = BattleLog()
        let (a, b) = (log.player("a"), log.player("b"))
        for _ in 0..<40 { log.add(first: a, second: b, outcome: .win) }
        let ladder = EloLadder(
            log, options: .init(initial: 1000, k: 10, provisionalK: 40, provisionalRoomCount: 2, floor: 950))
        #expect(ladder.ratings[1] == 950 && ladder.roomCounts == [40, 40])
        var first = EloLadder(playerCount: 2, options: .init(k: 10, provisionalK: 40, provisionalRoomCount: 1))
        first.apply(log, order: [0])
        #expect(first.ratings == [1020, 980])
        first.apply(log, order: [0])
        #expect(first.ratings[0] < 1026)
    }

    @Test func `the mean over orders does not depend on the log's order`() async {
        let log = BattleTableTests.random(150, players: 5, seed: 6, roomsOf: 3)
        let few = await EloLadder.orders(log, count: 3, seed: Seed(run: 1))
        let many = await EloLadder.orders(log, count: 9, seed: Seed(run: 1))
        #expect(few == Array(many.prefix(15)) && Set(many).count == 45)
        let mean = await EloLadder.averaged(log, orders: 200, seed: Seed(run: 1))
        var reversed = BattleLog()
        for name in log.names { _ = reversed.player(name) }
        for room in (0..<log.roomCount).reversed() {
            reversed.addRoom(Array(log.seats[log.room(room)]), ranks: log.room(room).map { Int32(log.ranks[$0]) })
        }
        let other = await EloLadder.averaged(reversed, orders: 200, seed: Seed(run: 2))
        for (one, two) in zip(mean, other) { #expect(abs(one - two) < 8) }
    }

    @Test(arguments: RatingSystem.allCases) func `every system makes a board`(system: RatingSystem) async throws {
        var log = BattleLog(covariateNames: system == .contextual ? ["first seat", "length"] : [])
        var generator = SeededGenerator(Seed(run: 12))
        let strengths = [1.5, 0.5, -0.5, -1.5]
        for name in ["a", "b", "c", "d"] { _ = log.player(name) }
        for _ in 0..<1500 {
            let seats = generator.shuffled([Int32(0), 1, 2, 3])
            let length = generator.unit() - 0.5
            let d = strengths[Int(seats[0])] - strengths[Int(seats[1])] + (system == .contextual ? 0.8 + length : 0)
            log.add(
                first: seats[0], second: seats[1], outcome: generator.unit() < logistic(d) ? .win : .loss,
                covariates: system == .contextual ? [1, length] : [])
        }
        let board = try await Leaderboard(log, options: .init(system: system, intervals: .sandwich, orderCount: 30))
        #expect(board.rows.map(\.name) == ["a", "b", "c", "d"] && board.battleCount == 1500)
        for row in board.rows {
            #expect(row.rating.low < row.rating.value && row.rating.value < row.rating.high && row.rating.count > 500)
            #expect(row.rankLow <= row.rank && row.rank <= row.rankHigh && row.group <= row.rank)
            // 1,500 battles separate everybody; a running estimate forgets most of them.
            if !system.dependsOnOrder { #expect(row.rankLow == row.rankHigh && row.group == row.rank) }
        }
        #expect(board.warnings.isEmpty == !system.dependsOnOrder)
        if system == .contextual {
            let seat = try #require(board.effects.first)
            #expect(seat.points.low < 0.8 * EloScale.pointsPerNat && 0.8 * EloScale.pointsPerNat < seat.points.high)
            #expect(board.effects[1].points.isAbove(0))
        }
        let none = try await Leaderboard(BattleLog(), options: .init(system: system))
        #expect(none.rows.isEmpty)
    }
}
