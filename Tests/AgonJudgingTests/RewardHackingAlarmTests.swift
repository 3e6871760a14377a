import AgonCore
import AgonJudging
import Testing

/// Runs of 16 canary rooms a round, 4 seats each: two learners and two anchors, whose answers are right by chance.
private struct SimulatedRun {
    enum Fault: CaseIterable {
        case none, longerWins, shorterWins, magicWord, judgeForgets
    }

    var fault: Fault
    /// The first round with the fault.
    var start: Int
    /// Whether longer answers are right more often, and learners improve: honest reasons for longer winners.
    var isLengthHonest = false

    private struct Answer {
        var gold: Double
        var surface: Surface
    }

    func evidence(_ round: Int, _ seed: Seed) -> RoundEvidence {
        var draw = SeededGenerator(seed.child(.round, round))
        var pairs: [RoundEvidence.Pair] = []
        for room in 0..<16 {
            let answers = (0..<4).map { answer(seat: $0, round: round, &draw) }
            for first in 0..<4 {
                for second in first + 1..<4 {
                    guard let score = verdict(answers[first], answers[second], round: round, &draw).score else { continue }
                    pairs.append(
                        RoundEvidence.Pair(
                            cluster: round * 100 + room, score: score, gold: points(answers[first], answers[second]),
                            first: answers[first].surface, second: answers[second].surface,
                            learnerSide: first < 2 && second >= 2 ? 1 : 0))
                }
            }
        }
        return RoundEvidence(pairs: pairs)
    }

    private func points(_ one: Answer, _ other: Answer) -> Double {
        one.gold == other.gold ? 0.5 : one.gold > other.gold ? 1 : 0
    }

    private func answer(seat: Int, round: Int, _ draw: inout SeededGenerator) -> Answer {
        let length = 20 + draw.index(below: 60)
        var chance = 0.5
        if isLengthHonest { chance = 0.2 + 0.5 * Double(length) / 80 + (seat < 2 ? min(0.01 * Double(round), 0.2) : 0) }
        var markers: Set<String> = []
        // Words by a law like Zipf's.
        for _ in 0..<8 { markers.insert("w\(Int(80 * draw.unit() * draw.unit() * draw.unit()))") }
        if draw.unit() < 0.3 { markers.insert("indeed") }
        return Answer(gold: draw.unit() < chance ? 1 : 0, surface: Surface(length: length, markers: markers))
    }

    private func verdict(_ one: Answer, _ other: Answer, round: Int, _ draw: inout SeededGenerator) -> Verdict {
        let (hazard, coin) = (draw.unit(), draw.unit())
        var lean: Double?
        if round >= start, hazard < 0.9 {
            switch fault {
            case .none: break
            case .longerWins: lean = Double(one.surface.length - other.surface.length)
            case .shorterWins: lean = Double(other.surface.length - one.surface.length)
            case .judgeForgets: lean = coin - 0.5
            case .magicWord:
                lean = (one.surface.markers.contains("indeed") ? 1 : 0) - (other.surface.markers.contains("indeed") ? 1 : 0)
            }
        }
        if let lean, lean != 0 { return lean > 0 ? .first : .second }
        if hazard > 0.97 { return .void }
        if coin < 0.1 { return .tie }
        let truth = points(one, other)
        let isRight = draw.unit() < 0.8
        if truth == 0.5 { return draw.unit() < 0.5 ? .first : .second }
        return (truth == 1) == isRight ? .first : .second
    }

    /// The rounds in which the alarm was raised, with all their reasons.
    func alarms(rounds: Int, seed: Int) -> (rounds: [Int], reasons: [String]) {
        var alarm = RewardHackingAlarm()
        var raised: [Int] = []
        var reasons: [String] = []
        for round in 1...rounds {
            let report = alarm.observe(evidence(round, Seed(run: UInt64(seed))))
            if report.isRaised {
                raised.append(round)
                reasons += report.reasons
            }
        }
        return (raised, reasons)
    }

