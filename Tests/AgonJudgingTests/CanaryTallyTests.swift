import AgonCore
import AgonJudging
import Testing

struct CanaryTallyTests {
    private func canary(_ verdicts: [Verdict], gold: [Double?], isCanary: Bool = true) throws -> RoomResult {
        let agents = Array(["ada", "rookie", "basho"].prefix(gold.count))
        return try decided(
            agents, verdicts, rollouts: gold.enumerated().map { rollout("answer \($0)", gold: $1) },
            in: room(agents, isCanary: isCanary))
    }

    @Test func `right is one, a tie half, wrong none, void nobody's`() throws {
        let tally = CanaryTally(
            try [Verdict.first, .tie, .second, .void].map { try canary([$0], gold: [1, 0]) }, learners: [], anchors: [])
        #expect(tally.goldPairCount == 3 && tally.rightCount == 1.5 && tally.goldPairVoidCount == 1)
        #expect(tally.accuracy == 0.5 && tally.goldPairScores == [1, 0.5, 0] && tally.goldPairRooms == [0, 0, 0])
        #expect(tally.askedCount == 4 && tally.tieCount == 1 && tally.voidCount == 1)
        #expect(tally.tieRate == 0.25 && tally.voidRate == 0.25)
    }

    @Test func `accuracy is measured on canaries, on valid answers, and where gold differs`() throws {
        let forfeit = try RoomJudging.result(
            room: room(["ada", "rookie"], isCanary: true),
            rollouts: [rollout("", forfeit: .empty, gold: 0), rollout("x", gold: 1)], judge: JudgeID(name: "j"),
            judgement: nil)
        let results = [
            try canary([.first], gold: [1, 0], isCanary: false), try canary([.first], gold: [1, 1]),
            try canary([.first], gold: [1, nil]), forfeit,
        ]
        let tally = CanaryTally(results, learners: [], anchors: [])
        #expect(tally.goldPairCount == 0 && tally.accuracy == nil && tally.believedScore == nil)
        #expect(tally.askedCount == 3)
    }

    @Test func `belief and gold part where the judge is fooled`() throws {
        // ada (learner) beats rookie (anchor) in the judge's eyes, gold says the reverse; basho is neither.
        let result = try canary([.first, .first, .second], gold: [0, 1, 1], isCanary: false)
        let tally = CanaryTally([result, result], learners: ["ada"], anchors: ["rookie"])
        #expect(tally.believedCount == 2 && tally.believedScore == 1)
        #expect(tally.goldCount == 2 && tally.goldScore == 0)
        let turned = CanaryTally([result], learners: ["rookie"], anchors: ["ada"])
        #expect(turned.believedScore == 0 && turned.goldScore == 1)
    }
}
