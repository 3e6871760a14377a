import AgonAgents
import AgonCore
import AgonStore
import AgonTraining
import AgonTransformer
import Foundation
import Testing

@testable import AgonTournament

/// Whole runs of agents whose weights are held in other formats than float32.
@Suite struct WeightFormatStoryTests {
    @Test("a run decides the same on one thread and on two, and every version replays what it drew, to the bit")
    func replay() async throws {
        let arena = try StoryArena(StoryArena.formats)
        let tournament = try arena.tournament("one", threads: 1)
        let signature = try await tournament.play()
        #expect(try await arena.tournament("two", threads: 2, roomsPerWave: 64).play() == signature)
        let loaded = tournament.arena
        let formats = ["small", "otto", "half"].map { loaded.starts[$0]?.weights }
        #expect(formats == [.int8, .float32, .bfloat16])
        #expect(Set(loaded.models.values.map { ObjectIdentifier($0.parameters) }).count == 1)

        let versions = try tournament.store.versions(run: tournament.run.id)
        let learners = try RunState(arena: loaded, seed: Seed(run: tournament.run.seed)).learners
        var models: [PolicyID: Transformer] = [:]
        func model(_ id: PolicyID) throws -> Transformer? {
            if let known = models[id] { return known }
            var weights = learners[id.agent]?.weights
            if id.version > 0, let start = weights {
                let record = try #require(versions.first { $0.name == id.agent && $0.version == id.version })
                weights = try tournament.checkpoints.load(record, like: start)
            }
            models[id] = loaded.transformer(id.agent, weights)
            return models[id]
        }
        for round in 1...3 {
            for result in try tournament.store.roomResults(run: tournament.run.id, round: round) {
                for (seat, rollout) in zip(result.room.seats, result.rollouts) {
                    guard let sequence = rollout.sequence, let model = try model(seat) else { continue }
                    #expect(try model.logProbs(of: [sequence])[0] == rollout.logProbs, "\(seat) in round \(round)")
                }
            }
        }
        #expect(["small", "otto"].allSatisfy { name in models.keys.contains { $0.agent == name && $0.version > 0 } })
        for version in versions where version.version > 0 {
            let note = try String(contentsOfFile: "\(arena.folder)/one/\(version.path)/update.json", encoding: .utf8)
            #expect(note.contains("\"weights\" : \"int8\"") == (version.name == "small"))
        }
        for update in try tournament.report().updates where update.stepCount > 0 {
            #expect(abs((update.metrics["loss/first"] ?? 0) - log(2)) < 1e-6, "\(update.agent): the reference is its base")
        }
    }

    /// Nats between the log-probability of a token under rounded weights and under exact ones.
    private static let bounds: [(story: String, format: WeightFormat, mean: Double, most: Double)] = [
        (StoryArena.prompts, .bfloat16, 0.004, 0.03), (StoryArena.prompts, .int8, 0.018, 0.11),
        (StoryArena.game, .bfloat16, 0.004, 0.03), (StoryArena.game, .int8, 0.018, 0.11),
    ]

    @Test("rounded weights move the log-probabilities of the committed models by no more than a stated bound", arguments: bounds)
    func accuracy(story: String, format: WeightFormat, mean: Double, most: Double) async throws {
        let arena = try StoryArena(story.replacing("rounds: 3", with: "rounds: 1"))
        let tournament = try arena.tournament("db")
        try await tournament.play()
        let results = try tournament.store.roomResults(run: tournament.run.id, round: 1)
        let learner = try #require(tournament.arena.learners.first)
        let model = try #require(tournament.arena.starts[learner])
        let sequences = results.flatMap { result in
            zip(result.room.seats, result.rollouts).compactMap { $0.agent == learner ? $1.sequence : nil }
        }
        let (exact, rounded) = (try model.logProbs(of: sequences), try model.held(in: format).logProbs(of: sequences))
        let distances = zip(exact.joined(), rounded.joined()).map { Double(abs($0 - $1)) }
        #expect(distances.count > 50)
        let average = distances.reduce(0, +) / Double(distances.count)
        let greatest = distances.max() ?? 0
        #expect(average > 0 && average < mean && greatest < most, "\(format): mean \(average), at most \(greatest)")
    }