    /// The same for 50 seeds, side by side.
    func alarms(rounds: Int) async -> [(rounds: [Int], reasons: [String])] {
        await withTaskGroup(of: (Int, (rounds: [Int], reasons: [String])).self) { group in
            for seed in 0..<50 { group.addTask { (seed, alarms(rounds: rounds, seed: seed)) } }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}

struct RewardHackingAlarmTests {
    @Test(arguments: [false, true]) func `without a fault hardly a run of 36 rounds is alarmed`(isLengthHonest: Bool) async {
        let runs = await SimulatedRun(fault: .none, start: 1, isLengthHonest: isLengthHonest).alarms(rounds: 36)
        let alarmed = runs.filter { !$0.rounds.isEmpty }
        #expect(alarmed.count <= 1, "\(alarmed.map(\.reasons))")
    }

    @Test(arguments: [1, 6], [SimulatedRunFault.longer, .shorter, .word])
    func `a planted fault is found within five rounds`(start: Int, fault: SimulatedRunFault) async {
        let runs = await SimulatedRun(fault: fault.planted, start: start).alarms(rounds: start + 4)
        let found = runs.filter { run in run.rounds.first.map { $0 >= start } ?? false }
        #expect(found.count >= 48, "found in \(found.count) of 50 runs, \(found.map { $0.rounds[0] })")
        #expect(found.allSatisfy { $0.reasons.contains { $0.contains(fault.says) } })
    }

    enum SimulatedRunFault: Sendable, CustomTestStringConvertible {
        case longer, shorter, word
        fileprivate var planted: SimulatedRun.Fault {
            switch self {
            case .longer: .longerWins
            case .shorter: .shorterWins
            case .word: .magicWord
            }
        }
        var says: String {
            switch self {
            case .longer: "prefers longer answers"
            case .shorter: "prefers shorter answers"
            case .word: "\"indeed\""
            }
        }
        var testDescription: String { says }
    }

    @Test func `a judge that forgets is found by its accuracy`() async {
        let runs = await SimulatedRun(fault: .judgeForgets, start: 6).alarms(rounds: 14)
        let found = runs.filter { run in
            run.rounds.first.map { $0 >= 6 } ?? false && run.reasons.contains { $0.contains("accuracy on canaries fell") }
        }
        #expect(found.count >= 48, "found in \(found.count) of 50 runs, \(found.map { $0.rounds[0] })")
    }

    /// One pair a prompt: a learner against an anchor.
    private func round(_ number: Int, believed: Double, gold: Double) -> RoundEvidence {
        var draw = SeededGenerator(Seed(run: 9).child(.round, number))
        return RoundEvidence(
            pairs: (0..<60).map { index in
                RoundEvidence.Pair(
                    cluster: number * 100 + index, score: draw.unit() < believed ? 1 : 0, gold: draw.unit() < gold ? 1 : 0,
                    first: Surface(length: 1, markers: []), second: Surface(length: 1, markers: []), learnerSide: 1)
            })
    }

    private func reasons(_ believed: (Int) -> Double, _ gold: (Int) -> Double) -> [String] {
        var alarm = RewardHackingAlarm()
        var reasons: [String] = []
        for number in 1...20 { reasons += alarm.observe(round(number, believed: believed(number), gold: gold(number))).reasons }
        return reasons
    }

    @Test func `a score that rises while gold stays alarms, one that gold follows does not`() {
        let rise: (Int) -> Double = { min(0.5 + 0.04 * Double($0), 0.98) }
        #expect(reasons(rise, { _ in 0.5 }).contains { $0.contains("score of the learners rose") })
        #expect(reasons(rise, rise).isEmpty)
        #expect(reasons({ _ in 0.5 }, { _ in 0.5 }).isEmpty)
        #expect(reasons({ _ in 0.5 }, { 0.9 - 0.02 * Double($0) }).isEmpty)
    }

    @Test func `after a rollback the window is forgotten`() {
        let run = SimulatedRun(fault: .longerWins, start: 1)
        var alarm = RewardHackingAlarm()
        for number in 1...6 { _ = alarm.observe(run.evidence(number, Seed(run: 1))) }
        let honest = SimulatedRun(fault: .none, start: 1)
        var other = alarm
        #expect(other.observe(honest.evidence(7, Seed(run: 1))).isRaised)
        alarm.forgetWindow()
        #expect(!alarm.observe(honest.evidence(7, Seed(run: 1))).isRaised && alarm.roundCount == 7)
    }
}

struct RoundEvidenceTests {
    @Test func `evidence is of canary pairs that judge and gold spoke of`() throws {
        let agents = ["ada", "rookie", "basho"]
        let place = room(agents, prompt: "q", isCanary: true)
        let texts = ["Indeed, yes!", "yes", "no"]
        let rollouts = zip(texts, [1.0, 0, nil]).map { rollout($0, gold: $1) }
        let result = try decided(agents, [.second, .first, .first], rollouts: rollouts, in: place)
        let other = try decided(agents, [.second, .first, .first], rollouts: rollouts, in: room(agents))
        let evidence = RoundEvidence([result, other], learners: ["ada"], anchors: ["rookie"])
        #expect(evidence.pairs.count == 1)
        let pair = try #require(evidence.pairs.first)
        #expect(pair.cluster == place.prompt.cluster && pair.score == 0 && pair.gold == 1 && pair.learnerSide == 1)
        #expect(pair.lengthDifference == 9 && pair.firstMarkers == ["!", ",", "indeed"] && pair.secondMarkers.isEmpty)
    }

    @Test func `a surface is bounded whatever the text`() {
        let long = Surface(String(repeating: "x", count: 200_000) + " end")
        #expect(long.length == 200_004 && long.markers == [String(repeating: "x", count: 40)])
        #expect(Surface((0..<3000).map { "w\($0)" }.joined(separator: " ")).markers.count == 500)
        #expect(Surface("\u{202E}\0").markers == ["\u{202E}", "\0"])
        #expect(Surface("").markers.isEmpty && Surface("Ça va? ÇA").markers == ["ça", "va", "?"])
    }
}
