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

    @Test("one folder in two formats is packed twice and read once, each format at its own size")
    func formats() throws {
        let arena = try StoryArena(StoryArena.formats)
        let one = try StoryArena(StoryArena.formats.replacing("HERE/agents/small", with: "ROOT/agents/xena")
            .replacing("HERE/agents/half", with: "ROOT/agents/novice").replacing(", bf16: true", with: ""))
        let (plan, whole) = (try Arena(file: arena.file).memoryPlan(), try Arena(file: one.file).memoryPlan())
        #expect(plan.parameters == whole.parameters && plan.optimiser == whole.optimiser)
        #expect(plan.keyValueCache == 3 * whole.keyValueCache)
        // float32, bf16 and int8 to answer with; bf16 backward for int8; bf16 twice where training narrows float32.
        // Without narrow formats: float32 once to answer with, and once backward for each of two learners.
        let quarters = Double(plan.packedWeights) / Double(whole.packedWeights) * 12
        #expect((13.0...14.0).contains(quarters), "\(quarters)")
    }
}
