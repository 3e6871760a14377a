import AgonCore
import AgonTournament

/// Invented runs for the report's tests: the same values for the same arguments.
enum ReportDemo {
    static let roles: [(name: String, role: Entrant.Role)] = [
        ("ada", .learner), ("basho", .learner), ("rookie", .anchor), ("random", .scripted), ("perfect", .scripted),
    ]

    /// A noise in −1 … 1 that belongs to its address.
    static func noise(_ name: String, _ round: Int) -> Double {
        var generator = SeededGenerator(Seed(run: 7).child(.evaluation, named: name).child(.round, round))
        return 2 * generator.unit() - 1
    }

    /// A run in which ada learns, basho learns less, and the judge is not trusted in two rounds.
    static func report(rounds: Int = 36, extraLearners: Int = 0) -> Report {
        let roles = Self.roles + (0..<extraLearners).map { ("learner\($0)", Entrant.Role.learner) }
        var timings = RoundTimings()
        timings.rollouts = 31.4
        timings.judging = 6.2
        timings.training = 22.9
        timings.evaluation = 9.1
        timings.store = 0.8
        timings.roomCount = rounds * 128
        timings.tokenCount = rounds * 128 * 4 * 11
        return Report(
            arena: "quickstart", kind: .prompts, runID: "quickstart-7-3fa1c2", seed: 7, kernels: "avx512",
            roundCount: rounds,
            signature: "9c1f0b62d54ea7738f0c6f2b8f1d2f4a65b7e09d3c9a4418b6c1d5e7f8092a3b",
            standings: roles.map { standing($0.name, $0.role, rounds) }, anchors: ["rookie", "random"],
            ratings: (1...max(rounds, 1)).flatMap { round in roles.map { rating($0.name, $0.role, round) } },
            headToHead: meetings(roles, rounds), evaluations: evaluations(roles, rounds),
            judgeHealth: (1...rounds).map(health), trustRule: TrustRule(minAccuracy: 0.75, roundCount: 3), updates: updates(roles, rounds), timings: timings,
            sampleRooms: (0..<5).map(room))
    }

    /// A run that has not closed a round.
    static func empty() -> Report {
        Report(
            arena: "fresh", kind: .prompts, runID: "fresh-1-000000", seed: 1, kernels: "portable", roundCount: 0,
            signature: "", standings: roles.map { Standing(unplayed: Entrant(name: $0.name, role: $0.role), initial: 1000) },
            anchors: ["rookie"], ratings: [], headToHead: [], evaluations: [], judgeHealth: nil, trustRule: nil, updates: [],
            timings: RoundTimings(), sampleRooms: [])
    }

    /// A game among scripted players: nothing learns and a referee judges.
    static func scripted() -> Report {
        let rows = [
            Standing(
                agent: "perfect", role: .scripted, version: 0, elo: 1310,
                rating: Estimate(value: 1302.4, low: 1240.2, high: 1364.6), wins: 88, draws: 12, losses: 0, forfeits: 0),
            Standing(
                agent: "random", role: .scripted, version: 0, elo: 690,
                rating: Estimate(value: 697.6, low: 635.4, high: 759.8), wins: 0, draws: 12, losses: 88, forfeits: 3),
        ]
        return Report(
            arena: "tic-tac-toe", kind: .game, runID: "tic-tac-toe-1-aaaaaa", seed: 1, kernels: "portable",
            roundCount: 4, signature: "ab12", standings: rows, anchors: ["random"], ratings: [],
            headToHead: [HeadToHead(first: "perfect", second: "random", wins: 88, draws: 12, losses: 0, expectedScore: 0.97)],
            evaluations: [], judgeHealth: nil, trustRule: nil, updates: [], timings: RoundTimings(), sampleRooms: [])
    }

    private static func skill(_ name: String, _ role: Entrant.Role, _ round: Int) -> Double {
        switch name {
        case "rookie": return 1000
        case "random": return 640
        case "perfect": return 1268
        default:
            let pace = name == "ada" ? 172.0 : 96
            let rise = Double(round) / (Double(round) + 9)
            return 1000 + pace * rise * 1.25 + 7 * noise(name, round)
        }
    }

    private static func rating(_ name: String, _ role: Entrant.Role, _ round: Int) -> RatingRecord {
        let width = 24 + 260 / Double(round)
        let value = skill(name, role, round)
        let games = round * 192
        let wins = Int(Double(games) / (1 + 1 / max(0.05, (value - 500) / 500)))
        return RatingRecord(
            round: round, policy: PolicyID(agent: name, version: role == .learner ? round * 3 / 4 : 0),
            elo: value + 12 * noise(name + "elo", round), rating: value, low: value - width, high: value + width,
            wins: wins, draws: games / 10, losses: max(0, games - wins - games / 10),
            forfeits: name == "random" ? games / 3 : games / 50)
    }

    private static func standing(_ name: String, _ role: Entrant.Role, _ rounds: Int) -> Standing {
        let last = rating(name, role, rounds)
        let change = last.rating - 1000
        return Standing(
            agent: name, role: role, version: last.policy.version, elo: last.elo,
            rating: Estimate(value: last.rating, low: last.low, high: last.high), wins: last.wins, draws: last.draws,
            losses: last.losses, forfeits: last.forfeits,
            changeSinceFirst: role == .learner ? Estimate(value: change, low: change - 41, high: change + 41) : nil)
    }

