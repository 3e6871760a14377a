import AgonCore
import AgonTransformer

/// Σ log p over the own tokens of each side of each pair, in nats. Sums are in double.
struct PairSums {
    let chosen: [Double]
    let rejected: [Double]
    /// What was summed, for chosen, rejected, chosen, rejected …; empty where only the sums are known.
    let logProbs: [[Float]]

    init(chosen: [Double], rejected: [Double]) {
        self.chosen = chosen
        self.rejected = rejected
        logProbs = []
    }

    /// From the log-probabilities of chosen, rejected, chosen, rejected …
    init(interleaved logProbs: [[Float]]) {
        let sums = logProbs.map { $0.reduce(0.0) { $0 + Double($1) } }
        chosen = stride(from: 0, to: sums.count, by: 2).map { sums[$0] }
        rejected = stride(from: 1, to: sums.count, by: 2).map { sums[$0] }
        self.logProbs = logProbs
    }
}

extension PreferenceUpdate {
    /// The summed log-probabilities of all pairs under a reference.
    ///
    /// - Throws: `invalidData` where given sums do not fit the pairs or a sequence does not fit the model.
    static func sums(
        of reference: UpdateReference, _ pairs: [TrainingPair], threads: Int
    ) throws(TrainingError) -> PairSums {
        switch reference {
        case .logProbs(let chosen, let rejected):
            guard chosen.count == pairs.count, rejected.count == pairs.count else {
                throw TrainingError(
                    .invalidData,
                    "\(pairs.count) pairs need as many reference log-probabilities on each side, but there are "
                        + "\(chosen.count) chosen and \(rejected.count) rejected.")
            }
            return PairSums(chosen: chosen, rejected: rejected)
        case .model(let model):
            do {
                return PairSums(
                    interleaved: try model.logProbs(of: pairs.flatMap { [$0.chosen, $0.rejected] }, threads: threads))
            } catch {
                throw TrainingError(
                    .invalidData, "A pair does not fit the reference model; sequences count chosen and rejected in turn.",
                    underlying: error)
            }
        }
    }

    /// Whether a model is the reference itself, so that nothing need be computed twice.
    static func isSame(_ model: Transformer, _ reference: UpdateReference) -> Bool {
        guard case .model(let other) = reference else { return false }
        return model.isSame(as: other)
    }

    /// Mean over all own tokens of log p − log q (`k1`) and of its half square (`k2`), in nats per token.
    ///
    /// - Precondition: both hold the log-probabilities of the same sequences.
    static func divergence(_ p: PairSums, from q: PairSums) -> (k1: Double, k2: Double) {
        var (sum, squares, count) = (0.0, 0.0, 0)
        for (new, old) in zip(p.logProbs.joined(), q.logProbs.joined()) {
            let ratio = Double(new) - Double(old)
            sum += ratio
            squares += ratio * ratio
            count += 1
        }
        return (sum / Double(max(count, 1)), squares / Double(2 * max(count, 1)))
    }
}
