import AgonCore
import Testing

@testable import AgonStore

@Suite("What people vote on and what becomes of it") struct BallotTests {
    private let arena = SmallArena()

    /// Whether two seats of a room differ in more than white space, and neither was decided by a rule.
    private func isVotable(_ result: RoomResult, _ pair: PairVerdict) -> Bool {
        let (one, two) = (result.rollouts[pair.first], result.rollouts[pair.second])
        return !pair.byRule && one.forfeit == nil && two.forfeit == nil && one.text != two.text
    }

    @Test("pairs of closed rounds without forfeits and rules are votable where their texts differ")
    func votable() throws {
        let folder = try TemporaryFolder()
        let store = try arena.store(in: folder, closedRounds: 2)
        try store.save(rooms: arena.rooms(round: 3), run: arena.run.id)
        let expected = (1...2).flatMap { round in
            arena.rooms(round: round).flatMap { result in
                result.verdicts.filter { isVotable(result, $0) }.sorted { ($0.first, $0.second) < ($1.first, $1.second) }
                    .map { pair in
                        let heard = result.votes.filter {
                            $0.first == pair.first && $0.second == pair.second && $0.verdict != .void
                        }
                        let isSplit = heard.contains { vote in
                            vote.verdict != pair.verdict || (vote.straight != nil && vote.straight != vote.swapped)
                        }
                        return VotablePair(
                            round: round, room: result.room.index, first: pair.first, second: pair.second,
                            agents: [pair.first, pair.second].map { result.room.seats[$0].agent },
                            isCanary: result.room.isCanary, isContested: [.tie, .void].contains(pair.verdict) || isSplit)
                    }
            }
        }
        #expect(try store.votablePairs(run: arena.run.id, person: "eve") == expected)
        #expect(expected.count > 5 && expected.contains(where: \.isContested) && !expected.allSatisfy(\.isContested))
        #expect(try store.judgeNames(run: arena.run.id) == ["ada", "bea"])
        #expect(try store.roomResult(run: arena.run.id, round: 2, room: 7) == arena.room(round: 2, index: 7))
        #expect(try store.roomResult(run: arena.run.id, round: 2, room: 99) == nil)
    }

    @Test("white space around a text makes no difference")
    func whiteSpace() throws {
        let folder = try TemporaryFolder()
        let store = try arena.store(in: folder)
        var room = arena.room(round: 1, index: 0)
        room.rollouts = ["same", " same\n"].map { Rollout(text: $0) }
        room.scores = []
        room.verdicts = [PairVerdict(first: 0, second: 1, verdict: .first)]
        try store.save(rooms: [room], run: arena.run.id)
        var closing = arena.closing(round: 1)
        (closing.matches, closing.pairs, closing.proof) = ([], [], nil)
        try store.close(closing, run: arena.run.id)
        #expect(try store.votablePairs(run: arena.run.id, person: "eve").isEmpty)
    }

    @Test("a vote shows at the next asking and goes again, unless a round has learned from it")
    func takenBack() throws {
        let folder = try TemporaryFolder()
        let store = try arena.store(in: folder, closedRounds: 1)
        let pairs = try store.votablePairs(run: arena.run.id, person: "eve")
        let canary = try #require(pairs.first { $0.isCanary })
        let other = try #require(pairs.first { !$0.isCanary })
        let votes = [canary, other].map { pair in
            PersonalVote(
                round: pair.round, room: pair.room,
                vote: Vote(judge: JudgeID(name: "eve"), first: pair.first, second: pair.second, verdict: .second))
        }
        try store.save(votes: votes, run: arena.run.id)
        #expect(try store.votablePairs(run: arena.run.id, person: "eve").count(where: \.isVoted) == 2)
        #expect(try store.votablePairs(run: arena.run.id, person: "bob").count(where: \.isVoted) == 0)
        #expect(try store.takeVotes(run: arena.run.id, round: 2).count == 1)
        #expect(try !store.remove(vote: votes[0], run: arena.run.id))
        #expect(try store.remove(vote: votes[1], run: arena.run.id))
        #expect(try store.personalVotes(run: arena.run.id).map(\.room) == [canary.room])
    }

    @Test("votes are pairs for those who ask for the person or for all people, and for nobody else")
    func exported() throws {
        let folder = try TemporaryFolder()
        let store = try arena.store(in: folder, closedRounds: 2)
        func pairs(_ filter: PairFilter) throws -> [StoredPair] {
            var pairs: [StoredPair] = []
            try store.forEachPair(filter) { pairs.append($0) }
            return pairs
        }
        let before = try pairs(PairFilter())
        let votable = try store.votablePairs(run: arena.run.id, person: "eve")
        for (name, verdict) in [("eve", Verdict.second), ("bob", .tie), ("kim", .first)] {
            try store.save(
                votes: votable.map {
                    PersonalVote(
                        round: $0.round, room: $0.room,
                        vote: Vote(judge: JudgeID(name: name), first: $0.first, second: $0.second, verdict: verdict))
                }, run: arena.run.id)
        }
        let tokened = votable.filter { !$0.agents.contains("random") }
        let eves = try pairs(PairFilter(judge: "eve"))
        #expect(eves.count == tokened.count && tokened.count > 1 && tokened.count < votable.count)
        for (pair, seats) in zip(eves, tokened) {
            let result = arena.room(round: seats.round, index: seats.room)
            #expect(pair.round == seats.round && pair.chosen.address.room == seats.room && pair.prompt == result.room.prompt.text)
            #expect(pair.chosen.address.seat == seats.second && pair.rejected.address.seat == seats.first)
            #expect(pair.chosen.text == result.rollouts[seats.second].text && pair.rejected.text == result.rollouts[seats.first].text)
            #expect(pair.judge == JudgeID(name: "eve") && pair.label == 1 && pair.margin == nil)
        }
        #expect(try pairs(PairFilter(judge: "bob")).isEmpty)
        #expect(try pairs(PairFilter(judge: PairFilter.everybody)).count == 2 * tokened.count)
        #expect(try pairs(PairFilter(rounds: 2...2, judge: "eve")).count == tokened.count { $0.round == 2 })
        #expect(try pairs(PairFilter(judge: "eve", minMargin: 0)).isEmpty)
        #expect(try pairs(PairFilter()) == before)
    }
}