    private static func meetings(_ roles: [(name: String, role: Entrant.Role)], _ rounds: Int) -> [HeadToHead] {
        var result: [HeadToHead] = []
        for (place, one) in roles.enumerated() {
            for other in roles[(place + 1)...] {
                let gap = skill(one.name, one.role, rounds) - skill(other.name, other.role, rounds)
                let expected = 1 / (1 + 1 / (1 + max(-0.95, gap / 400)))
                let games = rounds * 24
                let wins = Int(Double(games) * expected * 0.92)
                result.append(
                    HeadToHead(
                        first: one.name, second: other.name, wins: wins, draws: games / 14,
                        losses: max(0, games - wins - games / 14), expectedScore: expected))
            }
        }
        return result
    }

    private static func evaluations(_ roles: [(name: String, role: Entrant.Role)], _ rounds: Int) -> [EvaluationRecord] {
        var result: [EvaluationRecord] = []
        for learner in roles where learner.role == .learner {
            let top = learner.name == "ada" ? 0.29 : 0.19
            for round in stride(from: 0, through: rounds, by: 2) {
                let policy = PolicyID(agent: learner.name, version: round * 3 / 4)
                let rise = Double(round) / (Double(round) + 8) * 1.2
                func add(_ measure: String, _ value: Double, _ width: Double) {
                    result.append(
                        EvaluationRecord(
                            round: round, policy: policy, measure: measure, value: value, low: max(0, value - width),
                            high: value + width, count: 1000))
                }
                add("gold_sampled", min(0.97, 0.602 + top * rise + 0.012 * noise(learner.name, round)), 0.03)
                add("gold_greedy", min(0.99, 0.955 + 0.03 * rise + 0.006 * noise(learner.name + "g", round)), 0.011)
                add("score_vs_anchor", 0.5 + top * rise * 0.6 + 0.012 * noise(learner.name + "s", round), 0.031)
            }
        }
        return result
    }

    private static func health(_ round: Int) -> JudgeHealthRecord {
        let isTrusted = round != 14 && round != 15
        let accuracy = (isTrusted ? 0.955 : 0.71) + 0.025 * noise("judge", round)
        let rise = Double(round) / (Double(round) + 8)
        return JudgeHealthRecord(
            round: round, judge: JudgeID(name: "grader", version: round), canaryPairCount: 58, accuracy: accuracy,
            low: accuracy - 0.06, high: min(1, accuracy + 0.045), tieRate: 0.02, voidRate: 0,
            believedScore: 0.52 + 0.27 * rise + 0.015 * noise("belief", round) + (isTrusted ? 0 : 0.07),
            goldScore: 0.51 + 0.24 * rise + 0.015 * noise("gold", round) - (isTrusted ? 0 : 0.06),
            windowAccuracy: isTrusted ? max(accuracy, 0.9) : 0.72, isTrusted: isTrusted, refreshedAccuracy: min(1, accuracy + 0.03))
    }

    private static func updates(_ roles: [(name: String, role: Entrant.Role)], _ rounds: Int) -> [UpdateRecord] {
        (1...rounds).flatMap { round in
            roles.filter { $0.role == .learner }.map { learner in
                let isPromoted = round != 14 && round != 15 && noise(learner.name + "gate", round) > -0.6
                let score = (isPromoted ? 0.53 : 0.46) + 0.02 * noise(learner.name + "score", round)
                let rise = Double(round) / 36
                return UpdateRecord(
                    round: round, agent: learner.name, fromVersion: round * 3 / 4,
                    toVersion: isPromoted ? round * 3 / 4 + 1 : nil,
                    decision: isPromoted
                        ? "Promoted: it scored \(Int(score * 100))% against its parent on 256 held-out prompts."
                        : "Kept the parent: the candidate scored \(Int(score * 100))% against it on 256 held-out prompts.",
                    pairCount: 96, stepCount: 12, gateScore: score, gateLow: score - 0.05, gateHigh: score + 0.05,
                    gateCount: 256,
                    metrics: [
                        "loss": 0.66 - 0.2 * rise + 0.03 * noise(learner.name + "loss", round),
                        "rewards/margins": 0.1 + 0.9 * rise + 0.1 * noise(learner.name + "margin", round),
                        "rewards/accuracies": 0.6 + 0.25 * rise + 0.03 * noise(learner.name + "acc", round),
                        "kl_to_base/k2": 0.02 + (learner.name == "ada" ? 0.6 : 0.4) * rise, "grad_norm": 2.4 + noise(learner.name + "norm", round),
                        "logps/chosen": -6 + 2 * rise + 0.2 * noise(learner.name + "chosen", round), "logps/rejected": -9 - 3 * rise + 0.3 * noise(learner.name + "rejected", round),
                    ])
            }
        }
    }

    private static func room(_ index: Int) -> RoomResult {
        let policies = ["ada", "basho", "rookie", "random"].map { PolicyID(agent: $0, version: $0 < "c" ? 26 : 0) }
        let answers = ["0 1 3 4 7 9", "0 1 3 4 9 7", "0 1 3 4 7 9", ""]
        return RoomResult(
            room: Room(
                round: 36, index: index * 7, group: index,
                prompt: Prompt(id: "sort-\(index)", text: "Sort these digits:\n7 3 9 1 0 4", reference: answers[0]),
                seats: policies, isCanary: index == 0),
            rollouts: answers.enumerated().map { seat, text in
                Rollout(
                    text: text, sequence: seat < 3 ? TokenSequence(prompt: [1, 2], completion: [3, 4]) : nil,
                    logProbs: seat < 3 ? [-0.1, -0.2] : [], forfeit: text.isEmpty ? .empty : nil,
                    gold: text == answers[0] ? 1 : 0)
            },
            judge: JudgeID(name: "grader", version: 36), scores: [2.31, -1.07, 2.31, nil],
            verdicts: [PairVerdict(first: 0, second: 1, verdict: .first)], ranking: Ranking(ranks: [1, 3, 1, 4]))
    }
}
