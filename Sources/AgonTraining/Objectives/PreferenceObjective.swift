import AgonCore
import Foundation

/// DPO's family: pairs, a reference and a `PreferenceLoss`.
final class PreferenceObjective: PairData, Objective {
    private let loss: PreferenceLoss
    let reference: ReferenceLogProbs?
    private let frozen: ReferenceLogProbs

    /// - Throws: `invalidData` for pairs that the loss cannot be of.
    init(
        _ pairs: [TrainingPair], _ loss: PreferenceLoss, _ reference: ReferenceLogProbs, numbers: [Int]? = nil
    ) throws(TrainingError) {
        self.loss = loss
        self.reference = reference
        frozen = reference
        try super.init(pairs, numbers: numbers)
        if !loss.takesSoftLabels { try requireHardLabels("loss_type \(loss.types.map(\.rawValue).joined(separator: ", "))") }
        if loss.couplesBatch, let index = pairs.firstIndex(where: { $0.weight != 1 }) {
            throw TrainingError(
                .invalidData,
                "Pair \(self.numbers(of: [index])[0]) has the weight \(pairs[index].weight), but aot losses have no "
                    + "loss per pair to weigh.")
        }
        if let sums = reference.sums, sums.chosen.count != pairs.count || sums.rejected.count != pairs.count {
            throw TrainingError(
                .invalidData,
                "\(pairs.count) pairs need as many reference log-probabilities on each side, but there are "
                    + "\(sums.chosen.count) chosen and \(sums.rejected.count) rejected.")
        }
    }

    var readsCollision: Bool { loss.options.usesWeighting }

    func precompute() throws(TrainingError) {
        if frozen.sums == nil { _ = try referenceLogProbs(Array(pairs.indices)) }
    }

    func evaluate(
        _ items: [Int], _ forward: GradientShards.LogProbs, probes: [[Float]], _ step: StepContext
    ) throws(TrainingError) -> ObjectiveValue {
        let referenceTokens = frozen.sums == nil ? try referenceLogProbs(items) : []
        let policy = weightedSums(items, forward.values)
        let fixed = frozen.sums.map { sums in (items.map { sums.chosen[$0] }, items.map { sums.rejected[$0] }) }
        let held = fixed ?? weightedSums(items, referenceTokens)
        let (chosenCounts, rejectedCounts) = counts(items)
        let value = try loss.evaluate(
            PreferenceBatch(
                policyChosen: policy.chosen, policyRejected: policy.rejected, referenceChosen: held.0,
                referenceRejected: held.1, chosenCounts: chosenCounts, rejectedCounts: rejectedCounts,
                chosenLogLikelihoods: sides(forward.values.map(sum)).chosen, weights: items.map { pairs[$0].weight },
                labels: items.map { pairs[$0].label }, importance: importance(forward)),
            numbers: numbers(of: items))
        var metrics = metrics(
            items, forward, logProbs: policy, rewards: (value.chosenRewards, value.rejectedRewards))
        var readings = GuardReadings(margin: metrics["rewards/margins"])
        readings.chosenLogRatio = items.indices.map {
            (policy.chosen[$0] - held.0[$0]) / Double(chosenCounts[$0])
        }.mean
        metrics["logratios/chosen"] = readings.chosenLogRatio
        if !referenceTokens.isEmpty {
            readings.kl = squaredDrift(forward.values, referenceTokens)
            metrics["kl_to_reference/k2"] = readings.kl
        }
        return ObjectiveValue(
            loss: value.loss, dLogProbs: derivatives(items, value, forward.values), metrics: metrics,
            readings: readings)
    }

    private func referenceLogProbs(_ items: [Int]) throws(TrainingError) -> [[Float]] {
        try frozen.logProbs(at: items.flatMap { [2 * $0, 2 * $0 + 1] }, of: sequences(of: items))
    }

    /// How much the own token at an index counts in its side's sum: `ld_alpha` beyond the pair's shorter length.
    private func tokenWeight(_ item: Int, _ token: Int) -> Double {
        guard let alpha = loss.options.ldAlpha else { return 1 }
        return token < min(pairs[item].chosen.ownCount, pairs[item].rejected.ownCount) ? 1 : alpha
    }

    private func weightedSums(_ items: [Int], _ logProbs: [[Float]]) -> (chosen: [Double], rejected: [Double]) {
        sides(
            logProbs.enumerated().map { place, values in
                values.enumerated().reduce(0.0) { total, token in
                    total + tokenWeight(items[place / 2], token.offset) * Double(token.element)
                }
            })
    }

    /// exp of the token mean of log p − log Σ p², multiplied over both sides; nil without `use_weighting`.
    private func importance(_ forward: GradientShards.LogProbs) -> [Double]? {
        guard loss.options.usesWeighting else { return nil }
        let likelihoods = zip(forward.values, forward.logCollision).map { values, collision in
            exp((sum(values) - sum(collision)) / Double(max(1, values.count)))
        }
        return zip(sides(likelihoods).chosen, sides(likelihoods).rejected).map { $0 * $1 }
    }

    private func derivatives(_ items: [Int], _ value: PreferenceLossValue, _ logProbs: [[Float]]) -> [[Float]] {
        logProbs.enumerated().map { place, values in
            let pair = place / 2
            let isChosen = place.isMultiple(of: 2)
            let slope = isChosen ? value.chosenGradients[pair] : value.rejectedGradients[pair]
            let likelihood = isChosen ? value.likelihoodGradients[pair] : 0
            return values.indices.map { Float(tokenWeight(items[pair], $0) * slope + likelihood) }
        }
    }
}
