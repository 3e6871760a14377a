import AgonCore
import AgonJudging
import Testing

struct AgreementTests {
    @Test func `agreement is what scikit-learn and krippendorff say`() throws {
        let golden = try Golden.read()
        let agreement = JudgeAgreement(try golden.rooms())
        #expect(agreement.judges.map(\.name) == ["j0", "j1", "j2", "j3"] && agreement.votes.count == 60)
        for (columns, kappa) in golden.kappas {
            let judges = columns.compactMap(\.wholeNumberValue)
            #expect(abs((agreement.cohenKappa(judges[0], judges[1]).kappa ?? 9) - kappa) < 1e-12)
        }
        #expect(golden.kappas.count == 6)
        #expect(abs((agreement.krippendorffAlpha.alpha ?? 9) - golden.alpha) < 1e-12)
        let readable = golden.votes.map { row in row.count { $0 != .void } }
        #expect(agreement.krippendorffAlpha.voteCount == readable.filter { $0 > 1 }.reduce(0, +))
    }

    @Test func `judges who always say one thing have no measure of agreement`() throws {
        var result = try decided(["a", "b"], [.void])
        result.votes = ["x", "y"].map { Vote(judge: JudgeID(name: $0), first: 0, second: 1, verdict: .first) }
        let agreement = JudgeAgreement([result, result])
        #expect(agreement.cohenKappa(0, 1).kappa == nil && agreement.cohenKappa(0, 1).count == 2)
        #expect(agreement.krippendorffAlpha.alpha == nil && agreement.krippendorffAlpha.voteCount == 4)
        #expect(JudgeAgreement([]).krippendorffAlpha.alpha == nil)
    }

    @Test func `Dawid–Skene is what a full model of both mirror images says`() throws {
        let golden = try Golden.read()
        let items = zip(golden.votes, golden.truth).map { DawidSkene.Item(votes: $0, truth: $1) }
        let model = DawidSkene(items, judgeCount: 4, maximumIterationCount: 5000, tolerance: 1e-13)
        #expect(model.hasConverged && abs(model.tieRate - golden.tieRate) < 1e-9)
        for (skill, wanted) in zip(model.skills, golden.skills) {
            for (value, other) in zip([skill.right, skill.wrong, skill.tie, skill.tieOnTie], wanted) {
                #expect(abs(value - other) < 1e-9)
            }
        }
        for (row, wanted) in zip(golden.votes, golden.beliefs) {
            let belief = model.belief(in: row)
            #expect(abs(belief.first - wanted[0]) < 1e-9 && abs(belief.tie - wanted[2]) < 1e-9)
            #expect(abs(belief.preference - wanted[0] - wanted[2] / 2) < 1e-9)
        }
        let stopped = DawidSkene(items, judgeCount: 4, maximumIterationCount: 3)
        #expect(!stopped.hasConverged && stopped.iterationCount == 3)
    }

    @Test func `the items of a panel's history are its rooms' pairs, with the truth of canaries`() throws {
        var result = try decided(
            ["a", "b", "c"], [.void, .void, .void], rollouts: [1, 0, 0].map { rollout("t", gold: $0) },
            in: room(["a", "b", "c"], isCanary: true))
        result.votes = [
            Vote(judge: JudgeID(name: "y"), first: 0, second: 2, verdict: .first),
            Vote(judge: JudgeID(name: "x"), first: 1, second: 2, verdict: .tie),
        ]
        let items = DawidSkene.items(of: [result], judges: [JudgeID(name: "x"), JudgeID(name: "y")])
        #expect(
            items == [
                DawidSkene.Item(votes: [.void, .first], truth: .first), DawidSkene.Item(votes: [.tie, .void]),
            ])
    }
}

