import AgonCore
import AgonJudging
import Testing

struct PairRulesTests {
    private func answer(_ text: String, tokens: Int = 1) -> Rollout {
        Rollout(text: text, sequence: TokenSequence(prompt: [1], completion: (0..<Int32(tokens)).map { $0 + 5 }))
    }

    private func room(_ agents: [String], scores: [Double], rollouts: [Rollout], index: Int = 0) throws -> RoomResult {
        try RoomJudging.result(
            room: AgonJudgingTests.room(agents, index: index), rollouts: rollouts, judge: JudgeID(name: "j"),
            judgement: Judgement(scoring: scores))
    }

    private func seats(_ pairs: [PreferencePair]) -> [[Int]] { pairs.map { [$0.chosen.seat, $0.rejected.seat] } }

    @Test func `without rules every pair passes`() throws {
        let result = try room(["a", "b", "c"], scores: [3, 2, 1], rollouts: ["x", "y", "z"].map { answer($0) })
        let pairs = PreferencePair.pairs(inRoom: result, selection: .all)
        let (kept, counts) = PairRules().apply(to: pairs, of: [result])
        #expect(kept == pairs && counts.offeredCount == 3 && counts.keptCount == 3)
    }

    @Test func `margins are of scores and of mean points, and a forfeit has no score`() throws {
        let result = try RoomJudging.result(
            room: AgonJudgingTests.room(["a", "b", "c", "d"]),
            rollouts: [answer("w"), answer("x"), answer("y"), rollout("z", forfeit: .empty)], judge: JudgeID(name: "j"),
            judgement: Judgement(scoring: [3, 2.5, 1]))
        let pairs = PreferencePair.pairs(inRoom: result, selection: .all)
        #expect(pairs.count == 6)
        let (byScore, scoreCounts) = PairRules(minimumScoreMargin: 1.5).apply(to: pairs, of: [result])
        #expect(seats(byScore) == [[0, 2], [0, 3], [1, 2], [1, 3], [2, 3]] && scoreCounts.scoreMarginCount == 1)
        let (byPoints, pointCounts) = PairRules(minimumPointsMargin: 0.5).apply(to: pairs, of: [result])
        #expect(seats(byPoints) == [[0, 2], [0, 3], [1, 3]] && pointCounts.pointsMarginCount == 3)
    }

    @Test func `nearly equal answers make no pair`() throws {
        let texts = ["the cat sat on the mat", "the cat sat on the mat.", "a dog"]
        let result = try room(["a", "b", "c"], scores: [3, 2, 1], rollouts: texts.map { answer($0) })
        let pairs = PreferencePair.pairs(inRoom: result, selection: .all)
        let rules = PairRules(nearDuplicate: NearDuplicateRule(threshold: 0.9))
        let (kept, counts) = rules.apply(to: pairs, of: [result])
        #expect(seats(kept) == [[0, 2], [1, 2]] && counts.nearDuplicateCount == 1)
    }

    @Test func `similarity is Jaccard's index of runs`() {
        let characters = NearDuplicateRule(unit: .characters, runLength: 2)
        // ab bc cd and bc cd de.
        #expect(characters.similarity(answer("abcd"), answer("bcde")) == 0.5)
        #expect(characters.similarity(answer("aaaa"), answer("aa")) == 1)
        #expect(characters.similarity(answer(""), answer("")) == 1)
        #expect(characters.similarity(answer("a"), answer("b")) == 0)
        let tokens = NearDuplicateRule(unit: .tokens, runLength: 1)
        // 5 6 7 8 and 5 6; texts do not matter.
        #expect(tokens.similarity(answer("x", tokens: 4), answer("y", tokens: 2)) == 0.5)
        let foreign = Rollout(text: "", sequence: TokenSequence(tokens: [9, 5, 9, 6], own: [false, true, false, true]))
        #expect(tokens.similarity(foreign, answer("", tokens: 2)) == 1)
    }

    @Test func `sides of unlike length make no pair where lengths must match`() throws {
        let lengths = [2, 4, 5, 0]
        let result = try room(
            ["a", "b", "c", "d"], scores: [4, 3, 2, 1], rollouts: lengths.map { answer("t\($0)", tokens: $0) })
        let pairs = PreferencePair.pairs(inRoom: result, selection: .all)
        let (kept, counts) = PairRules(maximumLengthRatio: 2).apply(to: pairs, of: [result])
        #expect(seats(kept) == [[0, 1], [1, 2]] && counts.lengthCount == 1 && counts.offeredCount == 3)
    }

