import AgonCore
import AgonJudging
import Testing

struct RoomJudgingTests {
    let seed = Seed(run: 7).child(.round, 3)

    @Test func `the judge sees valid answers in seat order, no names, and gold only where it asks`() throws {
        let place = room(["ada", "basho", "rookie"])
        let rollouts = [rollout("one"), rollout("", forfeit: .empty), rollout("three")]
        let blind = try #require(
            RoomJudging.task(for: place, rollouts: rollouts, seed: seed, needsReference: false))
        #expect(blind.answers == ["one", "three"] && blind.reference == nil && blind.prompt == "question p")
        let shown = try #require(RoomJudging.task(for: place, rollouts: rollouts, seed: seed, needsReference: true))
        #expect(shown.reference == "42" && shown.id == blind.id)
        let next = room(["ada", "basho", "rookie"], index: 1)
        #expect(RoomJudging.task(for: next, rollouts: rollouts, seed: seed, needsReference: false)?.id != blind.id)
    }

    @Test func `fewer than two valid answers need no judge`() {
        let rollouts = [rollout("one"), rollout("x", forfeit: .unfinished), rollout("y", forfeit: .illegal)]
        let place = room(["a", "b", "c"])
        #expect(RoomJudging.task(for: place, rollouts: rollouts, seed: seed, needsReference: true) == nil)
    }

    @Test(arguments: Forfeit.allCases)
    func `a forfeit loses to every valid seat by rule, two forfeits are void by rule`(forfeit: Forfeit) throws {
        let rollouts = [rollout("x", forfeit: forfeit), rollout("1"), rollout("y", forfeit: forfeit), rollout("2")]
        let judgement = Judgement(
            verdicts: [PairVerdict(first: 0, second: 1, verdict: .second)], scores: [0.25, 0.75])
        let result = try RoomJudging.result(
            room: room(["a", "b", "c", "d"]), rollouts: rollouts, judge: JudgeID(name: "j"), judgement: judgement)
        #expect(
            result.verdicts == [
                PairVerdict(first: 0, second: 1, verdict: .second, byRule: true),
                PairVerdict(first: 0, second: 2, verdict: .void, byRule: true),
                PairVerdict(first: 0, second: 3, verdict: .second, byRule: true),
                PairVerdict(first: 1, second: 2, verdict: .first, byRule: true),
                PairVerdict(first: 1, second: 3, verdict: .second),
                PairVerdict(first: 2, second: 3, verdict: .second, byRule: true),
            ])
        #expect(result.scores == [nil, 0.25, nil, 0.75])
        #expect(result.ranking.ranks == [3, 2, 3, 1])
    }

    @Test func `without a reply valid seats are void and unranked, and a forfeit still loses`() throws {
        let silent = try RoomJudging.result(
            room: room(["a", "b"]), rollouts: [rollout("1"), rollout("2")], judge: JudgeID(name: "j"), judgement: nil)
        #expect(silent.verdicts == [PairVerdict(first: 0, second: 1, verdict: .void)])
        #expect(silent.ranking.ranks == [nil, nil] && silent.scores == [nil, nil])
        let walkover = try RoomJudging.result(
            room: room(["a", "b"]), rollouts: [rollout("", forfeit: .empty), rollout("2")],
            judge: JudgeID(name: "j"), judgement: nil)
        #expect(walkover.ranking.ranks == [2, 1] && walkover.verdicts[0].byRule)
    }

    @Test func `an unreadable score is kept as none and its voids count for nobody`() throws {
        let result = try scored(["a", "b", "c"], [.nan, 1, 2])
        #expect(result.scores == [nil, 1, 2])
        #expect(result.ranking.ranks == [nil, 2, 1])
    }

    @Test func `a judgement that misses, repeats or invents a pair is refused`() {
        let good = PairVerdict(first: 0, second: 1, verdict: .first)
        let bad: [[PairVerdict]] = [
            [], [good, good], [PairVerdict(first: 1, second: 0, verdict: .first)],
            [PairVerdict(first: 0, second: 2, verdict: .first)], [PairVerdict(first: -1, second: 1, verdict: .first)],
        ]
        for verdicts in bad {
            #expect(throws: JudgingError.self) {
                try RoomJudging.result(
                    room: room(["a", "b"]), rollouts: [rollout("1"), rollout("2")], judge: JudgeID(name: "j"),
                    judgement: Judgement(verdicts: verdicts))
            }
        }
        #expect(throws: JudgingError.self) {
            try RoomJudging.result(
                room: room(["a", "b"]), rollouts: [rollout("1"), rollout("2")], judge: JudgeID(name: "j"),
                judgement: Judgement(verdicts: [good], scores: [1]))
        }
    }
}

