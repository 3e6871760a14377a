import AgonCore
import AgonJudging
import Testing

struct CycleTests {
    private func verdicts(_ said: [Verdict]) -> [PairVerdict] {
        var count = 2
        while count * (count - 1) / 2 < said.count { count += 1 }
        return zip(pairs(count), said).map { PairVerdict(first: $0.0, second: $0.1, verdict: $1) }
    }

    @Test func `circles are the strongly connected seats of wins`() {
        #expect(Cycles.groups(of: verdicts([.first, .second, .first]), seatCount: 3) == [[0, 1, 2]])
        #expect(Cycles.groups(of: verdicts([.first, .first, .first]), seatCount: 3).isEmpty)
        #expect(Cycles.groups(of: verdicts([.first, .second, .tie]), seatCount: 3).isEmpty)
        #expect(Cycles.groups(of: verdicts([.first, .second, .void]), seatCount: 3).isEmpty)
        // 0 > 1 > 2 > 0, all lose to 3, and 3 ties 4.
        let one = verdicts([.first, .second, .second, .second, .first, .second, .second, .second, .second, .tie])
        #expect(Cycles.groups(of: one, seatCount: 5) == [[0, 1, 2]])
    }

    @Test func `of every tournament of four seats a circle is what no order explains`() {
        for code in 0..<64 {
            let said = verdicts((0..<6).map { code >> $0 & 1 == 1 ? .first : .second })
            let wins = SeatPoints.perSeat(of: said, seatCount: 4).map(\.halfPoints).sorted()
            // A tournament is transitive where its scores are 0, 1, 2, 3 (Landau 1953).
            #expect(Cycles.groups(of: said, seatCount: 4).isEmpty == (wins == [0, 2, 4, 6]))
        }
    }
}

struct RoomAggregateTests {
    private func decided(_ count: Int, _ said: [(Int, Int, Verdict)]) -> [PairVerdict] {
        pairs(count).map { first, second in
            let match = said.first { $0.0 == first && $0.1 == second }
            return PairVerdict(first: first, second: second, verdict: match?.2 ?? .void)
        }
    }

    @Test func `beating the strong counts more than beating the weak`() {
        // 0 beat 1, 1 beat 2 and 3 beat 4, 4 lost to all: 0 and 3 are level by mean points.
        let said = decided(5, [(0, 1, .first), (1, 2, .first), (2, 4, .first), (3, 4, .first)])
        #expect(Ranking(verdicts: said, seatCount: 5, aggregate: .borda).ranks == [1, 3, 3, 1, 5])
        let ranks = Ranking(verdicts: said, seatCount: 5, aggregate: .bradleyTerry).ranks
        #expect(ranks[0] == 1 && ranks[4] == 5)
    }

    @Test func `where all met all both aggregates order alike, ties stay ties`() {
        for code in 0..<729 {
            var rest = code
            let said = pairs(4).map { first, second -> PairVerdict in
                defer { rest /= 3 }
                return PairVerdict(first: first, second: second, verdict: [.first, .second, .tie][rest % 3])
            }
            #expect(
                Ranking(verdicts: said, seatCount: 4, aggregate: .bradleyTerry)
                    == Ranking(verdicts: said, seatCount: 4, aggregate: .borda))
        }
    }

    @Test func `a seat with voids only has no rank, and renaming seats renames ranks`() {
        let said = decided(4, [(0, 1, .first), (1, 2, .tie)])
        let ranks = Ranking(verdicts: said, seatCount: 4, aggregate: .bradleyTerry).ranks
        #expect(ranks[3] == nil && ranks[0] == 1)
        let turned = decided(4, [(2, 3, .second), (1, 2, .tie)])
        #expect(Ranking(verdicts: turned, seatCount: 4, aggregate: .bradleyTerry).ranks == ranks.reversed())
    }

    @Test func `a room's forfeits rank below its valid seats by either aggregate`() throws {
        let rollouts = [rollout("x", forfeit: .empty), rollout("a"), rollout("y", forfeit: .empty), rollout("b")]
        for aggregate in RoomAggregate.allCases {
            let result = try RoomJudging.result(
                room: room(["a", "b", "c", "d"]), rollouts: rollouts, judge: JudgeID(name: "j"),
                judgement: Judgement(verdicts: [PairVerdict(first: 0, second: 1, verdict: .second)]),
                aggregate: aggregate)
            #expect(result.ranking.ranks == [3, 2, 3, 1])
        }
    }
}
