import AgonCore
import AgonRatings
import Foundation

/// What ratings.py drives: one measurement per process, one JSON object on its output.
@main
struct RatingsBench {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let command = arguments.first else { return print("see ratings.py") }
        let numbers = arguments.dropFirst().compactMap { Int($0) }
        let path = arguments.dropFirst().first { Int($0) == nil } ?? ""
        switch command {
        case "board": try await board(path, hasIntervals: true)
        case "fit": try await board(path, hasIntervals: false)
        case "elo": elo(games: numbers[0], players: numbers[1])
        case "openskill": openSkill(rooms: numbers[0], seats: numbers[1], model: .plackettLuce)
        case "openskill-full": openSkill(rooms: numbers[0], seats: numbers[1], model: .bradleyTerryFull)
        case "trueskill": trueSkill(rooms: numbers[0], seats: numbers[1])
        case "bootstrap": try await bootstrap(games: numbers[0], players: numbers[1], count: numbers[2])
        case "coverage": try await Simulations.coverage(tournaments: numbers[0])
        case "sprt": try Simulations.sequential(tests: numbers[0])
        default: print("no measurement is called \(command)")
        }
    }

    static func seconds(_ body: () async throws -> Void) async rethrows -> Double {
        let start = DispatchTime.now().uptimeNanoseconds
        try await body()
        return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    }

    static func report(_ values: [String: Double]) throws {
        let sorted = values.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }
        print("{" + sorted.joined(separator: ", ") + "}")
    }

    /// The file to the board, by stages.
    static func board(_ path: String, hasIntervals: Bool) async throws {
        var table: BattleTable?
        let reading = try await seconds {
            let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
            table = try await BattleReader().table(data).content
        }
        guard let table else { return }
        var fit: BattleFit?
        let fitting = try await seconds { fit = try BattleFit(table) }
        guard let fit else { return }
        var board: Leaderboard?
        let intervals = try await seconds {
            board = try await Leaderboard(fit, options: .init(intervals: hasIntervals ? .sandwich : .none))
        }
        let first = board?.rows.first
        try report([
            "read": reading, "fit": fitting, "intervals": intervals, "players": Double(table.names.count),
            "battles": Double(table.battleCount), "iterations": Double(fit.iterationCount),
            "best": first?.rating.value ?? 0, "half": first.map { ($0.rating.high - $0.rating.low) / 2 } ?? 0,
        ])
    }

    static func log(games: Int, players: Int) -> BattleLog {
        var generator = SeededGenerator(Seed(run: 1))
        var log = BattleLog()
        let numbers = (0..<players).map { log.player("p\($0)") }
        let strengths = (0..<players).map { _ in 2 * generator.unit() - 1 }
        for _ in 0..<games {
            let first = generator.index(below: players)
            let second = (first + 1 + generator.index(below: players - 1)) % players
            let p = 1 / (1 + exp(strengths[second] - strengths[first]))
            let draw = generator.unit()
            log.add(
                first: numbers[first], second: numbers[second],
                outcome: draw < 0.9 * p ? .win : draw < 0.9 * p + 0.1 ? .tie : .loss)
        }
        return log
    }

    static func rooms(_ count: Int, seats: Int, players: Int) -> BattleLog {
        var generator = SeededGenerator(Seed(run: 2))
        var log = BattleLog()
        for player in 0..<players { _ = log.player("p\(player)") }
        for _ in 0..<count {
            var chosen: [Int32] = []
            while chosen.count < seats {
                let player = Int32(generator.index(below: players))
                if !chosen.contains(player) { chosen.append(player) }
            }
            log.addRoom(chosen, ranks: chosen.indices.map { Int32($0) })
        }
        return log
    }

    static func elo(games: Int, players: Int) {
        let log = log(games: games, players: players)
        var sum = 0.0
        let start = DispatchTime.now().uptimeNanoseconds
        let ladder = EloLadder(log, options: .init(k: 4))
        let time = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
        sum += ladder.ratings[0]
        print("{\"seconds\": \(time), \"perSecond\": \(Double(games) / time), \"first\": \(sum)}")
    }

    static func openSkill(rooms count: Int, seats: Int, model: WengLin.Model) {
        let log = rooms(count, seats: seats, players: 200)
        let start = DispatchTime.now().uptimeNanoseconds
        let beliefs = WengLin(log, options: .init(model: model))
        let time = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
        print("{\"seconds\": \(time), \"perSecond\": \(Double(count) / time), \"first\": \(beliefs.mu[0])}")
    }

    static func trueSkill(rooms count: Int, seats: Int) {
        let log = rooms(count, seats: seats, players: 200)
        let start = DispatchTime.now().uptimeNanoseconds
        let beliefs = TrueSkill(log)
        let time = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
        print("{\"seconds\": \(time), \"perSecond\": \(Double(count) / time), \"first\": \(beliefs.mu[0])}")
    }

    static func bootstrap(games: Int, players: Int, count: Int) async throws {
        let fit = try BattleFit(log(games: games, players: players).table())
        var sample: BattleBootstrap?
        let time = try await seconds { sample = try await fit.bootstrap(count: count, seed: Seed(run: 3)) }
        guard let ends = sample?.interval({ $0[0] }) else { return }
        let sandwich = try await fit.covariance().sandwich(0, 0).squareRoot()
        try report([
            "seconds": time, "half": EloScale.pointsPerNat * (ends.high - ends.low) / 2,
            "sandwich": Interval.z95 * EloScale.pointsPerNat * sandwich,
        ])
    }
}
