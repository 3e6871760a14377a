import AgonCore
import AgonStore
import Testing

@Suite struct OutsideAgentTests {
    @Test func reasonsAndCostsComeBackAndAreSummed() throws {
        let (arena, folder) = (SmallArena(), try TemporaryFolder())
        let store = try arena.store(in: folder)
        var rooms = arena.rooms(round: 1, count: 4)
        for index in rooms.indices {
            for seat in rooms[index].rollouts.indices {
                rooms[index].rollouts[seat].forfeit = index == 0 ? nil : index == 1 ? .crashed : .disqualified
                rooms[index].rollouts[seat].reason = index == 0 ? "" : "reason \(index)\0\u{2028}"
                guard index < 2 else { continue }
                var usage = JudgeUsage()
                (usage.requestCount, usage.cachedCount, usage.retryCount) = (1, 2, 3)
                (usage.promptTokenCount, usage.completionTokenCount, usage.cost, usage.seconds) = (4, 5, 0.5, 0.25)
                rooms[index].rollouts[seat].usage = usage
            }
        }
        try store.save(rooms: rooms, run: arena.run.id)
        #expect(try store.roomResults(run: arena.run.id, round: 1) == rooms)
        var (reasons, costs) = ([String: String](), [String: Double]())
        for room in rooms {
            for (policy, rollout) in zip(room.room.seats, room.rollouts) {
                if rollout.forfeit == .disqualified, reasons[policy.agent] == nil { reasons[policy.agent] = rollout.reason }
                if let usage = rollout.usage { costs[policy.agent, default: 0] += usage.cost }
            }
        }
        #expect(!reasons.isEmpty && costs.count > 1)
        #expect(try store.disqualifications(run: arena.run.id) == reasons)
        let usage = try store.agentUsage(run: arena.run.id)
        #expect(usage.mapValues(\.cost) == costs)
        #expect(try store.cost(run: arena.run.id) == costs.values.reduce(0, +) + rooms.compactMap(\.usage?.cost).reduce(0, +))
        #expect(usage.allSatisfy { $0.value.requestCount == Int(2 * (costs[$0.key] ?? 0)) && $0.value.retryCount == 3 * $0.value.requestCount })
    }
}
