import AgonCore
import AgonStore
import Foundation
import Testing

/// A run with two learners, an anchor without tokens and a judge that learns; every kind of record in it.
struct SmallArena {
    var run = RunRecord(
        id: "sums-18446744073709551615-1a2b", arena: "sums", seed: .max, configuration: "name: sums\nseed: max\n",
        kernels: "avx2")
    var entrants = [
        Entrant(name: "zoe", role: .learner), Entrant(name: "ada", role: .learner),
        Entrant(name: "random", role: .scripted),
    ]
    var versions = [
        VersionRecord(name: "zoe", version: 0, round: 0, hash: "a0", parent: nil, path: ""),
        VersionRecord(name: "ada", version: 0, round: 0, hash: "b0", parent: nil, path: ""),
        VersionRecord(name: "random", version: 0, round: 0, hash: "", parent: nil, path: ""),
        VersionRecord(name: "ada", version: 0, round: 0, hash: "c0", parent: nil, path: "", isJudge: true),
    ]
    let judge = JudgeID(name: "ada", version: 0)

    /// Every field takes every kind of value over a few of these: optionals, blobs of odd length, hostile text.
    func room(round: Int, index: Int) -> RoomResult {
        var generator = SeededGenerator(Seed(run: 5).child(.round, round).child(.room, index))
        let names = ["zoe", "ada", "random"]
        let seats = (0..<2 + index % 3).map { seat in
            let name = names[(seat + index) % 3]
            return PolicyID(agent: name, version: name == "zoe" ? round - 1 : 0)
        }
        let rollouts = seats.map { policy in rollout(of: policy, &generator) }
        let isScored = !index.isMultiple(of: 4)
        var verdicts: [PairVerdict] = []
        for first in seats.indices.reversed() {
            for second in seats.indices where first < second {
                verdicts.append(
                    PairVerdict(
                        first: first, second: second, verdict: Verdict.allCases[generator.index(below: 4)],
                        byRule: generator.index(below: 2) == 0, preference: [nil, 0, 0.25, 1][generator.index(below: 4)]))
            }
        }
        let votes = verdicts.flatMap { pair in
            ["ada", "b\u{0}c"].map { name in
                Vote(
                    judge: JudgeID(name: name == "ada" ? name : "bea", version: index), first: pair.first, second: pair.second,
                    verdict: pair.verdict, straight: index == 1 ? nil : .first, swapped: index == 1 ? nil : .tie,
                    preference: pair.preference, reason: name)
            }
        }
        var usage = JudgeUsage()
        (usage.requestCount, usage.promptTokenCount, usage.cost, usage.seconds) = (3, 400 + index, 0.125, 1.5)
        let prompt = Prompt(
            id: "p\(index)", text: index == 3 ? "before\u{0}after" : "1 + \(index) =",
            reference: index.isMultiple(of: 2) ? nil : "\(index + 1)")
        return RoomResult(
            room: Room(
                round: round, index: index, group: index / 2, prompt: prompt, seats: seats,
                isCanary: index % 5 == 1),
            rollouts: rollouts, judge: judge,
            scores: isScored ? rollouts.map { $0.forfeit == nil ? generator.unit() : nil } : [], verdicts: verdicts,
            ranking: Ranking(ranks: seats.indices.map { $0 == 2 ? nil : $0 + 1 }),
            votes: index.isMultiple(of: 3) ? [] : votes, usage: index.isMultiple(of: 2) ? usage : nil)
    }

    private func rollout(of policy: PolicyID, _ generator: inout SeededGenerator) -> Rollout {
        let count = generator.index(below: 20)
        let forfeits: [Forfeit?] = [nil, nil, nil, .empty, .illegal, .unfinished]
        let texts = ["", "42", "a\u{0}b", "'); DROP TABLE rooms; --", "\u{202E}é\u{1F600}\n"]
        let tokens = (0..<count).map { _ in Int32(truncatingIfNeeded: Int(generator.next() >> 40)) &- 9_000_000 }
        let own = (0..<count).map { _ in generator.index(below: 2) == 1 }
        let sequence = policy.agent == "random" ? nil : TokenSequence(tokens: tokens, own: own)
        return Rollout(
            text: texts[generator.index(below: 5)], sequence: sequence,
            logProbs: sequence == nil ? [] : (0..<(sequence?.ownCount ?? 0)).map { _ in Float(-generator.unit()) },
            finish: generator.index(below: 2) == 0 ? .stop : .length, forfeit: forfeits[generator.index(below: 6)],
            gold: [nil, 0, 1, 0.5][generator.index(below: 4)])
    }

    func rooms(round: Int, count: Int = 12) -> [RoomResult] { (0..<count).map { room(round: round, index: $0) } }