struct RankingTests {
    @Test func `equal means tie, the next rank skips, a cycle is one tie`() throws {
        #expect(try scored(["a", "b", "c", "d"], [3, 3, 1, 2]).ranking.ranks == [1, 1, 4, 3])
        #expect(try decided(["a", "b", "c"], [.first, .second, .first]).ranking.ranks == [1, 1, 1])
    }

    @Test func `means are over the comparisons that counted`() throws {
        // a beats b, the rest is void: a 1 of 1, b 0 of 1, c nothing.
        #expect(try decided(["a", "b", "c"], [.first, .void, .void]).ranking.ranks == [1, 2, nil])
        // a: 1 of 2; b: ½ of 1; equal means of unequal counts tie.
        #expect(try decided(["a", "b", "c", "d"], [.void, .first, .second, .tie, .void, .void]).ranking.ranks[0] == 2)
        #expect(try decided(["a", "b", "c", "d"], [.void, .first, .second, .tie, .void, .void]).ranking.ranks[1] == 2)
    }

    @Test func `for every verdict of three seats, better points rank better and renaming seats renames ranks`() throws {
        for one in Verdict.allCases {
            for two in Verdict.allCases {
                for three in Verdict.allCases {
                    let result = try decided(["a", "b", "c"], [one, two, three])
                    let points = SeatPoints.perSeat(of: result.verdicts, seatCount: 3)
                    for (left, right) in [(0, 1), (0, 2), (1, 2)] {
                        guard let high = result.ranking.ranks[left], let low = result.ranking.ranks[right] else {
                            #expect(points[left].count * points[right].count == 0)
                            continue
                        }
                        #expect(points[left].isAbove(points[right]) == (high < low))
                        #expect((points[left].mean == points[right].mean) == (high == low))
                    }
                    // Seats in reverse: (0,1) is now (1,2), turned round.
                    let turned = try decided(["c", "b", "a"], [three.flipped, two.flipped, one.flipped])
                    #expect(turned.ranking.ranks == result.ranking.ranks.reversed())
                }
            }
        }
    }
}

struct MatchTests {
    @Test func `every pair of different agents that was decided is a match of weight one over the others`() throws {
        let place = room(["a", "b", "a", "c"], index: 5, group: 9)
        let result = try decided(["a", "b", "a", "c"], [.first, .first, .tie, .void, .second, .first], in: place)
        let matches = Match.matches(of: result)
        let said = matches.map { "\($0.first.agent)\($0.second.agent) \($0.score)" }
        #expect(said == ["ab 1.0", "ac 0.5", "bc 0.0", "ac 1.0"])
        #expect(matches.allSatisfy { $0.weight == 1.0 / 3 && $0.room == 5 && $0.round == 3 })
    }

    @Test func `what is played on one prompt is one cluster, in every room and round`() throws {
        func clusters(_ prompt: String, index: Int, round: Int) throws -> Set<Int> {
            var place = room(["a", "b"], index: index, group: index, prompt: prompt)
            place.round = round
            return Set(Match.matches(of: try decided(["a", "b"], [.first], in: place)).map(\.cluster))
        }
        let once = try clusters("opening", index: 0, round: 1)
        #expect(once.count == 1)
        #expect(try clusters("opening", index: 7, round: 9) == once)
        #expect(try clusters("another", index: 0, round: 1).isDisjoint(with: once))
        // Fixed for ever: databases hold it. FNV-1a of "a" from its authors' test vectors.
        #expect(Prompt(id: "a", text: "").cluster == Int(truncatingIfNeeded: 0xAF63_DC4C_8601_EC8C as UInt64))
    }

    @Test func `forfeits are matches, two forfeits are none`() throws {
        #expect(Match.matches(of: try scored(["a", "b"], [nil, 1])).map(\.score) == [0])
        #expect(Match.matches(of: try scored(["a", "b"], [nil, nil])).isEmpty)
    }
}
