import AgonAgents
import AgonTraining
import AgonTransformer
import Testing

@testable import AgonTournament

/// Arenas that would not fit into memory are refused before anything starts.
@Suite struct ArenaMemoryTests {
    @Test("an arena that needs more than the machine has is refused with its parts and a remedy, and runs where it fits")
    func refusal() throws {
        let arena = try StoryArena(StoryArena.prompts)
        let loaded = try Arena(file: arena.folder + "/arena.yaml")
        let options = TournamentOptions(threads: 1)
        let plan = try loaded.memoryPlan(options)
        #expect(plan.optimiser > 0 && plan.keyValueCache > 0 && plan.total < 1 << 30)
        try loaded.checkMemory(options, physical: UInt64(plan.total))
        #expect {
            try loaded.checkMemory(options, physical: UInt64(plan.total) - 1)
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
        let options = TournamentOptions(threads: 1)
        let (plan, whole) = (try Arena(file: arena.file).memoryPlan(options), try Arena(file: one.file).memoryPlan(options))
        #expect(plan.parameters == whole.parameters && plan.optimiser == whole.optimiser)
        #expect(plan.keyValueCache == whole.keyValueCache, "bases answer one after another")
        // float32, bf16 and int8 to answer with; bf16 backward for int8; bf16 twice where training narrows float32.
        // Without narrow formats: float32 once to answer with, and once backward for each of two learners.
        let quarters = Double(plan.packedWeights) / Double(whole.packedWeights) * 12
        #expect((13.0...14.0).contains(quarters), "\(quarters)")
    }

    @Test("each thread has a cache of its own, as far as there are answers to fill them")
    func caches() throws {
        let story = try StoryArena(StoryArena.game)
        defer { withExtendedLifetime(story) {} }
        let arena = try Arena(file: story.file)
        func cache(_ threads: Int) throws -> Int { try arena.memoryPlan(TournamentOptions(threads: threads)).keyValueCache }
        // 12 rooms of the two learners, 12 and 2 of each with the three anchors: 12 + 6 · … rooms of two seats.
        let slots = 2 * min(arena.roomsPerRound, 256)
        #expect((65...127).contains(slots), "\(slots) answers are asked for at once")
        let one = try cache(1)
        #expect(try cache(2) == one / 64 * slots && cache(8) == one / 64 * slots)
        #expect(try arena.memoryPlan(TournamentOptions(threads: 8, roomsPerWave: 5)).keyValueCache == one / 64 * 32)
    }

    @Test("a judge that learns is trained in the plan: its gradient, its moments and the version beside the one that was loaded")
    func judge() throws {
        let options = TournamentOptions(threads: 1)
        let story = StoryArena.prompts
        let (learning, fixed) = (try StoryArena(story), try StoryArena(story.replacing(", refresh: {steps: 2}", with: "")))
        let (plan, without) = (try Arena(file: learning.file).memoryPlan(options), try Arena(file: fixed.file).memoryPlan(options))
        let config = try #require(try Arena(file: fixed.file).judges.members.first?.model?.config)
        let weights = 4 * ParameterLayout(config).count
        #expect(plan.gradients - without.gradients == weights && plan.optimiser - without.optimiser == 2 * weights)
        // Three times all weights, and of a judge that stays only what is not read packed.
        let kept = 4 * ParameterLayout(config).residentCount
        #expect(kept < weights && plan.parameters - without.parameters == 3 * weights - kept)
        #expect(plan.activations > without.activations)
        #expect(plan.packedWeights - without.packedWeights == 2 * WeightFormat.float32.byteCount(of: config))
    }

    @Test("float32 matrices stay where all weights are trained, and are given back under adapters, anchors and a judge that stays")
    func released() throws {
        let (adapters, learning) = (try StoryArena(StoryArena.formats), try StoryArena(StoryArena.prompts))
        let whole = try StoryArena(StoryArena.prompts.replacing(", refresh: {steps: 2}", with: ""))
        defer { withExtendedLifetime((adapters, learning, whole)) {} }
        let (narrow, exact) = (try Arena(file: adapters.file), try Arena(file: whole.file))
        #expect(narrow.starts.values.allSatisfy { !$0.parameters.hasMatrices })
        for learner in exact.learners { #expect(exact.starts[learner]?.parameters.hasMatrices == true) }
        #expect(exact.judges.members.first?.frozen?.parameters.hasMatrices == false)
        let learned = try #require(try Arena(file: learning.file).judges.members.first)
        #expect(learned.frozen == nil && learned.model?.parameters.hasMatrices == true)
    }

    @Test("threads that updates leave over are shared among them")
    func threads() {
        func threads(_ all: Int, _ updates: Int) -> Int { TournamentOptions(threads: all).threads(forEachOf: updates) }
        #expect(threads(8, 1) == 8 && threads(8, 3) == 2 && threads(2, 3) == 1 && threads(1, 0) == 1)
    }
}
