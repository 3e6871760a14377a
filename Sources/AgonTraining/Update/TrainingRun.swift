import AgonTransformer

/// What a training run does at each step. How it is written down, resumed after a kill and timed is the same for all
/// runs and lives in `run`.
protocol TrainingRun {
    /// What the steps change.
    var trainee: Trainee { get set }
    /// Steps of the whole run.
    var stepCount: Int { get }
    /// Tokens seen, for `num_tokens`.
    var tokenCount: Int { get set }
    /// The epoch of the next step, and how many of its items were seen.
    var place: (epoch: Int, position: Int) { get }
    /// What moves with the trainee and is saved beside it, by the name of its file.
    var followers: [(file: String, memory: any TensorMemory)] { get }
    /// Goes on with followers that were read from a checkpoint.
    mutating func follow(_ followers: [String: any TensorMemory])
    /// One optimiser step, or the guard that forbids it.
    mutating func step() throws -> TrainingStep
    /// What the weights of this moment do on data that no step sees; nil where there is none.
    func measure() throws -> [String: Double]?
}

extension TrainingRun {
    var place: (epoch: Int, position: Int) { (0, 0) }
    var followers: [(file: String, memory: any TensorMemory)] { [] }
    mutating func follow(_ followers: [String: any TensorMemory]) {}
    func measure() throws -> [String: Double]? { nil }
}

/// What a step came to.
struct TrainingStep {
    var metrics: [String: Double] = [:]
    /// Items that it learned from.
    var itemCount = 0
    /// Why it was not taken.
    var stop: GuardStop?
}

/// Where a run is written down, and what it is.
struct TrainingRecord {
    var folder: TrainingFolder?
    /// The address of the run's randomness; only written down.
    var seed: UInt64
    /// What the run is: a checkpoint of another one is refused.
    var fingerprint = ""
}

/// What a run measured.
struct TrainingLog {
    /// The metrics of the steps done.
    var steps: [[String: Double]] = []
    /// What `measure` said before the first step and after the last.
    var before, after: [String: Double]?
    /// The guard that ended the run.
    var stop: GuardStop?

    /// Each step metric's mean, what counts up at its last value, `loss/first` and `loss/last` of those steps alone, and
    /// `measure`'s numbers after the last step, those before the first with `/first` behind their names.
    var metrics: [String: Double] {
        var metrics = means(over: steps)
        for name in ["num_tokens", "epoch"] { metrics[name] = steps.last?[name] }
        metrics["loss/first"] = steps.first?["loss"]
        metrics["loss/last"] = steps.last?["loss"]
        for (name, value) in before ?? [:] { metrics["\(name)/first"] = value }
        for (name, value) in after ?? [:] { metrics[name] = value }
        return metrics
    }
}

/// The line of `metrics.jsonl` that says which guard ended a run.
private struct GuardLine: Encodable {
    let step: Int
    let stopped_by: String
    let value, limit: Double
}

extension TrainingRun {
    /// Takes the steps that are missing, from the newest checkpoint on.
    mutating func run(_ record: TrainingRecord, progress: ProgressCallback?) throws -> TrainingLog {
        var result = TrainingLog()
        let folder = record.folder
        let state = try folder?.state(fingerprint: record.fingerprint, stepCount: stepCount)
        if let folder, let state { result = try resume(folder, state) }
        let file = try folder.map { folder throws(TrainingError) in try folder.log(keeping: state?.lineCount ?? 0) }
        if state == nil, let before = try measure() {
            result.before = before
            try file?.append(before.merging(["step": 0]) { first, _ in first })
        }
        let clock = ContinuousClock()
        let start = clock.now
        var (stepsTaken, itemsSeen) = (0, 0)
        while trainee.stepsDone < stepCount, result.stop == nil {
            let number = trainee.stepsDone + 1
            let taken = try inStep(number - 1) { try step() }
            if let stop = taken.stop {
                result.stop = stop
                try file?.append(
                    GuardLine(step: stop.step, stopped_by: stop.name, value: stop.value, limit: stop.limit))
                try save(record, result, file)
                break
            }
            (stepsTaken, itemsSeen) = (stepsTaken + 1, itemsSeen + taken.itemCount)
            result.steps.append(taken.metrics)
            try file?.append(taken.metrics.merging(["step": Double(number)]) { first, _ in first })
            if let folder, folder.saveSteps > 0, number % folder.saveSteps == 0 || number == stepCount {
                try save(record, result, file)
            }
            try progress?(TrainingProgress(step: number, stepCount: stepCount, metrics: taken.metrics))
        }
        if stepsTaken > 0 {
            try folder?.write(
                TrainingSpeed(start.duration(to: clock.now), steps: stepsTaken, items: itemsSeen, result.steps))
        }
        if let after = try measure() {
            result.after = after
            try file?.append(after.merging(["step": Double(trainee.stepsDone)]) { first, _ in first })
        }
        try file?.sync()
        return result
    }

    /// Takes over what a checkpoint and the log's lines hold.
    private mutating func resume(
        _ folder: TrainingFolder, _ state: TrainingFolder.State
    ) throws(TrainingError) -> TrainingLog {
        var result = TrainingLog(stop: state.stop)
        (result.before, result.steps) = try folder.lines(state)
        tokenCount = state.tokenCount
        let kept = followers.map { (file: $0.file, memory: $0.memory.zeros()) }
        try folder.load(trainee.tensors + kept)
        trainee.resume(after: state.step)
        follow(Dictionary(uniqueKeysWithValues: kept.map { ($0.file, $0.memory) }))
        return result
    }

    private func save(_ record: TrainingRecord, _ result: TrainingLog, _ file: MetricsLog?) throws(TrainingError) {
        try file?.sync()
        guard let folder = record.folder, folder.saveSteps > 0 else { return }
        let lines = result.steps.count + (result.before == nil ? 0 : 1) + (result.stop == nil ? 0 : 1)
        try folder.save(
            .init(
                step: trainee.stepsDone, epoch: place.epoch, position: place.position, seed: String(record.seed),
                fingerprint: record.fingerprint, tokenCount: tokenCount, lineCount: lines, stop: result.stop),
            trainee.tensors + followers)
    }
}

/// How fast a run went, under the names of transformers' `train_results.json`.
///
/// The only numbers of a run that another run of the same bits does not repeat: they stand in a file of their own, and
/// nothing reads them. After a kill they are of the steps since.
struct TrainingSpeed: Encodable {
    /// In seconds.
    let train_runtime: Double
    let train_samples_per_second, train_steps_per_second, train_loss: Double

    init(_ duration: Duration, steps: Int, items: Int, _ metrics: [[String: Double]]) {
        let seconds = max(duration / .seconds(1), 1e-9)
        train_runtime = seconds
        train_samples_per_second = Double(items) / seconds
        train_steps_per_second = Double(steps) / seconds
        train_loss = means(over: metrics)["loss"] ?? 0
    }
}