struct LengthAssociationTests {
    @Test func `correlations are SciPy's over both mirror images`() throws {
        let golden = try Golden.read()
        var lengths = LengthAssociation()
        for (score, difference) in zip(golden.scores, golden.lengths) {
            lengths.count(score: score, lengthDifference: difference)
        }
        #expect(lengths.count == 80)
        #expect(abs((lengths.pearson ?? 9) - golden.pearson) < 1e-12)
        #expect(abs((lengths.spearman ?? 9) - golden.spearman) < 1e-12)
    }

    @Test func `without variation there is no correlation`() {
        var lengths = LengthAssociation()
        #expect(lengths.pearson == nil && lengths.spearman == nil)
        lengths.count(score: 0.5, lengthDifference: 3)
        lengths.count(score: 1, lengthDifference: 0)
        #expect(lengths.pearson == 0)
        var still = LengthAssociation()
        still.count(score: 1, lengthDifference: 0)
        #expect(still.pearson == nil && still.spearman == nil)
    }
}

struct JudgeHealthTests {
    private let judge = JudgeID(name: "j")

    /// A canary room of three with votes told by both orders.
    private func result(_ votes: [(Int, Int, Verdict, Verdict, Verdict)]) throws -> RoomResult {
        var result = try decided(
            ["a", "b", "c"], [.void, .void, .void],
            rollouts: [("aaaa", 1.0), ("bb", 0), ("c", 0)].map { rollout($0.0, gold: $0.1) },
            in: room(["a", "b", "c"], isCanary: true))
        result.judge = judge
        result.votes = votes.map {
            Vote(judge: judge, first: $0.0, second: $0.1, verdict: $0.2, straight: $0.3, swapped: $0.4)
        }
        return result
    }

    @Test func `rates are over what they are about`() throws {
        let health = try #require(
            JudgeHealth.perJudge(of: [
                try result([
                    (0, 1, .first, .first, .first), (0, 2, .tie, .first, .second), (1, 2, .second, .second, .second),
                ]),
                try result([(0, 1, .void, .void, .first), (0, 2, .second, .second, .second), (1, 2, .first, .first, .first)]),
            ])[judge])
        #expect(health.voteCount == 6 && health.voidRate == 1.0 / 6 && health.tieRate == 0.2)
        #expect(health.lowerSeatRate == 0.5 && health.lowerSeatWinCount == 2)
        #expect(health.positionConsistency == 0.8 && health.orders.voidCount == 1)
        // Shown first: 0>1 straight, 0~2 both, 2>1 swapped, 2>0 swapped, 1>2 straight; second: the other five.
        #expect(health.orders.firstShownCount == 6 && health.orders.secondShownCount == 5)
        #expect(health.accuracy == JudgeAccuracy(rightCount: 1, wrongCount: 1, tieCount: 1, voidCount: 1))
        #expect(health.canaryClusters.values.map(\.points) == [1.5] && health.canaryClusters.values.map(\.count) == [3])
        #expect(health.lengths.count == 5 && health.cyclicRoomCount == 0)
    }

    @Test func `votes in a circle are counted by room`() throws {
        let circle = try result([
            (0, 1, .first, .first, .first), (0, 2, .second, .second, .second), (1, 2, .first, .first, .first),
        ])
        #expect(JudgeHealth.perJudge(of: [circle, circle])[judge]?.cyclicRoomCount == 2)
        #expect(JudgeHealth().voidRate == nil && JudgeHealth().lowerSeatRate == nil)
    }

    @Test func `cost and latency are per verdict that was paid for`() throws {
        var paid = try decided(["a", "b", "c"], [.first, .first, .first])
        var usage = JudgeUsage()
        usage.requestCount = 6
        usage.cost = 1.5
        usage.seconds = 12
        paid.usage = usage
        let cost = JudgingCost([paid, try decided(["a", "b"], [.first])])
        #expect(cost.costPerVerdict == 0.5 && cost.secondsPerVerdict == 4 && cost.secondsPerRequest == 2)
        #expect(JudgingCost([]).costPerVerdict == nil && JudgingCost([]).secondsPerRequest == nil)
    }
}
