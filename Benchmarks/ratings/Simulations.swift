import AgonCore
import AgonRatings
import Foundation

/// Tournaments and tests played many times over, to see whether the promised rates are kept.
enum Simulations {
    /// One kind of tournament.
    struct Kind: Sendable {
        var name: String
        var players: Int
        var rooms: Int
        var seats: Int
        var tieModel: TieModel
        /// ν of Davidson's ties; 0 for none.
        var nu: Double
        /// The share of rooms that the first half of the players gets.
        var skew: Double
        /// Standard deviation of what a room adds to each seat's strength, the same for all its pairs.
        var roomNoise: Double
        var intervals: Leaderboard.IntervalKind
    }

    static let kinds = [
        Kind(name: "ties, unequal games", players: 12, rooms: 900, seats: 2, tieModel: .davidson, nu: 0.6, skew: 0.7, roomNoise: 0,
            intervals: .sandwich),
        Kind(name: "ties as half wins, model wrong", players: 12, rooms: 900, seats: 2, tieModel: .half, nu: 0.6, skew: 0.5,
            roomNoise: 0, intervals: .sandwich),
        Kind(name: "no ties, Fisher", players: 12, rooms: 900, seats: 2, tieModel: .half, nu: 0, skew: 0.7, roomNoise: 0,
            intervals: .fisher),
        Kind(name: "no ties, bootstrap 200", players: 12, rooms: 900, seats: 2, tieModel: .half, nu: 0, skew: 0.7, roomNoise: 0,
            intervals: .bootstrap(count: 200)),
        Kind(name: "rooms of 5", players: 12, rooms: 400, seats: 5, tieModel: .half, nu: 0, skew: 0.6, roomNoise: 0,
            intervals: .sandwich),
        Kind(name: "rooms of 5, Fisher (knows nothing of rooms)", players: 12, rooms: 400, seats: 5, tieModel: .half, nu: 0,
            skew: 0.6, roomNoise: 0, intervals: .fisher),
    ]

    /// Share of differences to the first player, and of neighbours' differences, that lie in their 95 % intervals.
    static func coverage(tournaments: Int) async throws {
        for (index, kind) in kinds.enumerated() {
            let truth = try await strengths(kind)
            var covered = 0
            var total = 0
            for block in stride(from: 0, to: tournaments, by: 50) {
                let counts = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
                    for number in block..<min(block + 50, tournaments) {
                        group.addTask { try await season(kind, truth, Seed(run: UInt64(index)).child(.evaluation, number)) }
                    }
                    return try await group.reduce(into: (0, 0)) { $0 = ($0.0 + $1.0, $0.1 + $1.1) }
                }
                (covered, total) = (covered + counts.0, total + counts.1)
            }
            print("{\"kind\": \"\(kind.name)\", \"coverage\": \(Double(covered) / Double(total)), \"intervals\": \(total)}")
        }
    }

    /// What a fit of endless battles says: the truth that the intervals are about, where the model is wrong as well.
    static func strengths(_ kind: Kind) async throws -> [Double] {
        var long = kind
        long.rooms = 4_000_000 / (kind.seats * (kind.seats - 1) / 2)
        return try BattleFit(table(long, Seed(run: 77)), options: .init(tieModel: kind.tieModel)).strengths
    }

    static func table(_ kind: Kind, _ seed: Seed) -> BattleTable {
        var generator = SeededGenerator(seed)
        var builder = BattleTable.Builder()
        let players = (0..<kind.players).map { builder.player("p\($0 < 10 ? "0" : "")\($0)") }
        let half = kind.players / 2
        for _ in 0..<kind.rooms {
            var chosen: [Int32] = []
            while chosen.count < kind.seats {
                let isFirstHalf = generator.unit() < kind.skew
                let player = players[(isFirstHalf ? 0 : half) + generator.index(below: half)]
                if !chosen.contains(player) { chosen.append(player) }
            }
            if kind.seats == 2 {
                let d = truth(chosen[0]) - truth(chosen[1])
                let (win, tie, loss) = (exp(d / 2), kind.nu, exp(-d / 2))
                let draw = generator.unit() * (win + tie + loss)
                builder.add(
                    first: chosen[0], second: chosen[1], outcome: draw < win ? .win : draw < win + tie ? .tie : .loss)
            } else {
                // Plackett–Luce: the best of an exponential race.
                let times = chosen.map { -log(1 - generator.unit()) / exp(truth($0)) }
                let order = times.sorted()
                builder.addRoom(chosen, ranks: times.map { time in Int32(order.firstIndex(of: time) ?? 0) })
            }
        }
        return builder.table()
    }

    static func truth(_ player: Int32) -> Double { 0.25 * Double(player % 6) - 0.1 * Double(player / 6) }

    static func season(_ kind: Kind, _ truth: [Double], _ seed: Seed) async throws -> (Int, Int) {
        let table = table(kind, seed)
        let fit = try BattleFit(table, options: .init(tieModel: kind.tieModel))
        let board = try await Leaderboard(
            fit, options: .init(anchor: "p00", intervals: kind.intervals, minimumBattleCount: 0, seed: seed.value))
        var covered = 0
        for row in board.rows where row.name != "p00" {
            guard let player = table.index(of: row.name) else { continue }
            let exact = 1000 + EloScale.pointsPerNat * (truth[player] - truth[0])
            covered += row.rating.low <= exact && exact <= row.rating.high ? 1 : 0
        }
        return (covered, board.rows.count - 1)
    }

    /// Error rates and lengths of sequential tests, games with 40 % draws and pairs of games.
    static func sequential(tests: Int) throws {
        for scale in [SequentialTest.Scale.logistic, .normalized] {
            for (elo0, elo1) in [(0.0, 20.0), (0, 40)] {
                for (side, elo) in [elo0, elo1].enumerated() {
                    let rates = try run(tests, scale, elo0, elo1, elo, side)
                    print(
                        "{\"scale\": \"\(scale.rawValue)\", \"elo0\": \(elo0), \"elo1\": \(elo1), \"true\": \(elo), "
                            + "\"errorRate\": \(rates.error), \"games\": \(rates.games), \"expected\": \(rates.expected)}")
                }
            }
        }
    }

    static func run(
        _ tests: Int, _ scale: SequentialTest.Scale, _ elo0: Double, _ elo1: Double, _ elo: Double, _ side: Int
    ) throws -> (error: Double, games: Double, expected: Double) {
        var errors = 0
        var games = 0
        // The score whose normalised or logistic difference is the true one, with 40 % draws.
        var score = EloScale.expectedScore(difference: elo)
        if scale == .normalized { score = 0.5 + elo * log(10.0) / 800 * (0.15).squareRoot() }
        for trial in 0..<tests {
            var generator = SeededGenerator(Seed(run: UInt64(trial)).child(.evaluation, side))
            var test = try SequentialTest(elo0: elo0, elo1: elo1, scale: scale)
            while test.decision == .goOn {
                let draw = generator.unit()
                test.record(outcome: draw < score - 0.2 ? 2 : draw < score + 0.2 ? 1 : 0)
            }
            errors += (test.decision == .acceptElo1) == (side == 0) ? 1 : 0
            games += test.result.gameCount
        }
        let expected = try SequentialTest(elo0: elo0, elo1: elo1, scale: scale)
            .expectation(elo: EloScale.difference(score: score), variance: 0.15)
        return (Double(errors) / Double(tests), Double(games) / Double(tests), expected.gameCount)
    }
}
