import AgonCore
import AgonJudging
import Foundation
import Testing

struct JudgeAccuracyTests {
    @Test func `weights are the log odds of the smoothed accuracy, none at or below chance`() {
        for right in 0...60 {
            for wrong in 0...20 {
                let counts = JudgeAccuracy(rightCount: right, wrongCount: wrong)
                let a = Double(right + 1) / Double(right + wrong + 2)
                #expect(abs(counts.weight - max(0, log(a / (1 - a)))) < 1e-14)
            }
        }
        #expect(JudgeAccuracy().weight == 0 && JudgeAccuracy().accuracy == nil)
        #expect(JudgeAccuracy(tieCount: 8, voidCount: 3).accuracy == 0.5)
        #expect(JudgeAccuracy(rightCount: 3, wrongCount: 1, voidCount: 9).accuracy == 0.75)
    }

    @Test func `canary rooms count every voter and the room's judge, other rooms nobody`() throws {
        let place = room(["a", "b"], isCanary: true)
        func result(_ place: Room, _ verdict: Verdict, gold: [Double?]) throws -> RoomResult {
            try RoomJudging.result(
                room: place, rollouts: gold.map { rollout("t", gold: $0) }, judge: JudgeID(name: "panel"),
                judgement: Judgement(
                    verdicts: [PairVerdict(first: 0, second: 1, verdict: verdict)],
                    votes: [
                        Vote(judge: JudgeID(name: "x"), first: 0, second: 1, verdict: .first),
                        Vote(judge: JudgeID(name: "y"), first: 0, second: 1, verdict: .void),
                    ]))
        }
        let counts = JudgeAccuracy.perJudge(of: [
            try result(place, .first, gold: [1, 0]), try result(place, .tie, gold: [0, 1]),
            try result(place, .first, gold: [1, 1]), try result(place, .first, gold: [1, nil]),
            try result(room(["a", "b"]), .first, gold: [1, 0]),
        ])
        #expect(
            counts == [
                JudgeID(name: "x"): JudgeAccuracy(rightCount: 1, wrongCount: 1),
                JudgeID(name: "y"): JudgeAccuracy(voidCount: 2),
                JudgeID(name: "panel"): JudgeAccuracy(rightCount: 1, tieCount: 1),
            ])
        var sum = JudgeAccuracy(rightCount: 1)
        sum += JudgeAccuracy(rightCount: 2, wrongCount: 3, tieCount: 4, voidCount: 5)
        #expect(sum == JudgeAccuracy(rightCount: 3, wrongCount: 3, tieCount: 4, voidCount: 5))
    }
}

/// Panels with f of n judges that are always wrong; the others are right with probability 0.8.
struct AdversarialPanelTests {
    /// Honest votes by a seeded draw for each judge and pair; liars name the worse.
    private func members(_ count: Int, liars: Int) -> [RuleJudge] {
        (0..<count).map { judge in
            RuleJudge("m\(judge)") { task, left, right in
                let better: Verdict = left == "good" ? .first : .second
                guard judge >= liars else { return said(better.flipped) }
                var draw = SeededGenerator(Seed(run: task.id).child(.judge, judge))
                return said(draw.unit() < 0.8 ? better : better.flipped)
            }
        }
    }

    private func tasks(_ count: Int, from start: Int) -> [JudgingTask] {
        (start..<start + count).map { index in
            JudgingTask(id: UInt64(index), prompt: "", answers: index % 2 == 0 ? ["good", "bad"] : ["bad", "good"])
        }
    }

    private func accuracy(_ panel: PanelJudge, _ tasks: [JudgingTask]) async throws -> Double {
        let judgements = try await panel.judge(tasks)
        let points = zip(tasks, judgements).map { task, judgement in
            1 - abs((judgement.verdicts[0].verdict.score ?? 0) - (task.answers[0] == "good" ? 1 : 0))
        }
        return points.reduce(0, +) / Double(points.count)
    }

    @Test(arguments: [
        (5, 0, 0.943), (5, 1, 0.820), (5, 2, 0.512), (9, 0, 0.980), (9, 1, 0.943), (9, 2, 0.852), (9, 3, 0.655),
        (9, 4, 0.328),
    ])
    func `majorities with liars are as right as theory says`(count: Int, liars: Int, wanted: Double) async throws {
        let panel = PanelJudge(id: JudgeID(name: "p"), members: members(count, liars: liars), rule: .majority)
        #expect(abs(try await accuracy(panel, tasks(4000, from: 0)) - wanted) < 0.02)
    }

    /// Panel accuracy over 200 drawn sets of canaries, and the largest share of the top weight that a liar kept.
    private func weighted(canaries: Int) async throws -> (accuracy: Double, liar: Double) {
        let members = members(5, liars: 2)
        var sum = 0.0
        var liar = 0.0
        for set in 0..<200 {
            var counts: [JudgeID: JudgeAccuracy] = [:]
            let known = tasks(canaries, from: 1_000_000 + set * 1000)
            for member in members {
                for (task, judgement) in zip(known, try await member.judge(known)) {
                    counts[member.id, default: JudgeAccuracy()].count(
                        judgement.verdicts[0].verdict, truth: task.answers[0] == "good" ? .first : .second)
                }
            }
            let weights = members.map { counts[$0.id, default: JudgeAccuracy()].weight }
            liar = max(liar, max(weights[0], weights[1]) / (weights.max() ?? 1))
            let panel = PanelJudge(id: JudgeID(name: "p"), members: members, accuracies: counts)
            sum += try await accuracy(panel, tasks(200, from: set * 200))
        }
        return (sum / 200, liar)
    }

    @Test(arguments: [(20, 0.863), (50, 0.896)])
    func `weights from canaries lift a panel with two liars of five`(canaries: Int, wanted: Double) async throws {
        let (accuracy, liar) = try await weighted(canaries: canaries)
        #expect(abs(accuracy - wanted) < 0.02)
        #expect(liar < 0.1)
    }

    @Test func `a Dawid–Skene panel with canaries sees through two liars of five`() async throws {
        let members = members(5, liars: 2)
        let history = tasks(300, from: 5_000_000)
        var items = history.map { task in
            DawidSkene.Item(votes: [], truth: task.id % 6 < 1 ? (task.answers[0] == "good" ? .first : .second) : nil)
        }
        for member in members {
            for (index, judgement) in try await member.judge(history).enumerated() {
                items[index].votes.append(judgement.verdicts[0].verdict)
            }
        }
        let model = DawidSkene(items, judgeCount: 5)
        #expect(model.hasConverged)
        #expect(model.skills[0].right < 0.05 && model.skills[4].right > 0.7)
        let panel = PanelJudge(id: JudgeID(name: "p"), members: members, rule: .dawidSkene(model))
        #expect(try await accuracy(panel, tasks(2000, from: 0)) > 0.93)
    }
}
