import AgonCore

/// What an update minimises: which sequences a batch of its items needs, and what their log-probabilities cost.
///
/// An objective knows the data and, where there is one, the reference. It knows nothing of how the trained policy
/// computes: the update loop runs the forward pass and hands the derivatives to the backward pass.
protocol Objective: AnyObject {
    /// Pairs, completions, rollouts or sequences: what batches are made of.
    var itemCount: Int { get }
    /// Whether `evaluate` reads `logCollision`.
    var readsCollision: Bool { get }
    /// What the loss is compared with; nil where there is none.
    var reference: ReferenceLogProbs? { get }
    /// The sequences whose log-probabilities have a gradient, in a fixed number and order per item.
    func sequences(of items: [Int]) -> [TokenSequence]
    /// Sequences whose log-probabilities are needed without a gradient, computed before the others.
    func probes(of items: [Int]) -> [TokenSequence]
    /// The loss of a batch with its derivatives.
    ///
    /// - Parameter probes: log-probabilities of `probes(of:)`.
    /// - Throws: `nonFiniteLoss`, naming the item; what the reference threw.
    func evaluate(
        _ items: [Int], _ forward: GradientShards.LogProbs, probes: [[Float]], _ step: StepContext
    ) throws(TrainingError) -> ObjectiveValue
    /// Computes what the reference says of all items, before the first step.
    func precompute() throws(TrainingError)
}

extension Objective {
    var readsCollision: Bool { false }
    func probes(of items: [Int]) -> [TokenSequence] { [] }
    func precompute() throws(TrainingError) {}
}

/// What a micro-batch must know of its step.
struct StepContext {
    var microBatchCount = 1
    /// Own tokens of all the step's micro-batches.
    var ownTokenCount: Int
}

/// A micro-batch's loss with its derivatives.
struct ObjectiveValue {
    var loss: Double
    /// ∂loss/∂(log p) of each own token, per sequence of `sequences(of:)`.
    var dLogProbs: [[Float]]
    var metrics: [String: Double]
    var readings = GuardReadings()
}

/// Sums of log-probabilities, in double.
func sum(_ logProbs: [Float]) -> Double { logProbs.reduce(0.0) { $0 + Double($1) } }

/// Token means that every objective reports.
func tokenMetrics(_ forward: GradientShards.LogProbs, accuracyOf isCounted: (Int) -> Bool) -> [String: Double] {
    let flags = forward.isArgmax.enumerated().filter { isCounted($0.offset) }.flatMap(\.element)
    return [
        "entropy": forward.entropy.joined().map(Double.init).mean,
        "mean_token_accuracy": flags.map { $0 ? 1 : 0 }.mean,
    ]
}

/// The mean over the tokens of some sequences of the mean logits that predict them.
func meanLogit(_ forward: GradientShards.LogProbs, of isCounted: (Int) -> Bool) -> Double? {
    let values = forward.meanLogit.enumerated().filter { isCounted($0.offset) }.flatMap(\.element)
    return values.isEmpty ? nil : values.map(Double.init).mean
}

/// Token mean of ½(p − q)²: Schulman's k2 of two lists of log-probabilities of the same tokens, in nats.
func squaredDrift(_ p: some Sequence<[Float]>, _ q: some Sequence<[Float]>) -> Double {
    var (total, count) = (0.0, 0)
    for (new, old) in zip(p.joined(), q.joined()) {
        let ratio = Double(new) - Double(old)
        total += ratio * ratio
        count += 1
    }
    return total / Double(2 * max(count, 1))
}
