import AgonAgents
import AgonCore
import AgonJudging
import AgonStore
import AgonTraining
import AgonTransformer
import Foundation
import Testing

@testable import AgonTournament

@Suite("Judges from preferences") struct JudgeTrainingTests {
    private let folder: PairFolder

    init() throws {
        folder = try PairFolder()
        try OfflineProject.make(in: folder)
        try folder.write(OfflineProject.pairs(200, perPrompt: 2), "pairs.jsonl")
    }

    private func options(_ name: String = "new", base: String = "agents/mini/model", pairs: String = "pairs.jsonl") -> JudgeTrainingOptions {
        var options = JudgeTrainingOptions(
            judge: folder.path + "/judges/" + name, base: folder.path + "/" + base, source: .file(folder.path + "/" + pairs))
        options.learningRate = 0.01
        options.epochCount = 3
        return options
    }

    private func sentence(_ options: JudgeTrainingOptions) -> String {
        do {
            _ = try JudgeTraining(options).run(threads: 1)
            return ""
        } catch { return (error as? TournamentError)?.message ?? "\(error)" }
    }

    @Test("a planted preference is learned, measured on prompts that no step saw, and the folder is a judge")
    func learning() async throws {
        let training = try JudgeTraining(options())
        let (inside, outside) = (Set(training.training.map(\.prompt)), Set(training.heldOut.map(\.prompt)))
        #expect(inside.isDisjoint(with: outside) && training.training.count + training.heldOut.count == 200)
        #expect((20...60).contains(training.heldOut.count))
        let report = try training.run(threads: 2)
        #expect(report.stepCount == training.stepCount && report.heldOutPairCount == training.heldOut.count)
        #expect((report.accuracy?.value ?? 0) > 0.98 && (report.accuracyBefore?.value ?? 1) < 0.9)
        #expect(report.accuracy?.count == outside.count)
        let calibration = try #require(report.calibration)
        #expect(calibration.count == training.heldOut.count && calibration.bins.count == 10)
        #expect((report.calibrationScaled?.loss ?? 1) <= calibration.loss + 1e-9)
        let judge = try Judges.load(folder.path + "/judges/new", threads: 1)
        let verdict = try await judge.judge([JudgingTask(id: 1, prompt: "7=", answers: ["bb", "aa"])])[0].verdicts[0]
        #expect(verdict.verdict == .second && (verdict.preference ?? 1) < 0.1)
        let written = try String(contentsOfFile: folder.path + "/judges/new/training.json", encoding: .utf8)
        #expect(try written == JSONText.text(report))
        #expect(report.text(width: 100).contains("held-out prompts; before the training on"))
    }

    @Test("equal arguments give equal bytes, whatever the threads")
    func bits() throws {
        for (name, threads) in [("one", 1), ("four", 4)] { _ = try JudgeTraining(options(name)).run(threads: threads) }
        let weights = try ["one", "four"].map { try OfflineProject.bytes(folder.path + "/judges/\($0)/model/model.safetensors") }
        #expect(weights[0] == weights[1])
    }

    @Test("it goes on from a judge, and replaces one only where it is told to")
    func bases() throws {
        var options = options("taste", base: "judges/taste")
        #expect(sentence(options).contains("taste exists already and is left as it is: choose another name, or say --replace."))
        options.replaces = true
        let report = try JudgeTraining(options).run(threads: 1)
        #expect((report.accuracy?.value ?? 0) > 0.98)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/judges")
        #expect(left == ["taste"])
    }

    @Test("a preference below one half turns the pair round, one half teaches nothing, the unreadable is counted")
    func records() throws {
        func pair(_ chosen: String, _ preference: Double) -> String {
            "{\"prompt\": \"1=\", \"chosen\": \"\(chosen)\", \"rejected\": \"b\", \"preference\": \(preference)}\n"
        }
        try folder.write(pair("a", 0.2) + pair("a", 0.5) + pair("é", 1) + pair("a", 0.9), "odd.jsonl")
        var odd = options(pairs: "odd.jsonl")
        odd.heldOutShare = 0
        let training = try JudgeTraining(odd)
        #expect(training.undecidedCount == 1 && training.unreadableCount == 1 && training.training.count == 2)
        #expect(training.training[0].pair.chosen == training.training[1].pair.rejected)
        #expect(try training.run(threads: 1).accuracy == nil)
        let judge = try String(contentsOfFile: folder.path + "/judges/new/judge.yaml", encoding: .utf8)
        #expect(!judge.contains("temperature"))
        try folder.write(pair("é", 1), "none.jsonl")
        #expect(sentence(options("other", pairs: "none.jsonl")).contains("has no pair to train on: 0 decide nothing, 1 cannot be read"))
    }

    @Test("a database's pairs train as its export does")
    func databases() throws {
        let store = try PairFolder()
        _ = try PairStore.make(in: store)
        let ascii = String(String.UnicodeScalarView((0...126).compactMap(Unicode.Scalar.init)))
        try OfflineProject.model(alphabet: ascii).save(to: folder.path + "/ascii")
        var options = options(base: "ascii")
        options.heldOutShare = 0
        options.source = .database(store.path + "/arena.sqlite", PairFilter(arena: "sums"))
        let stored = try JudgeTraining(options)
        var text = ""
        _ = try PairExport(format: .trl, filter: PairFilter()).run(ArenaStore.readOnly(path: store.path + "/arena.sqlite")) { text += $0 }
        options.source = .file(try folder.write(text, "export.jsonl"))
        let read = try JudgeTraining(options)
        #expect(stored.training.count > 3 && stored.unreadableCount > 3)
        #expect(stored.training.map(\.pair) == read.training.map(\.pair) && stored.unreadableCount == read.unreadableCount)
    }
}
