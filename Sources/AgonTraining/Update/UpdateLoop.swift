import AgonCore
import AgonTransformer

/// The steps of an update: batches in, gradients out.
struct UpdateLoop: TrainingRun {
    var trainee: Trainee
    let objective: any Objective
    /// Items that no step sees; nil where nothing was set aside.
    let heldOut: (any Objective)?
    let configuration: TrainingConfiguration
    let stepCount: Int
    var tokenCount = 0
    /// The items of an epoch in their order.
    private let order: (Int) -> [Int]
    /// The epoch whose order is at hand.
    private var (epoch, indices): (Int, [Int]) = (-1, [])

    init(
        trainee: Trainee, objective: any Objective, heldOut: (any Objective)?, configuration: TrainingConfiguration,
        order: @escaping (Int) -> [Int]
    ) {
        self.trainee = trainee
        self.objective = objective
        self.heldOut = heldOut
        self.configuration = configuration
        self.order = order
        stepCount = configuration.stepCount(items: objective.itemCount)
    }

    private var stepsPerEpoch: Int { configuration.stepsPerEpoch(items: objective.itemCount) }
    private var itemsPerStep: Int { configuration.batchSize * configuration.accumulationSteps }

    var place: (epoch: Int, position: Int) {
        let done = trainee.stepsDone
        return (done / stepsPerEpoch, min(done % stepsPerEpoch * itemsPerStep, objective.itemCount))
    }

    private var sync: ReferenceSync? {
        guard case .dpo(_, let sync, _) = configuration.method else { return nil }
        return sync
    }

    var followers: [(file: String, memory: any TensorMemory)] { sync == nil ? [] : objective.reference?.followers ?? [] }

    mutating func follow(_ followers: [String: any TensorMemory]) { objective.reference?.follow(followers) }

    mutating func step() throws -> TrainingStep {
        if place.epoch != epoch {
            epoch = place.epoch
            indices = order(epoch)
        }
        let start = place.position
        let items = Array(indices[start..<min(start + itemsPerStep, indices.count)])
        let batches = Self.batches(items, configuration.batchSize)
        let sequences = batches.map(objective.sequences(of:))
        let context = StepContext(
            microBatchCount: batches.count,
            ownTokenCount: sequences.joined().reduce(0) { $0 + $1.ownCount })
        var readings = GuardReadings()
        var parts: [[String: Double]] = []
        for (batch, sequences) in zip(batches, sequences) {
            let value = try evaluate(
                objective, batch, sequences, context, moment: "Step \(trainee.stepsDone + 1)")
            // The derivatives of one micro-batch are those of the step; only a real mean rounds.
            let share = 1 / Float(batches.count)
            try trainee.accumulate(
                dLogProbs: batches.count == 1 ? value.dLogProbs : value.dLogProbs.map { $0.map { share * $0 } })
            readings.add(value.readings, share: 1 / Double(batches.count))
            parts.append(value.metrics.merging(["loss": value.loss]) { first, _ in first })
        }
        if let stop = configuration.guards.stop(readings, step: trainee.stepsDone + 1) { return TrainingStep(stop: stop) }
        var metrics = try trainee.step().merging(means(over: parts)) { first, _ in first }
        tokenCount += sequences.joined().reduce(0) { $0 + $1.tokens.count }
        metrics["num_tokens"] = Double(tokenCount)
        metrics["epoch"] = Double(trainee.stepsDone) / Double(stepsPerEpoch)
        if let sync, trainee.stepsDone.isMultiple(of: sync.syncSteps) {
            objective.reference?.follow(trainee.parameters.memory, sync, step: trainee.stepsDone)
        }
        return TrainingStep(metrics: metrics, itemCount: items.count)
    }

    /// The held-out items' loss and metrics under `eval_` names, each batch's counted by its items.
    func measure() throws -> [String: Double]? {
        guard let heldOut else { return nil }
        let done = trainee.stepsDone
        let moment = (done == 0 ? "Before the first step" : "After step \(done)") + ", measuring the pairs set aside"
        do {
            return try measure(heldOut, moment)
        } catch let error as TransformerError {
            throw TrainingError(
                .invalidData, "\(moment): A sequence does not fit the model.", underlying: error)
        }
    }

    private func measure(_ heldOut: any Objective, _ moment: String) throws -> [String: Double] {
        var sums: [String: Double] = [:]
        for batch in Self.batches(Array(0..<heldOut.itemCount), configuration.batchSize) {
            let sequences = heldOut.sequences(of: batch)
            let value = try evaluate(
                heldOut, batch, sequences, StepContext(ownTokenCount: sequences.reduce(0) { $0 + $1.ownCount }),
                moment: moment, isTraining: false)
            for (name, number) in value.metrics.merging(["loss": value.loss], uniquingKeysWith: { first, _ in first }) {
                sums["eval_\(name)", default: 0] += Double(batch.count) / Double(heldOut.itemCount) * number
            }
        }
        return sums
    }

    private static func batches(_ items: [Int], _ size: Int) -> [[Int]] {
        stride(from: 0, to: items.count, by: size).map { Array(items[$0..<min($0 + size, items.count)]) }
    }

    /// - Parameter moment: what the message of an error begins with.
    private func evaluate(
        _ objective: any Objective, _ batch: [Int], _ sequences: [TokenSequence], _ context: StepContext,
        moment: String, isTraining: Bool = true
    ) throws -> ObjectiveValue {
        let probes = objective.probes(of: batch)
        let answers = probes.isEmpty
            ? [] : try trainee.logProbs(of: probes, statistics: false, isTraining: isTraining).values
        let forward = try trainee.logProbs(
            of: sequences, statistics: true, collision: objective.readsCollision, isTraining: isTraining)
        do {
            return try objective.evaluate(batch, forward, probes: answers, context)
        } catch {
            throw TrainingError(error.code, "\(moment): \(error.message)", underlying: error.underlying)
        }
    }
}
