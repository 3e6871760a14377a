import AgonCore
import AgonStore
import AgonTournament
import Foundation

/// `store-bench fill PATH ROOMS WAVE` makes a database of so many rooms, `store-bench read PATH REPEATS` times what is
/// asked of it. Each prints one JSON object.
@main
struct StoreBench {
    static let run = RunRecord(id: "bench-1-00000000", arena: "bench", seed: 1, configuration: "", kernels: "none")
    static let names = ["ada", "basho", "chiyo", "dario", "emil", "fumi", "rookie", "veteran", "master", "random", "noisy", "perfect"]
    static let learnerCount = 6
    static let roomsPerRound = 500
    /// Rounds between two versions of a learner.
    static let roundsPerVersion = 50

    static func main() throws {
        let arguments = CommandLine.arguments
        switch (arguments.count, arguments.dropFirst().first) {
        case (5, "fill"): try fill(arguments[2], rooms: Int(arguments[3]) ?? 0, wave: Int(arguments[4]) ?? 256)
        case (4, "read"): try read(arguments[2], repeats: Int(arguments[3]) ?? 5)
        default:
            FileHandle.standardError.write(Data("store-bench fill PATH ROOMS WAVE | store-bench read PATH REPEATS\n".utf8))
            exit(2)
        }
    }

    static var entrants: [Entrant] {
        names.enumerated().map { Entrant(name: $1, role: $0 < learnerCount ? .learner : $0 < 9 ? .anchor : .scripted) }
    }

    static func version(_ agent: Int, round: Int) -> Int { agent < learnerCount ? (round - 1) / roundsPerVersion : 0 }

    private static func seconds(_ body: () throws -> Void) rethrows -> Double {
        let clock = ContinuousClock()
        let elapsed = try clock.measure(body).components
        return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    }

    // MARK: - Filling

    private static func fill(_ path: String, rooms: Int, wave: Int) throws {
        let store = try ArenaStore(path: path)
        let first = names.map { VersionRecord(name: $0, version: 0, round: 0, hash: "\($0)-0", parent: nil, path: "") }
        try store.begin(run: run, entrants: entrants, versions: first)
        var (saving, closing) = (0.0, [Double]())
        for round in 1...max(1, rooms / roomsPerRound) {
            let results = (0..<roomsPerRound).map { room(round, $0) }
            for start in stride(from: 0, to: results.count, by: wave) {
                let part = Array(results[start..<min(start + wave, results.count)])
                saving += try seconds { try store.save(rooms: part, run: run.id) }
            }
            let record = closingRecord(round, results)
            closing.append(try seconds { try store.close(record, run: run.id) })
        }
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        let roundCount = closing.count
        answer([
            "rooms": Double(roundCount * roomsPerRound), "save_seconds": saving, "close_seconds": closing.reduce(0, +),
            "first_close": closing.prefix(20).sorted()[min(10, roundCount - 1)], "last_close": closing.suffix(20).sorted()[min(10, roundCount - 1)],
            "bytes": Double(size),
        ])
    }

    private static func room(_ round: Int, _ index: Int) -> RoomResult {
        var generator = SeededGenerator(Seed(run: 1).child(.round, round).child(.room, index / 2))
        let one = generator.index(below: names.count)
        let other = (one + 1 + generator.index(below: names.count - 1)) % names.count
        // A room and its return: one prompt of five thousand, the seats changed.
        let pair = index.isMultiple(of: 2) ? [one, other] : [other, one]
        let prompt = Prompt(id: "line-\(generator.index(below: 5000))", text: "Sort these digits: 5 3 1 9 2 7 4", reference: "1 2 3 4 5 7 9")
        var own = SeededGenerator(Seed(run: 2).child(.round, round).child(.room, index))
        let rollouts = pair.map { agent in
            let tokens = (0..<32).map { _ in Int32(own.index(below: 20)) }
            return Rollout(
                text: "1 2 3 4 5 7 9", sequence: agent < 9 ? TokenSequence(prompt: Array(tokens[..<16]), completion: Array(tokens[16...])) : nil,
                logProbs: agent < 9 ? (0..<16).map { _ in Float(-own.unit()) } : [], gold: 1)
        }
        let drawn = own.unit()
        let verdict: Verdict = drawn < 0.45 ? .first : drawn < 0.6 ? .tie : .second
        return RoomResult(
            room: Room(
                round: round, index: index, group: index / 2, prompt: prompt,
                seats: pair.map { PolicyID(agent: names[$0], version: version($0, round: round)) }),
            rollouts: rollouts, judge: JudgeID(name: "judge", version: round), scores: [drawn, 1 - drawn],
            verdicts: [PairVerdict(first: 0, second: 1, verdict: verdict)],
            ranking: Ranking(ranks: verdict == .tie ? [1, 1] : verdict == .first ? [1, 2] : [2, 1]))
    }

