import AgonAgents
import AgonTraining
import Testing

@testable import AgonTournament

/// Arenas that would not fit into memory are refused before anything starts.
@Suite struct ArenaMemoryTests {
    @Test("an arena that needs more than the machine has is refused with its parts and a remedy, and runs where it fits")
    func refusal() throws {
        let arena = try StoryArena(StoryArena.prompts)
        let loaded = try Arena(file: arena.folder + "/arena.yaml")
        let plan = try loaded.memoryPlan()
        #expect(plan.optimiser > 0 && plan.keyValueCache > 0 && plan.total < 1 << 30)
        try loaded.checkMemory(physical: UInt64(plan.total))
        #expect {
            try loaded.checkMemory(physical: UInt64(plan.total) - 1)
        } throws: { error in
            let message = (error as? AgentError)?.message ?? ""
            return message.contains("arena.yaml: a run takes up to") && message.contains("optimiser")
                && message.contains("lower `training.batch_size`")
        }
    }
}
