import AgonCore
import AgonJudging
import Testing

/// Simulated judges with a taste for the first place, from their replies to the preference pairs.
struct BiasedJudgeTests {
    /// Rooms of two, one answer better; which seat it has alternates.
    private func run(
        _ count: Int, labels: PairLabels = .hard, comparer: RuleComparer
    ) async throws -> (pairs: [PreferencePair], rooms: [RoomResult], tally: OrderTally) {
        let judge = BothOrdersJudge(id: JudgeID(name: "biased"), labels: labels, comparer: comparer)
        let rollouts = (0..<count).map { index in
            let (good, bad) = (rollout("good \(index)", gold: 1), rollout("bad \(index)", gold: 0))
            return index % 2 == 0 ? [good, bad] : [bad, good]
        }
        let rooms = (0..<count).map { room(["a", "b"], index: $0, prompt: "p\($0)") }
        let tasks = zip(rooms, rollouts).compactMap {
            RoomJudging.task(for: $0, rollouts: $1, seed: Seed(run: 5), needsReference: false)
        }
        let (judgements, tally) = try await judge.judgeWithTally(tasks)
        let results = try (0..<count).map {
            try RoomJudging.result(room: rooms[$0], rollouts: rollouts[$0], judge: judge.id, judgement: judgements[$0])
        }
        return (results.flatMap { PreferencePair.pairs(inRoom: $0, selection: .bestVsWorst, labels: labels) }, results, tally)
    }

    @Test func `a judge that always prefers the first place makes no preference pair of a thousand`() async throws {
        let (pairs, rooms, tally) = try await run(1000, comparer: RuleComparer { _ in ComparisonReply(.first) })
        #expect(pairs.isEmpty && rooms.allSatisfy { $0.verdicts[0].verdict == .tie })
        #expect(tally.pairCount == 1000 && tally.discardRate == 1 && tally.firstShownRate == 1)
        #expect(rooms.flatMap { Match.matches(of: $0) }.allSatisfy { $0.score == 0.5 })
    }

    /// In one of five replies blindly the first place, else right with probability 0.8.
    private static let biased = RuleComparer { comparison in
        var draw = SeededGenerator(Seed(run: comparison.id).child(.judge, named: comparison.first))
        if draw.unit() < 0.2 { return ComparisonReply(.first) }
        let isRight = draw.unit() < 0.8
        return ComparisonReply(comparison.first.hasPrefix("good") == isRight ? .first : .second)
    }

    @Test func `both orders make a biased judge's pairs more right than the judge, at a price that is told`() async throws {
        let (pairs, rooms, tally) = try await run(20_000, comparer: Self.biased)
        let right = pairs.count { rooms[$0.chosen.room].rollouts[$0.chosen.seat].gold == 1 }
        let accuracy = Double(right) / Double(pairs.count)
        // 0.84 · 0.64 right in both orders, 0.16 · 0.36 wrong in both.
        #expect(abs(accuracy - 0.5376 / 0.5952) < 0.01 && accuracy >= 0.9)
        #expect(abs((tally.discardRate ?? 0) - 0.4048) < 0.01)
        #expect(pairs.count == tally.consistentCount && pairs.count + tally.inconsistentCount == 20_000)
        #expect(abs((tally.firstShownRate ?? 0) - 0.6) < 0.01)
    }

    @Test func `with soft labels what the orders disagree about trains as even`() async throws {
        let (pairs, rooms, tally) = try await run(2000, labels: .soft, comparer: Self.biased)
        #expect(pairs.count == 2000 && pairs.count { $0.label == 1 } == tally.consistentCount)
        let even = pairs.filter { $0.label == 0.5 }
        #expect(even.count == tally.inconsistentCount)
        let right = even.count { rooms[$0.chosen.room].rollouts[$0.chosen.seat].gold == 1 }
        #expect(abs(Double(right) / Double(even.count) - 0.5) < 0.06)
    }
}
