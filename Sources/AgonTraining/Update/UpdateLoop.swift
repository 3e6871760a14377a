import AgonCore
import AgonTransformer

/// The steps of an update: batches in, gradients out, and what is written down between them.
struct UpdateLoop {
    var trainee: Trainee
    let objective: any Objective
    let configuration: TrainingConfiguration
    let stepCount: Int
    let folder: TrainingFolder?
    let seed: UInt64
    let fingerprint: String
    /// The metrics of the steps done.
    private(set) var steps: [[String: Double]] = []
    private var tokenCount = 0

    init(
        trainee: Trainee, objective: any Objective, configuration: TrainingConfiguration, stepCount: Int,
        folder: TrainingFolder?, seed: UInt64, fingerprint: String
    ) {
        self.trainee = trainee
        self.objective = objective
        self.configuration = configuration
        self.stepCount = stepCount
        self.folder = folder
        self.seed = seed
        self.fingerprint = fingerprint
    }

    private var stepsPerEpoch: Int { configuration.stepsPerEpoch(items: objective.itemCount) }
    private var itemsPerStep: Int { configuration.batchSize * configuration.accumulationSteps }

    /// A line of `metrics.jsonl`, or the line that says which guard ended the run.
    private struct GuardLine: Encodable {
        let step: Int
        let stopped_by: String
        let value, limit: Double
    }

    /// Takes the steps that are missing, from the newest checkpoint on.
    ///
    /// - Returns: the guard that ended the run, if one did.
    mutating func run(order: (Int) -> [Int], progress: ProgressCallback?) throws -> GuardStop? {
        let state = try folder?.state(fingerprint: fingerprint)
        if let folder, let state { try resume(folder, state) }
        if let stop = state?.stop { return stop }
        let log = try folder.map { folder throws(TrainingError) in try folder.log(keeping: state?.lineCount ?? 0) }
        var (epoch, indices): (Int, [Int]) = (-1, [])
        while trainee.stepsDone < stepCount {
            let number = trainee.stepsDone
            if number / stepsPerEpoch != epoch {
                epoch = number / stepsPerEpoch
                indices = order(epoch)
            }
            let start = number % stepsPerEpoch * itemsPerStep
            let items = Array(indices[start..<min(start + itemsPerStep, indices.count)])
            let (metrics, stop) = try inStep(number) { try step(items) }
            if let stop {
                try log?.append(GuardLine(step: stop.step, stopped_by: stop.name, value: stop.value, limit: stop.limit))
                try save(stop: stop, log)
                return stop
            }
            steps.append(metrics)
            var line = metrics
            line["step"] = Double(number + 1)
            try log?.append(line)
            if let folder, folder.saveSteps > 0, (number + 1) % folder.saveSteps == 0 || number + 1 == stepCount {
                try save(stop: nil, log)
            }
            try progress?(TrainingProgress(step: number + 1, stepCount: stepCount, metrics: metrics))
        }
        try log?.sync()
        return nil
    }

    /// One optimiser step, or the guard that forbids it.
    private mutating func step(_ items: [Int]) throws -> ([String: Double], GuardStop?) {
        let batches = stride(from: 0, to: items.count, by: configuration.batchSize).map {
            Array(items[$0..<min($0 + configuration.batchSize, items.count)])
        }
        let sequences = batches.map(objective.sequences(of:))
        let context = StepContext(
            microBatchCount: batches.count,
            ownTokenCount: sequences.joined().reduce(0) { $0 + $1.ownCount })
        var readings = GuardReadings()
        var parts: [[String: Double]] = []
        for (batch, sequences) in zip(batches, sequences) {
            let value = try evaluate(batch, sequences, context)
            // The derivatives of one micro-batch are those of the step; only a real mean rounds.
            let share = 1 / Float(batches.count)
            try trainee.accumulate(
                dLogProbs: batches.count == 1 ? value.dLogProbs : value.dLogProbs.map { $0.map { share * $0 } })
            readings.add(value.readings, share: 1 / Double(batches.count))
            parts.append(value.metrics.merging(["loss": value.loss]) { first, _ in first })
        }
        if let stop = configuration.guards.stop(readings, step: trainee.stepsDone + 1) { return ([:], stop) }
        var metrics = try trainee.step().merging(means(over: parts)) { first, _ in first }
        tokenCount += sequences.joined().reduce(0) { $0 + $1.tokens.count }
        metrics["num_tokens"] = Double(tokenCount)
        metrics["epoch"] = Double(trainee.stepsDone) / Double(stepsPerEpoch)
        if case .dpo(_, let sync?, _) = configuration.method, trainee.stepsDone.isMultiple(of: sync.syncSteps),
            case .parameters(let parameters) = trainee.parameters
        {
            objective.reference?.mix(sync.mixupAlpha, with: parameters)
        }
        return (metrics, nil)
    }

    private func evaluate(
        _ batch: [Int], _ sequences: [TokenSequence], _ context: StepContext
    ) throws -> ObjectiveValue {
        let probes = objective.probes(of: batch)
        let answers = probes.isEmpty ? [] : try trainee.logProbs(of: probes, statistics: false).values
        let forward = try trainee.logProbs(of: sequences, statistics: true, collision: objective.readsCollision)
        do {
            return try objective.evaluate(batch, forward, probes: answers, context)
        } catch {
            throw TrainingError(
                error.code, "Step \(trainee.stepsDone + 1): \(error.message)", underlying: error.underlying)
        }
    }

    private mutating func resume(_ folder: TrainingFolder, _ state: TrainingFolder.State) throws(TrainingError) {
        steps = try folder.steps(state)
        tokenCount = state.tokenCount
        if let weights = try folder.load(into: &trainee, state), let reference = objective.reference,
            let model = reference.model
        {
            reference.replace(Transformer(weights, kernels: model.kernels, weights: model.weights))
        }
    }

    private func save(stop: GuardStop?, _ log: MetricsLog?) throws(TrainingError) {
        try log?.sync()
        guard let folder, folder.saveSteps > 0 else { return }
        let done = trainee.stepsDone
        var followed: Transformer?
        if case .dpo(_, .some, _) = configuration.method { followed = objective.reference?.model }
        try folder.save(
            .init(
                step: done, epoch: done / stepsPerEpoch,
                position: min(done % stepsPerEpoch * itemsPerStep, objective.itemCount), seed: String(seed),
                fingerprint: fingerprint, tokenCount: tokenCount, lineCount: done + (stop == nil ? 0 : 1), stop: stop),
            trainee, reference: followed)
    }
}