    /// What closes a round whose rooms are `rooms(round:)`; one learner and the judge get a new version.
    func closing(round: Int) -> RoundClosing {
        var timings = RoundTimings()
        timings.rollouts = 1.5
        timings.store = 0.25
        timings.roomCount = 12
        timings.tokenCount = 345
        let zoe = PolicyID(agent: "zoe", version: round - 1)
        let ada = PolicyID(agent: "ada", version: 0)
        let next = { (agent: String, hash: String, isJudge: Bool) in
            VersionRecord(
                name: agent, version: round, round: round, hash: "\(hash)\(round)", parent: "\(hash)\(round - 1)",
                path: "versions/\(agent)/\(round)", isJudge: isJudge)
        }
        return RoundClosing(
            round: RoundRecord(number: round, signature: "5160\(round)", timings: timings),
            matches: rooms(round: round).flatMap(matches), pairs: pairs(round: round),
            ratings: [zoe, ada].enumerated().map { place, policy in
                RatingRecord(
                    round: round, policy: policy, elo: 1010.5 - Double(place), rating: 1020 - 20 * Double(place),
                    low: place == 0 ? -.infinity : 900, high: 1100, wins: 3 * round, draws: 1, losses: 2,
                    forfeits: place)
            }, versions: [next("zoe", "a", false), next("ada", "c", true)],
            updates: [
                UpdateRecord(
                    round: round, agent: "zoe", fromVersion: round - 1, toVersion: round, decision: "beat its parent",
                    pairCount: 2, stepCount: 4, gateScore: 0.6, gateLow: 0.52, gateHigh: 0.68, gateCount: 200,
                    metrics: ["loss": 0.69, "rewards/margins": -0.0, "kl_to_base/k2": .infinity]),
                UpdateRecord(
                    round: round, agent: "ada", fromVersion: 0, toVersion: nil, decision: "no pairs",
                    pairCount: 0, stepCount: 0, metrics: [:]),
            ],
            evaluations: [
                EvaluationRecord(
                    round: round - 1, policy: zoe, measure: "gold_greedy", value: 0.5, low: 0.4, high: 0.6, count: 64),
                EvaluationRecord(
                    round: round - 1, policy: ada, measure: "gold_greedy", value: 0.25, low: 0.1, high: 0.4, count: 64),
            ],
            judgeHealth: JudgeHealthRecord(
                round: round, judge: judge, canaryPairCount: 40, accuracy: 0.9, low: 0.8, high: 0.95, tieRate: 0.1,
                voidRate: 0.02, believedScore: 0.6, goldScore: round == 1 ? nil : 0.55, windowAccuracy: 0.875,
                isTrusted: round != 2,
                refreshedAccuracy: round == 1 ? nil : 0.97),
            judgeMeasures: [
                JudgeMeasureRecord(
                    round: round, judge: judge, measure: "accuracy", value: 0.9, low: 0.8, high: 0.95, count: 40),
                JudgeMeasureRecord(
                    round: round, judge: judge, measure: "tie_rate", value: 0.125, low: -.infinity, high: .infinity, count: 8),
            ],
            alarms: round == 2 ? [AlarmRecord(round: 2, judge: judge, sentence: "longer wins.", action: .rollback)] : [], proof: proof(round: round))
    }

    /// A link of zoe's only update, and the round's statement.
    func proof(round: Int) -> RoundProof {
        let items = pairs(round: round).map { SealedLink.Item(hash: Array(repeating: UInt8(round), count: 32), addresses: [$0.chosen, $0.rejected]) }
        let link = ChainLink(
            run: run.id, agent: "zoe", round: round, position: round - 1, parentVersion: round - 1, parent: "a\(round - 1)",
            base: "a0", form: "f", manifest: "m\(round)", itemCount: items.count, configuration: ["beta": "0.1"], seed: "5eed",
            kernels: run.kernels, engine: 1, product: "0.1.0", child: "a\(round)", playsVersion: round, plays: "a\(round)",
            previous: "l\(round - 1)")
        let statement = RoundStatement(
            run: run.id, round: round, signature: "5160\(round)", roomCount: 12, rolloutCount: 36, pairCount: 2,
            roomsRoot: "r", rolloutsRoot: "o", pairsRoot: "p", links: ["l\(round)"], previous: "s\(round - 1)")
        return RoundProof(
            links: [SealedLink(link: link, seal: Seal(hash: "l\(round)", signature: "sl", key: "kz"), items: items)],
            statement: SealedStatement(statement: statement, seal: Seal(hash: "s\(round)", signature: "ss", key: "ka")))
    }

    private func matches(_ result: RoomResult) -> [Match] {
        let room = result.room
        return result.verdicts.compactMap { verdict in
            verdict.verdict.score.map {
                Match(
                    round: room.round, room: room.index, cluster: room.group, first: room.seats[verdict.first],
                    second: room.seats[verdict.second], score: $0, weight: 1 / Double(room.seats.count - 1))
            }
        }
    }

    private func pairs(round: Int) -> [PreferencePair] {
        [(5, 4), (0, 3)].map { chosen, rejected in
            let sides = [chosen, rejected].map { index in
                RolloutAddress(room: index, seat: 1, policy: room(round: round, index: index).room.seats[1])
            }
            return PreferencePair(
                round: round, promptID: "p\(chosen)", chosen: sides[0], rejected: sides[1], judge: judge,
                label: chosen == 0 ? 0.75 : 1)
        }
    }

    /// A store with the run begun and this many rounds closed.
    func store(in folder: TemporaryFolder, closedRounds: Int = 0) throws -> ArenaStore {
        let store = try ArenaStore(path: folder.path("sums.db"))
        try store.begin(run: run, entrants: entrants, versions: versions)
        for round in 0..<closedRounds {
            try store.save(rooms: rooms(round: round + 1), run: run.id)
            try store.close(closing(round: round + 1), run: run.id)
        }
        return store
    }
}

/// A folder of one test, removed with it.
final class TemporaryFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("agon-store-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }
}

/// The error of a body that must throw one; whatever it is, it says a whole sentence.
func storeError(_ body: () throws -> Void) -> StoreError? {
    do {
        try body()
        return nil
    } catch {
        let error = error as? StoreError
        #expect(error?.message.hasSuffix(".") != false, "\(error?.message ?? "")")
        return error
    }
}
