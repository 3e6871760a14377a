import AgonCore
import AgonJudging
import Testing

struct PreferencePairTests {
    private func seats(_ pairs: [PreferencePair]) -> [[Int]] { pairs.map { [$0.chosen.seat, $0.rejected.seat] } }

    @Test func `each selection takes the pairs that its name says`() throws {
        let result = try scored(["a", "b", "c", "d"], [2, 4, 1, 3])
        #expect(seats(PreferencePair.pairs(inRoom: result, selection: .bestVsWorst)) == [[1, 2]])
        #expect(seats(PreferencePair.pairs(inRoom: result, selection: .adjacent)) == [[0, 2], [3, 0], [1, 3]])
        #expect(PreferencePair.pairs(inRoom: result, selection: .all).count == 6)
        #expect(PairSelection.allCases.map(\.rawValue) == ["best_vs_worst", "all", "adjacent"])
    }

    @Test func `a pair carries round, prompt, rooms, seats, versions and judge`() throws {
        let place = room(["a", "b"], index: 4, prompt: "q")
        let pair = try #require(
            PreferencePair.pairs(inRoom: scored(["a", "b"], [1, 2], in: place), selection: .all).first)
        #expect(pair.round == 3 && pair.promptID == "q" && pair.judge == JudgeID(name: "points"))
        #expect(pair.chosen == RolloutAddress(room: 4, seat: 1, policy: PolicyID(agent: "b", version: 0)))
        #expect(pair.rejected == RolloutAddress(room: 4, seat: 0, policy: PolicyID(agent: "a", version: 0)))
    }

    @Test(arguments: PairSelection.allCases)
    func `a tie is not a win for the first`(selection: PairSelection) throws {
        #expect(PreferencePair.pairs(inRoom: try decided(["a", "b"], [.tie]), selection: selection).isEmpty)
        let cycle = try decided(["a", "b", "c"], [.first, .second, .first])
        #expect(PreferencePair.pairs(inRoom: cycle, selection: selection).isEmpty)
    }

    @Test(arguments: PairSelection.allCases)
    func `an unreadable verdict is nobody's loss, in either order`(selection: PairSelection) throws {
        #expect(Verdict.void.flipped == .void && Verdict.void.score == nil)
        let room = try decided(["a", "b"], [.void])
        #expect(PreferencePair.pairs(inRoom: room, selection: selection).isEmpty)
        #expect(Match.matches(of: room).isEmpty)
        // b is better by points than c, but nobody compared them.
        let apart = try decided(["a", "b", "c"], [.tie, .first, .void])
        #expect(apart.ranking.ranks == [1, 2, 3])
        #expect(!seats(PreferencePair.pairs(inRoom: apart, selection: selection)).contains([1, 2]))
    }

    @Test func `rank zero is no mask: the winner is chosen wherever it sits`() throws {
        for winner in 0..<3 {
            let scores = (0..<3).map { $0 == winner ? 2.0 : Double($0) / 10 }
            let pairs = PreferencePair.pairs(inRoom: try scored(["a", "b", "c"], scores), selection: .bestVsWorst)
            #expect(pairs.map(\.chosen.seat) == [winner])
        }
    }

    @Test(arguments: PairSelection.allCases)
    func `a forfeit may be rejected, never chosen`(selection: PairSelection) throws {
        let result = try scored(["a", "b", "c"], [nil, 1, nil])
        let pairs = PreferencePair.pairs(inRoom: result, selection: selection)
        #expect(!pairs.isEmpty && pairs.allSatisfy { $0.chosen.seat == 1 })
        #expect(PreferencePair.pairs(inRoom: try scored(["a", "b"], [nil, nil]), selection: selection).isEmpty)
    }

    @Test(arguments: PairSelection.allCases)
    func `identical texts, and seats without tokens, make no pair`(selection: PairSelection) throws {
        let same = try decided(["a", "b"], [.first], rollouts: [rollout("x"), rollout("x")])
        #expect(PreferencePair.pairs(inRoom: same, selection: selection).isEmpty)
        let scripted = try decided(
            ["perfect", "a", "b"], [.first, .first, .first],
            rollouts: [rollout("x", hasTokens: false), rollout("y"), rollout("z")])
        #expect(seats(PreferencePair.pairs(inRoom: scripted, selection: selection)) == [[1, 2]])
    }

    @Test func `a seat above the one it lost to makes no pair`() throws {
        // a 2 of 3, d 1 of 3, but d beat a.
        let room = try decided(["a", "b", "c", "d"], [.first, .first, .second, .tie, .first, .first])
        #expect(room.ranking.ranks[0].map { $0 < (room.ranking.ranks[3] ?? 0) } == true)
        #expect(!seats(PreferencePair.pairs(inRoom: room, selection: .all)).contains([0, 3]))
        #expect(!seats(PreferencePair.pairs(inRoom: room, selection: .all)).contains([3, 0]))
    }

    @Test func `among tied best and worst no seat is favoured`() throws {
        var chosen = [0, 0, 0, 0]
        for index in 0..<400 {
            let place = room(["a", "b", "c", "d"], index: index, prompt: "p\(index)")
            let result = try scored(["a", "b", "c", "d"], [1, 0, 1, 0], in: place)
            let pairs = PreferencePair.pairs(inRoom: result, selection: .bestVsWorst)
            #expect(pairs == PreferencePair.pairs(inRoom: result, selection: .bestVsWorst) && pairs.count == 1)
            chosen[pairs[0].chosen.seat] += 1
            chosen[pairs[0].rejected.seat] += 1
        }
        #expect(chosen.reduce(0, +) == 800 && chosen.allSatisfy { (150...250).contains($0) })
    }

    @Test func `an agent's own pairs are those it sits in`() throws {
        let pairs = PreferencePair.pairs(inRoom: try scored(["a", "b", "c"], [1, 2, 3]), selection: .all)
        #expect(pairs.count == 3)
        #expect(seats(pairs.filter(involving: "a")) == [[1, 0], [2, 0]])
    }
}

