import AgonCore

/// KTO: answers that were called good or bad, a reference and an `UnpairedLoss`.
final class UnpairedObjective: Objective {
    private let completions: [LabelledCompletion]
    private let loss: UnpairedLoss
    private let frozen: ReferenceLogProbs
    var reference: ReferenceLogProbs? { frozen }

    /// - Throws: `invalidData` for a completion without own tokens or with a weight out of range, and for a reference
    ///   that is known by sums.
    init(
        _ completions: [LabelledCompletion], _ loss: UnpairedLoss, _ reference: ReferenceLogProbs
    ) throws(TrainingError) {
        for (index, completion) in completions.enumerated() {
            guard completion.sequence.own.contains(true) else {
                throw TrainingError(.invalidData, "Completion \(index) has no own token; there is nothing to learn from it.")
            }
            guard completion.weight.isFinite, completion.weight >= 0 else {
                throw TrainingError(
                    .invalidData, "The weight of completion \(index) must be at least 0, but is \(completion.weight).")
            }
        }
        guard reference.sums == nil else {
            throw TrainingError(.invalidData, "Algorithm kto needs a reference model, but was handed sums of pairs.")
        }
        self.completions = completions
        self.loss = loss
        frozen = reference
    }

    var itemCount: Int { completions.count }

    func sequences(of items: [Int]) -> [TokenSequence] { items.map { completions[$0].sequence } }

    /// Each item's prompt with the answer of the item before it in the batch: what the policy says of answers to other
    /// questions. The answer begins at the first own token.
    func probes(of items: [Int]) -> [TokenSequence] {
        guard loss.usesMismatchedPairs else { return [] }
        return items.indices.map { index in
            let prompt = completions[items[index]].sequence
            let answer = completions[items[index == 0 ? items.count - 1 : index - 1]].sequence
            let end = prompt.own.firstIndex(of: true) ?? 0
            let start = answer.own.firstIndex(of: true) ?? 0
            return TokenSequence(
                tokens: Array(prompt.tokens[..<end] + answer.tokens[start...]),
                own: Array(prompt.own[..<end] + answer.own[start...]))
        }
    }

    func evaluate(
        _ items: [Int], _ forward: GradientShards.LogProbs, probes: [[Float]], _ step: StepContext
    ) throws(TrainingError) -> ObjectiveValue {
        let sequences = sequences(of: items)
        let referenceTokens = try frozen.logProbs(at: items, of: sequences)
        let policy = forward.values.map(sum)
        let ratios = zip(policy, referenceTokens.map(sum)).map { $0 - $1 }
        var mismatched: [Double] = []
        if loss.usesMismatchedPairs {
            let held = try frozen.logProbs(of: self.probes(of: items))
            mismatched = zip(probes.map(sum), held.map(sum)).map { $0 - $1 }
        }
        let good = items.map { completions[$0].isDesirable }
        let value = try loss.evaluate(
            logRatios: ratios, isDesirable: good, mismatched: mismatched,
            weights: items.map { completions[$0].weight }, numbers: items)
        var metrics = tokenMetrics(forward) { good[$0] }
        metrics["kl"] = value.kl
        for (name, isGood) in [("chosen", true), ("rejected", false)] {
            let side = good.indices.filter { good[$0] == isGood }
            metrics["count/\(name)"] = Double(side.count)
            guard !side.isEmpty else { continue }
            metrics["rewards/\(name)"] = side.map { value.rewards[$0] }.mean
            metrics["logps/\(name)"] = side.map { policy[$0] }.mean
            metrics["logits/\(name)"] = meanLogit(forward) { good[$0] == isGood }
        }
        if let high = metrics["rewards/chosen"], let low = metrics["rewards/rejected"] {
            metrics["rewards/margins"] = high - low
        }
        var readings = GuardReadings(kl: squaredDrift(forward.values, referenceTokens))
        metrics["kl_to_reference/k2"] = readings.kl
        let chosen = good.indices.filter { good[$0] }
        if !chosen.isEmpty {
            readings.chosenLogRatio = chosen.map { ratios[$0] / Double(max(1, forward.values[$0].count)) }.mean
        }
        metrics["logratios/chosen"] = readings.chosenLogRatio
        return ObjectiveValue(
            loss: value.loss,
            dLogProbs: zip(value.gradients, forward.values).map { [Float](repeating: Float($0), count: $1.count) },
            metrics: metrics, readings: readings)
    }
}