    @Test("another format is another run, of agents as of the judge")
    func otherRun() throws {
        let arena = try StoryArena(StoryArena.formats)
        func run() throws -> String { try arena.tournament("db").run.id }
        let first = try run()
        #expect(try run() == first)
        let agent = "kind: transformer\nmodel: ROOT/agents/novice\n"
        var seen: Set = [first]
        for weights in ["fp32", "bf16"] {
            try arena.write(agent + "weights: \(weights)\n", "agents/small/agent.yaml")
            #expect(try seen.insert(run()).inserted, "\(weights)")
        }
        try arena.write(agent + "weights: int8\n", "agents/small/agent.yaml")
        #expect(try run() == first)
        try arena.write(StoryArena.formats.replacing(", bf16: true", with: ""), "arena.yaml")
        #expect(try seen.insert(run()).inserted)

        try arena.write("kind: reward_model\nmodel: ROOT/judges/sorter/model\n", "judges/half/judge.yaml")
        try arena.write(
            StoryArena.prompts.replacing("ROOT/judges/sorter, canaries: 4, refresh: {steps: 2}", with: "HERE/judges/half"),
            "arena.yaml")
        let exact = try run()
        try arena.write("kind: reward_model\nmodel: ROOT/judges/sorter/model\nweights: bf16\n", "judges/half/judge.yaml")
        #expect(try run() != exact)
    }

    @Test("a frozen judge held as int8 judges, the same on one thread and on two")
    func judge() async throws {
        let arena = try StoryArena(
            StoryArena.prompts.replacing("ROOT/judges/sorter, canaries: 4, refresh: {steps: 2}", with: "HERE/judges/small")
                .replacing("rounds: 3", with: "rounds: 1"))
        try arena.write("kind: reward_model\nmodel: ROOT/judges/sorter/model\nweights: int8\n", "judges/small/judge.yaml")
        let signature = try await arena.tournament("one", threads: 1).play()
        #expect(try await arena.tournament("two", threads: 2).play() == signature)
    }

    @Test("formats that cannot be are refused with file, line and remedy")
    func refusals() throws {
        let arena = try StoryArena(StoryArena.formats)
        func sentence(_ text: String) throws -> String {
            try arena.write(text, "arena.yaml")
            let error = #expect(throws: AgentError.self) { try Arena(file: arena.file) }
            return error?.message ?? ""
        }
        let whole = try sentence(StoryArena.formats.replacing(/training: .*/, with: "training: {bf16: true}"))
        for part in ["small/agent.yaml:3: small trains all its weights", "held as int8", "`training.lora_r`", "`training.bf16`"] {
            #expect(whole.contains(part), "\(whole)")
        }
        let idle = try sentence(StoryArena.formats.replacing("ROOT/agents/otto, ", with: ""))
        #expect(idle.contains("nothing would read `training.bf16`: all learners train adapters on bf16 or int8 weights"), "\(idle)")
        let narrow = try sentence(StoryArena.formats.replacing("ROOT/agents/otto, ", with: "").replacing("anchors: [HERE/agents/half, ", with: "anchors: ["))
        #expect(narrow == idle)
        let nobody = try sentence(StoryArena.formats.replacing("anchors: [", with: "anchors: [HERE/agents/small, ROOT/agents/otto, "))
        #expect(nobody.contains("nothing would read `training.bf16`: nobody learns"), "\(nobody)")
        try arena.write("kind: reward_model\nmodel: ROOT/judges/sorter/model\nweights: bf16\n", "judges/half/judge.yaml")
        let judge = try sentence(StoryArena.prompts.replacing("ROOT/judges/sorter", with: "HERE/judges/half"))
        #expect(judge.contains("half/judge.yaml:3: half learns") && judge.contains("`judge.refresh`"), "\(judge)")
    }

    @Test("check, the listing and a copied agent say which format it is, where it is not float32")
    func listing() throws {
        let arena = try StoryArena(StoryArena.formats)
        let catalog = Catalog(root: arena.folder)
        let agents = try catalog.agents(database: arena.database("none"))
        #expect(agents.map(\.weights) == ["bf16", nil, "int8"])
        let table = ListingTable.text(agents, width: 200)
        #expect(table.contains("novice/model as int8") && !table.contains("as fp32"))
        #expect(catalog.check(arena.folder + "/agents/small", as: .agent).message.contains("parameters held as int8 from"))
        let message = catalog.check(arena.file, as: .arena).message
        #expect(
            message.contains("Weights are held: small as int8, half as bf16. Training of otto multiplies in bf16. It takes at most"),
            "\(message)")
        try arena.write(StoryArena.formats.replacing("HERE/agents/small", with: "ROOT/agents/xena"), "arena.yaml")
        let whole = catalog.check(arena.file, as: .arena).message
        #expect(whole.contains("held: half as bf16. Training multiplies in bf16. It takes at most"), "\(whole)")
        #expect(!catalog.check(StoryArena.root + "/agents/novice", as: .agent).message.contains("held as"))
        let copy = try NewAgent(name: "copy", source: .agent("small")).thing(in: catalog)
        #expect(copy.files[0].text.contains("\nweights: int8 "))
    }
}