    private static func closingRecord(_ round: Int, _ results: [RoomResult]) -> RoundClosing {
        let matches = results.map { result in
            Match(
                round: round, room: result.room.index, cluster: result.room.prompt.cluster, first: result.room.seats[0],
                second: result.room.seats[1], score: result.verdicts[0].verdict.score ?? 0.5)
        }
        let pairs = results.prefix(100).map { result in
            PreferencePair(
                round: round, promptID: result.room.prompt.id,
                chosen: RolloutAddress(room: result.room.index, seat: 0, policy: result.room.seats[0]),
                rejected: RolloutAddress(room: result.room.index, seat: 1, policy: result.room.seats[1]), judge: result.judge)
        }
        let ratings = names.indices.map { agent in
            RatingRecord(
                round: round, policy: PolicyID(agent: names[agent], version: version(agent, round: round)), elo: 1000, rating: 1000 + Double(agent),
                low: 980, high: 1020, wins: round, draws: round, losses: round, forfeits: 0)
        }
        var (versions, updates): ([VersionRecord], [UpdateRecord]) = ([], [])
        for agent in 0..<learnerCount {
            let (old, new) = (version(agent, round: round), version(agent, round: round + 1))
            if new > old {
                versions.append(
                    VersionRecord(name: names[agent], version: new, round: round, hash: "\(names[agent])-\(new)", parent: "\(names[agent])-\(old)", path: "v\(new)"))
            }
            updates.append(
                UpdateRecord(
                    round: round, agent: names[agent], fromVersion: old, toVersion: new > old ? new : nil, decision: "Promoted: it scored 52.1 %.",
                    pairCount: 100, stepCount: 4, gateScore: 0.52, gateLow: 0.47, gateHigh: 0.57, gateCount: 64,
                    metrics: ["loss": 0.6, "rewards/margins": 0.1, "grad_norm": 1]))
        }
        return RoundClosing(
            round: RoundRecord(number: round, signature: "signature of round \(round)", timings: RoundTimings()), matches: matches, pairs: Array(pairs),
            ratings: ratings, versions: versions, updates: updates, evaluations: [], judgeHealth: nil)
    }

    // MARK: - Reading

    private static func read(_ path: String, repeats: Int) throws {
        let reference = PolicyID(agent: "rookie", version: 0)
        var times: [String: [Double]] = [:]
        for _ in 0..<repeats {
            let store = try ArenaStore.readOnly(path: path)
            var report: Report?
            times["report", default: []].append(
                try seconds {
                    report = try Report(store: store, run: run, isGame: true, reference: reference, initialRating: 1000, trustRule: nil)
                })
            if let report { times["render", default: []].append(try seconds { _ = try ReportFolder.files(report) }) }
            times["standings", default: []].append(try seconds { _ = try store.answer("SELECT * FROM standings ORDER BY rating DESC") })
            let last = try store.lastClosedRound(run: run.id)?.number ?? 1
            for (name, round) in [("first", 1), ("middle", last / 2), ("last", last)] {
                // A page of a list of rooms: fifty from a place on, by the index of rounds and rooms.
                let sql = """
                    SELECT id, round, room, prompt, judge FROM rooms WHERE run_id = 1 AND (round, room) >= (\(round), 100)
                    ORDER BY round, room LIMIT 50
                    """
                times["page_\(name)", default: []].append(try seconds { _ = try store.answer(sql) })
            }
            times["round", default: []].append(try seconds { _ = try store.roomResults(run: run.id, round: last) })
        }
        answer(times.mapValues { $0.sorted()[$0.count / 2] })
    }

    private static func answer(_ values: [String: Double]) {
        let data = try? JSONSerialization.data(withJSONObject: values, options: [.sortedKeys])
        print(String(decoding: data ?? Data(), as: UTF8.self))
    }
}