    @Test func `caps hold for every agent, favour no seat, and do not hang on the order of the pairs`() throws {
        let agents = ["a", "b", "c", "d"]
        var results: [RoomResult] = []
        for index in 0..<40 {
            results.append(
                try room(agents, scores: [4, 3, 2, 1], rollouts: (0..<4).map { answer("r\(index) s\($0)") }, index: index))
        }
        let pairs = results.flatMap { PreferencePair.pairs(inRoom: $0, selection: .all) }
        let (kept, counts) = PairRules(agentCap: 30).apply(to: pairs, of: results)
        for agent in agents { #expect((24...30).contains(kept.filter(involving: agent).count)) }
        #expect(counts.capCount == 240 - kept.count && counts.keptCount == kept.count)
        #expect(Set(kept.map(\.chosen.room)).count > 20)
        let turned = PairRules(agentCap: 30).apply(to: pairs.reversed(), of: results.reversed()).pairs
        #expect(Array(turned.reversed()) == kept)
        #expect(PairRules(agentCap: 0).apply(to: pairs, of: results).pairs.isEmpty)
    }

    @Test func `a pair counts for the first rule that drops it, and counts add up`() throws {
        let result = try room(["a", "b"], scores: [1, 0.5], rollouts: [answer("same"), answer("same ")])
        let pairs = PreferencePair.pairs(inRoom: result, selection: .all)
        let rules = PairRules(minimumScoreMargin: 1, nearDuplicate: NearDuplicateRule(threshold: 0.1), agentCap: 0)
        var counts = rules.apply(to: pairs, of: [result]).counts
        #expect(counts.scoreMarginCount == 1 && counts.nearDuplicateCount == 0 && counts.capCount == 0)
        counts += counts
        #expect(counts.offeredCount == 2 && counts.scoreMarginCount == 2 && counts.keptCount == 0)
    }

    @Test func `trajectories are held to the margin of their outcomes`() throws {
        func game(_ agents: [String], _ verdict: Verdict, index: Int) throws -> RoomResult {
            try decided(
                agents, [verdict], rollouts: agents.map { answer("\($0) \(index)") },
                in: AgonJudgingTests.room(agents, index: index))
        }
        let games = [try game(["a", "b"], .first, index: 0), try game(["b", "a"], .tie, index: 1)]
        let pairs = PreferencePair.trajectoryPairs(inGroup: games)
        #expect(pairs.count == 2)
        #expect(PairRules(minimumPointsMargin: 0.5).apply(to: pairs, of: games).pairs.count == 2)
        #expect(PairRules(minimumPointsMargin: 0.75).apply(to: pairs, of: games).pairs.isEmpty)
    }
}

struct SoftPairTests {
    private func result(_ verdicts: [PairVerdict], index: Int = 0) throws -> RoomResult {
        let agents = verdicts.count == 1 ? ["a", "b"] : ["a", "b", "c"]
        return try RoomJudging.result(
            room: room(agents, index: index), rollouts: agents.map { rollout("by \($0)") }, judge: JudgeID(name: "j"),
            judgement: Judgement(verdicts: verdicts))
    }

    private func one(_ verdict: Verdict, _ preference: Double?, _ labels: PairLabels) throws -> PreferencePair? {
        let said = PairVerdict(first: 0, second: 1, verdict: verdict, preference: preference)
        return PreferencePair.pairs(inRoom: try result([said]), selection: .all, labels: labels).first
    }

    @Test func `hard pairs are certain, soft ones as sure as their judge`() throws {
        #expect(try one(.first, 0.75, .hard)?.label == 1)
        #expect(try one(.first, 0.75, .soft)?.label == 0.75)
        #expect(try one(.second, 0.25, .soft)?.label == 0.75)
        #expect(try one(.second, 0.25, .soft)?.chosen.seat == 1)
        #expect(try one(.first, nil, .soft)?.label == 1)
        #expect(try one(.first, 0.25, .soft)?.label == 0.5)
    }

    @Test func `a tie makes a pair only where labels are soft and it leans`() throws {
        #expect(try one(.tie, 0.25, .hard) == nil)
        #expect(try one(.tie, nil, .soft) == nil)
        #expect(try one(.void, 0.9, .soft) == nil)
        let pair = try #require(try one(.tie, 0.25, .soft))
        #expect(pair.chosen.seat == 1 && pair.label == 0.75)
        var chosen = [0, 0]
        for index in 0..<200 {
            let room = try result([PairVerdict(first: 0, second: 1, verdict: .tie, preference: 0.5)], index: index)
            for pair in PreferencePair.pairs(inRoom: room, selection: .bestVsWorst, labels: .soft) {
                #expect(pair.label == 0.5)
                chosen[pair.chosen.seat] += 1
            }
        }
        #expect(chosen[0] + chosen[1] == 200 && chosen.allSatisfy { (70...130).contains($0) })
    }

    @Test func `selections look at ranks, level ones only for leaning ties`() throws {
        // a ties b leaning to b, both beat c.
        let room = try result([
            PairVerdict(first: 0, second: 1, verdict: .tie, preference: 0.4),
            PairVerdict(first: 0, second: 2, verdict: .first, preference: 0.8),
            PairVerdict(first: 1, second: 2, verdict: .first, preference: 0.9),
        ])
        func seats(_ selection: PairSelection) -> [[Int]] {
            PreferencePair.pairs(inRoom: room, selection: selection, labels: .soft).map { [$0.chosen.seat, $0.rejected.seat] }
        }
        #expect(seats(.all) == [[1, 0], [0, 2], [1, 2]])
        #expect(seats(.adjacent) == [[1, 0], [0, 2], [1, 2]])
        #expect(seats(.bestVsWorst).count == 1 && seats(.bestVsWorst)[0][1] == 2)
    }
}
