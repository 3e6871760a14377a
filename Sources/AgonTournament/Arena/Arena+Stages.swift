import AgonAgents
import AgonCore
import AgonGames
import AgonScheduling

extension Arena {
    /// Stages need answers instead of moves, tables that are large enough, and a task that checks proposals.
    func checkStages() throws {
        guard let plan = configuration.stages else { return }
        let file = configuration.file
        guard game == nil else {
            throw AgentError(.badValue, "\(file): a game is not played in `stages`: remove them, or use `task` or `prompts`.")
        }
        if case .proposals = plan, task == nil {
            throw AgentError(.badValue, "\(file): proposals are checked by a `task` such as \(PromptTasks.names.joined(separator: " or ")), which this arena has not: use `task`, or stages that begin with `answer`.")
        }
        let seats = firstPairings.map(\.seats.count)
        guard let fewest = seats.min(), let most = seats.max() else { return }
        guard fewest >= plan.leastSeatCount else {
            throw AgentError(.badValue, "\(file): these `stages` need rooms of at least \(plan.leastSeatCount) seats, and the schedule has rooms of \(fewest): use `schedule.kind: free_for_all` with more agents or `seats_per_learner`.")
        }
        guard most <= StageProtocol.seatLimit else {
            throw AgentError(.badValue, "\(file): `stages` take at most \(StageProtocol.seatLimit) seats a room, and the schedule has rooms of \(most): name fewer agents or lower `seats_per_learner`.")
        }
    }
}
