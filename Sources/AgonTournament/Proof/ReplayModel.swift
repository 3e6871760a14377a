import AgonCore
import AgonTraining
import AgonTransformer
import Foundation

/// An agent's model as its updates begin with it, to run them again.
struct ReplayModel {
    /// Where the model and the adapter that the agent comes with lie, and what its matrices are held as.
    let path: String
    let adapterPath: String?
    let format: WeightFormat
    private let model: ModelFolder
    private let start: Transformer
    /// What is trained, as version 0 has it.
    private let first: TrainedWeights
    private let configuration: TrainingConfiguration

    /// - Parameter seed: the run's; a new adapter's matrices are drawn from it.
    init(
        model path: String, adapter adapterPath: String?, weights format: WeightFormat, configuration: ArenaConfiguration,
        agent: String, seed: Seed
    ) throws {
        (self.path, self.adapterPath, self.format) = (path, adapterPath, format)
        self.configuration = configuration.training
        model = try ModelFolder.load(path)
        let base = Transformer(model.parameters, kernels: try Kernels.current, weights: format)
        if let adapterPath {
            let adapter = try Adapter.load(adapterPath, for: model.config)
            (start, first) = (base.adapted(by: adapter), .adapter(adapter, base: base))
        } else if let config = configuration.adapter {
            let adapter = try Adapter.initialised(config, for: base, seed: seed.child(.training, named: agent).value)
            (start, first) = (base, .adapter(adapter, base: base))
        } else {
            (start, first) = (base, .parameters(model.parameters))
        }
    }

    /// The weights of a version.
    /// - Parameter folder: nil for version 0.
    func weights(in folder: String?) throws -> TrainedWeights {
        guard let folder else { return first }
        guard case .adapter(let adapter, let base) = first else { return .parameters(try ModelFolder.load(folder).parameters) }
        return .adapter(try Adapter.load(folder, for: adapter.baseConfig), base: base)
    }

    /// Trains once more and gives the hash of the weights that came of it; nil where none did.
    func child(of parent: TrainedWeights, on data: TrainingData, seed: Seed, threads: Int) throws -> String? {
        guard data.count > 0 else { return nil }
        let kernels = start.kernels
        let isStart = if case (.parameters(let one), .parameters(let other)) = (parent, first) { one === other } else { false }
        let reference = configuration.reference == .base || isStart ? start : parent.transformer(kernels: kernels)
        let outcome: TrainingOutcome
        do {
            outcome = try PolicyUpdate.run(
                policy: parent, reference: .model(reference), base: start, data: data, configuration: configuration, seed: seed,
                threads: threads, kernels: kernels)
        } catch let error as TrainingError where error.code == .nonFiniteLoss {
            return nil
        }
        guard outcome.stepCount > 0 else { return nil }
        let folder = NSTemporaryDirectory() + "agon-replay-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try CheckpointFolder(root: folder, runID: "").write(
            outcome.trained, like: model, to: folder + "/candidate", name: "", version: 0, round: 0, parent: "", update: nil)
        return try FileHash.weights(in: folder + "/candidate")
    }
}
