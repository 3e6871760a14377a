import AgonCore

/// CPO and SimPO: pairs and a `ContrastiveLoss`.
final class ContrastiveObjective: PairData, Objective {
    private let loss: ContrastiveLoss
    var reference: ReferenceLogProbs? { nil }

    init(_ pairs: [TrainingPair], _ loss: ContrastiveLoss, numbers: [Int]? = nil) throws(TrainingError) {
        self.loss = loss
        try super.init(pairs, numbers: numbers)
        try requireHardLabels("algorithm cpo")
    }

    func evaluate(
        _ items: [Int], _ forward: GradientShards.LogProbs, probes: [[Float]], _ step: StepContext
    ) throws(TrainingError) -> ObjectiveValue {
        let sums = sides(forward.values.map(sum))
        let (chosenCounts, rejectedCounts) = counts(items)
        let value = try loss.evaluate(
            .init(
                chosen: sums.chosen, rejected: sums.rejected, chosenCounts: chosenCounts,
                rejectedCounts: rejectedCounts, weights: items.map { pairs[$0].weight }),
            numbers: numbers(of: items))
        var metrics = metrics(items, forward, logProbs: sums, rewards: (value.chosenRewards, value.rejectedRewards))
        metrics["nll_loss"] = value.negativeLogLikelihood
        let derivatives = forward.values.enumerated().map { place, values in
            let side = place.isMultiple(of: 2) ? value.chosenGradients : value.rejectedGradients
            return [Float](repeating: Float(side[place / 2]), count: values.count)
        }
        return ObjectiveValue(
            loss: value.loss, dLogProbs: derivatives, metrics: metrics,
            readings: GuardReadings(margin: metrics["rewards/margins"]))
    }
}

/// ORPO: pairs whose chosen text is learned with its prompt, and an `OddsRatioLoss`.
final class OddsRatioObjective: PairData, Objective {
    private let loss: OddsRatioLoss
    var reference: ReferenceLogProbs? { nil }

    init(_ pairs: [TrainingPair], _ loss: OddsRatioLoss, numbers: [Int]? = nil) throws(TrainingError) {
        self.loss = loss
        try super.init(pairs, numbers: numbers)
        try requireHardLabels("algorithm orpo")
    }

    /// The chosen side with every token but the first marked as own; which of them are, `evaluate` knows.
    override func sequences(of items: [Int]) -> [TokenSequence] {
        items.flatMap { item in
            let tokens = pairs[item].chosen.tokens
            return [TokenSequence(tokens: tokens, own: tokens.indices.map { $0 > 0 }), pairs[item].rejected]
        }
    }

    func evaluate(
        _ items: [Int], _ forward: GradientShards.LogProbs, probes: [[Float]], _ step: StepContext
    ) throws(TrainingError) -> ObjectiveValue {
        let texts = sides(forward.values).chosen
        let own = items.map { pairs[$0].chosen.own.dropFirst() }
        let chosen = zip(texts, own).map { values, own in sum(zip(values, own).filter(\.1).map(\.0)) }
        let rejected = sides(forward.values.map(sum)).rejected
        let (chosenCounts, rejectedCounts) = counts(items)
        let value = try loss.evaluate(
            .init(
                chosen: chosen, rejected: rejected, chosenCounts: chosenCounts, rejectedCounts: rejectedCounts,
                chosenTexts: texts.map(sum), chosenTextCounts: texts.map(\.count),
                weights: items.map { pairs[$0].weight }),
            numbers: numbers(of: items))
        let averages = (
            zip(chosen, chosenCounts).map { $0 / Double($1) }, zip(rejected, rejectedCounts).map { $0 / Double($1) }
        )
        let rewards = (averages.0.map { loss.beta * $0 }, averages.1.map { loss.beta * $0 })
        var metrics = metrics(items, forward, logProbs: averages, rewards: rewards)
        metrics["nll_loss"] = value.negativeLogLikelihood
        metrics["log_odds_ratio"] = value.logOddsRatios.mean
        metrics["log_odds_chosen"] = value.logOdds.mean
        var derivatives: [[Float]] = []
        for pair in items.indices {
            derivatives.append(
                own[pair].map { Float(value.textGradient + ($0 ? value.chosenGradients[pair] : 0)) })
            derivatives.append(
                [Float](repeating: Float(value.rejectedGradients[pair]), count: rejectedCounts[pair]))
        }
        return ObjectiveValue(loss: value.loss, dLogProbs: derivatives, metrics: metrics)
    }
}

/// Likelihood of given sequences, as a mean over the batch's own tokens.
final class SupervisedObjective: Objective {
    private let data: [TokenSequence]
    var reference: ReferenceLogProbs? { nil }

    /// - Throws: `invalidData` for a sequence without own tokens.
    init(_ sequences: [TokenSequence]) throws(TrainingError) {
        if let index = sequences.firstIndex(where: { !$0.own.contains(true) }) {
            throw TrainingError(.invalidData, "Sequence \(index) has no own token; there is nothing to learn from it.")
        }
        data = sequences
    }

    /// Of a batch that may hold sequences without own tokens beside others that have some.
    init(drawn sequences: [TokenSequence]) { data = sequences }

    var itemCount: Int { data.count }

    func sequences(of items: [Int]) -> [TokenSequence] { items.map { data[$0] } }

    func evaluate(
        _ items: [Int], _ forward: GradientShards.LogProbs, probes: [[Float]], _ step: StepContext
    ) throws(TrainingError) -> ObjectiveValue {
        let count = forward.values.reduce(0) { $0 + $1.count }
        var loss = 0.0
        for (index, logProbs) in forward.values.enumerated() {
            let sum = sum(logProbs)
            guard sum.isFinite else {
                throw TrainingError(
                    .nonFiniteLoss, "The log-probability of sequence \(items[index]) is \(sum).")
            }
            loss -= sum
        }
        let slope = Float(-1 / Double(count))
        return ObjectiveValue(
            loss: loss / Double(count),
            dLogProbs: forward.values.map { [Float](repeating: slope, count: $0.count) },
            metrics: tokenMetrics(forward) { _ in true })
    }
}