struct TrajectoryPairTests {
    /// A game and its return game.
    private func games(
        _ first: Verdict, _ second: Verdict, rollouts: [[Rollout]]? = nil, prompts: [String] = ["o", "o"]
    ) throws -> [RoomResult] {
        let made = rollouts ?? (0..<2).map { game in (0..<2).map { rollout("game \(game) seat \($0)") } }
        return try [(["a", "b"], first), (["b", "a"], second)].enumerated().map { index, game in
            try decided(
                game.0, [game.1], rollouts: made[index], in: room(game.0, index: index, prompt: prompts[index]))
        }
    }

    private func names(_ pairs: [PreferencePair]) -> [String] {
        pairs.map { "\($0.chosen.policy.agent)>\($0.rejected.policy.agent) at \($0.chosen.seat)\($0.rejected.seat)" }
    }

    @Test func `the better outcome from the same side is chosen`() throws {
        let sweep = PreferencePair.trajectoryPairs(inGroup: try games(.first, .second))
        #expect(names(sweep) == ["a>b at 00", "a>b at 11"])
        #expect(names(PreferencePair.trajectoryPairs(inGroup: try games(.tie, .first))) == ["b>a at 00", "b>a at 11"])
        #expect(names(PreferencePair.trajectoryPairs(inGroup: try games(.second, .tie))) == ["b>a at 00", "b>a at 11"])
    }

    @Test func `by gold what the game paid decides, whoever beat whom`() throws {
        // Tit for tat (b) loses both games by a little and is paid more from each side than who defects.
        let shares: [[Double]] = [[0.3, 0.6], [0.6, 0.5]]
        let paid = shares.map { game in game.map { Rollout(text: "t\($0)", sequence: TokenSequence(prompt: [1], completion: [2]), gold: $0) } }
        let rooms = try games(.first, .second, rollouts: paid)
        #expect(names(PreferencePair.trajectoryPairs(inGroup: rooms)) == ["a>b at 00", "a>b at 11"])
        #expect(names(PreferencePair.trajectoryPairs(inGroup: rooms, comparing: .gold)) == ["b>a at 00", "b>a at 11"])
        let unpaid = try games(.first, .second)
        #expect(PreferencePair.trajectoryPairs(inGroup: unpaid, comparing: .gold).isEmpty)
    }

    @Test func `equal outcomes, voids and other openings make no pair`() throws {
        for verdict in Verdict.allCases {
            #expect(PreferencePair.trajectoryPairs(inGroup: try games(verdict, verdict)).isEmpty)
        }
        #expect(PreferencePair.trajectoryPairs(inGroup: try games(.void, .first)).isEmpty)
        #expect(PreferencePair.trajectoryPairs(inGroup: try games(.first, .second, prompts: ["o", "p"])).isEmpty)
    }

    @Test func `a forfeit is zero points for its side and one for the other`() throws {
        let rollouts = [
            [rollout("i", forfeit: .illegal), rollout("j")], [rollout("k"), rollout("l")],
        ]
        let rooms = try [(["a", "b"], nil), (["b", "a"], Verdict.tie)].enumerated().map { index, game in
            try RoomJudging.result(
                room: room(game.0, index: index), rollouts: rollouts[index], judge: JudgeID(name: "referee"),
                judgement: game.1.map { Judgement(verdicts: [PairVerdict(first: 0, second: 1, verdict: $0)]) })
        }
        #expect(names(PreferencePair.trajectoryPairs(inGroup: rooms)) == ["b>a at 00", "b>a at 11"])
    }

    @Test func `sides without tokens of their own make no pair`() throws {
        let noOwn = Rollout(text: "n", sequence: TokenSequence(tokens: [1], own: [false]))
        let rollouts = [[rollout("i", hasTokens: false), rollout("j")], [rollout("k"), noOwn]]
        #expect(PreferencePair.trajectoryPairs(inGroup: try games(.first, .second, rollouts: rollouts)).isEmpty)
    }

    @Test func `an agent against itself learns from each side of its games`() throws {
        let rooms = try [Verdict.first, .second].enumerated().map { index, verdict in
            try decided(
                ["a", "a"], [verdict], rollouts: [rollout("game \(index)"), rollout("game \(index)")],
                in: room(["a", "a"], index: index))
        }
        #expect(names(PreferencePair.trajectoryPairs(inGroup: rooms)) == ["a>a at 00", "a>a at 11"])
    }
}
