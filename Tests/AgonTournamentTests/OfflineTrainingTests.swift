import AgonAgents
import AgonTraining
import AgonTransformer
import Foundation
import Testing

@testable import AgonTournament

@Suite("Training on a file") struct OfflineTrainingTests {
    private let folder: PairFolder

    init() throws {
        folder = try PairFolder()
        try OfflineProject.make(in: folder)
        try folder.write(OfflineProject.pairs(24), "pairs.jsonl")
    }

    private func options(_ configuration: String? = nil, out: String? = nil, pairs: String = "pairs.jsonl") throws -> OfflineTrainingOptions {
        OfflineTrainingOptions(
            pairs: folder.path + "/" + pairs, agent: folder.path + "/agents/mini",
            configuration: try configuration.map { try folder.write($0, "train.yaml") }, out: out.map { folder.path + "/" + $0 },
            home: folder.path + "/leaderboard")
    }

    private func sentence(_ options: OfflineTrainingOptions) -> String {
        do {
            _ = try OfflineTraining(options).run(threads: 1)
            return ""
        } catch let error as AgentError {
            return error.message
        } catch { return (error as? TournamentError)?.message ?? "\(error)" }
    }

    @Test("it learns what the file prefers, writes a version like a run's, and the next one gets the next number")
    func learning() throws {
        let settings = "batch_size: 4\nlearning_rate: 0.01\nnum_train_epochs: 4\n"
        let training = try OfflineTraining(options(settings))
        #expect(OfflinePlan(training).stepCount == 24 && OfflinePlan(training).itemCount == 24)
        let made = try training.run(threads: 2)
        #expect(made.version.hasSuffix("/versions/offline/mini/v0001") && made.stepCount == 24)
        #expect(abs((made.metrics["loss/first"] ?? 0) - log(2)) < 1e-6)
        #expect((made.metrics["loss/last"] ?? 1) < 0.3)
        let model = try ModelFolder.load(made.version)
        #expect(FileManager.default.fileExists(atPath: made.version + "/update.json"))
        #expect(model.config == training.model.config)
        let lines = try String(contentsOfFile: made.training + "/metrics.jsonl", encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 24)
        #expect(try OfflineTraining(options(settings)).folders.version.hasSuffix("v0002"))
    }

    @Test("threads change no bit, a seed does, and a folder that is there is left as it is")
    func bits() throws {
        let settings = "batch_size: 4\nlearning_rate: 0.01\n"
        func weights(_ name: String, threads: Int, seed: UInt64 = 1) throws -> Data {
            var options = try options(settings, out: name)
            options.seed = seed
            return try OfflineProject.bytes(OfflineTraining(options).run(threads: threads).version + "/model.safetensors")
        }
        let one = try weights("one", threads: 1)
        #expect(try weights("four", threads: 4) == one)
        #expect(try weights("other", threads: 1, seed: 2) != one)
        #expect(sentence(try options(settings, out: "one")).contains("one exists already and is left as it is"))
    }

    @Test("killed at any step and started again it ends with the same bits and the same log")
    func resuming() throws {
        struct Killed: Error {}
        let settings = "batch_size: 6\nlearning_rate: 0.01\nnum_train_epochs: 2\nsave_steps: 2\n"
        let whole = try OfflineTraining(options(settings, out: "whole")).run(threads: 1)
        for step in [1, 3, 7] {
            let training = try OfflineTraining(options(settings, out: "killed\(step)"))
            #expect(throws: Killed.self) { try training.run(threads: 1) { if $0.step == step { throw Killed() } } }
            #expect(!FileManager.default.fileExists(atPath: training.folders.version))
            #expect(OfflinePlan(training).goesOn == (step > 2))
            let made = try OfflineTraining(options(settings, out: "killed\(step)")).run(threads: 2)
            for (part, other) in [("/model.safetensors", whole.version)] {
                #expect(try OfflineProject.bytes(made.version + part) == OfflineProject.bytes(other + part))
            }
            #expect(try OfflineProject.bytes(made.training + "/metrics.jsonl") == OfflineProject.bytes(whole.training + "/metrics.jsonl"))
        }
    }

    @Test(
        "every algorithm that can learn from a file does, with the names of an arena's keys",
        arguments: ["dpo", "cpo", "simpo", "orpo", "kto", "sft"])
    func algorithms(algorithm: String) throws {
        let made = try OfflineTraining(options("training: {algorithm: \(algorithm), batch_size: 8}\n", out: algorithm)).run(threads: 1)
        #expect(made.stepCount == (algorithm == "kto" ? 6 : 3))
        #expect(made.metrics["loss/first"]?.isFinite == true)
    }

    @Test("an adapter is trained where the file says so, and written as PEFT does")
    func adapters() throws {
        let training = try OfflineTraining(options("lora_r: 2\nlearning_rate: 0.01\nbatch_size: 8\n", out: "adapter"))
        #expect(OfflinePlan(training).trainedParameterCount < 2000)
        let made = try training.run(threads: 1)
        #expect(Adapter.isAdapterFolder(made.version))
        _ = try Adapter.load(made.version, for: OfflineProject.model().config)
    }

    @Test("a whole arena's file gives its training section")
    func arenas() throws {
        let arena = """
            name: x
            task: sort-digits
            agents: [ada, basho]
            rounds: 1
            judge: {kind: exact}
            training: {algorithm: simpo, batch_size: 3}
            """
        let training = try OfflineTraining(options(arena))
        #expect(training.training.method.algorithm == .simpo && training.training.batchSize == 3)
    }

    @Test(
        "what cannot be trained is refused with a sentence",
        arguments: [
            ("algorithm: grpo\n", "learns from its own answers while they are drawn"), ("beta: x\n", "train.yaml:1: `beta` is `x`"),
            ("betta: 1\n", "did you mean `beta`?"), ("max_length: 64\n", "`max_length` is 64, but"),
            ("algorithm: kto\nbatch_size: 1\n", "batch_size must be at least 2"),
            ("lora_r: 2\nsync_ref_model: true\n", "mixes whole models"), ("max_length: 2\n", "Nothing was trained"),
        ])
    func refusals(configuration: String, expected: String) throws {
        let message = sentence(try options(configuration))
        #expect(message.contains(expected), "\(message)")
    }

    @Test(
        "a line that cannot be learned from is named",
        arguments: [
            ("{\"prompt\": \"1=\", \"chosen\": \"é\", \"rejected\": \"a\"}", "bad.jsonl:1: "),
            ("{\"prompt\": \"\(String(repeating: "1", count: 40))\", \"chosen\": \"a\", \"rejected\": \"b\"}", ":1: prompt and answer have 43 tokens, but"),
            ("{\"prompt\": [{\"role\": \"user\", \"content\": \"1\"}], \"chosen\": \"a\", \"rejected\": \"b\"}", "no chat template"),
            ("{\"prompt\": \"1\", \"completion\": \"a\", \"label\": true}", "make pairs with `agon pairs import`"),
            ("{\"prompt\": \"1\", \"chosen\": \"a\", \"rejected\": \"a\"}", "holds nothing that algorithm dpo learns from"),
        ])
    func lines(line: String, expected: String) throws {
        try folder.write(line + "\n", "bad.jsonl")
        let message = sentence(try options(pairs: "bad.jsonl"))
        #expect(message.contains(expected), "\(message)")
    }
}
