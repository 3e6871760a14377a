import AgonCore

/// What the objectives of pairs share: chosen and rejected in turn, and the metrics of both sides.
class PairData {
    let pairs: [TrainingPair]
    /// What messages call each pair.
    private let given: [Int]?

    /// - Parameter numbers: what messages call the pairs; nil counts from 0.
    /// - Throws: `invalidData` for a pair without own tokens on a side, or whose weight or label is out of range.
    init(_ pairs: [TrainingPair], numbers: [Int]?) throws(TrainingError) {
        for (place, pair) in pairs.enumerated() {
            let index = numbers?[place] ?? place
            guard pair.chosen.own.contains(true), pair.rejected.own.contains(true) else {
                throw TrainingError(
                    .invalidData,
                    "Pair \(index) has \(pair.chosen.ownCount) own tokens on its chosen side and "
                        + "\(pair.rejected.ownCount) on its rejected side; each side needs at least one.")
            }
            guard pair.weight.isFinite, pair.weight >= 0 else {
                throw TrainingError(
                    .invalidData, "The weight of pair \(index) must be at least 0, but is \(pair.weight).")
            }
            guard (0...1).contains(pair.label) else {
                throw TrainingError(
                    .invalidData, "The label of pair \(index) must be between 0 and 1, but is \(pair.label).")
            }
        }
        self.pairs = pairs
        given = numbers
    }

    var itemCount: Int { pairs.count }

    /// What messages call these pairs.
    func numbers(of items: [Int]) -> [Int] { items.map { given?[$0] ?? $0 } }

    func sequences(of items: [Int]) -> [TokenSequence] { items.flatMap { [pairs[$0].chosen, pairs[$0].rejected] } }

    /// - Throws: `invalidData` for a pair whose label is not 1, which this loss does not read.
    func requireHardLabels(_ loss: String) throws(TrainingError) {
        guard let index = pairs.firstIndex(where: { $0.label != 1 }) else { return }
        throw TrainingError(
            .invalidData,
            "Pair \(numbers(of: [index])[0]) has the label \(pairs[index].label), which \(loss) ignores; "
                + "use loss_type sigmoid or cdpo.")
    }

    func counts(_ items: [Int]) -> (chosen: [Int], rejected: [Int]) {
        (items.map { pairs[$0].chosen.ownCount }, items.map { pairs[$0].rejected.ownCount })
    }

    /// What a step says of both sides, under TRL's names.
    func metrics(
        _ items: [Int], _ forward: GradientShards.LogProbs, logProbs: (chosen: [Double], rejected: [Double]),
        rewards: (chosen: [Double], rejected: [Double])
    ) -> [String: Double] {
        let wins = zip(rewards.chosen, rewards.rejected).count { $0 > $1 }
        let (chosenCounts, rejectedCounts) = counts(items)
        var metrics = tokenMetrics(forward) { $0.isMultiple(of: 2) }
        metrics["rewards/chosen"] = rewards.chosen.mean
        metrics["rewards/rejected"] = rewards.rejected.mean
        metrics["rewards/margins"] = rewards.chosen.mean - rewards.rejected.mean
        metrics["rewards/accuracies"] = Double(wins) / Double(max(1, items.count))
        metrics["logps/chosen"] = logProbs.chosen.mean
        metrics["logps/rejected"] = logProbs.rejected.mean
        metrics["logits/chosen"] = meanLogit(forward) { $0.isMultiple(of: 2) }
        metrics["logits/rejected"] = meanLogit(forward) { !$0.isMultiple(of: 2) }
        metrics["completions/chosen_length"] = chosenCounts.map(Double.init).mean
        metrics["completions/rejected_length"] = rejectedCounts.map(Double.init).mean
        return metrics
    }
}

/// One side's value of each pair from a list of chosen, rejected, chosen, rejected …
func sides<Value>(_ interleaved: [Value]) -> (chosen: [Value], rejected: [Value]) {
    (
        stride(from: 0, to: interleaved.count, by: 2).map { interleaved[$0] },
        stride(from: 1, to: interleaved.count, by: 2).map { interleaved[$0] }
    )
}
