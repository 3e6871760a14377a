import AgonCore
public import AgonTransformer

/// Where the log-probabilities of the reference policy come from.
public enum UpdateReference: Sendable {
    /// Computed when first needed, and kept for the whole update.
    case model(Transformer)
    /// Known already: Σ log π_ref over the own tokens of each pair's sides, in the pairs' order, in nats. With `ld_alpha`
    /// they must have been summed with the same one.
    case logProbs(chosen: [Double], rejected: [Double])

    /// The same as a policy is read whose products are in a format.
    func multiplied(in products: WeightFormat) -> UpdateReference {
        guard case .model(let model) = self, model.weights == .float32 else { return self }
        return .model(model.held(in: products))
    }
}

/// log π_ref of an update's sequences, each computed once until the reference changes.
///
/// What is kept does not depend on the batches in which it was computed, so computing everything before the first step
/// or each sequence when it is met gives the same bits.
final class ReferenceLogProbs {
    /// Nil where only sums are known.
    private(set) var model: Transformer?
    /// The sums that were handed in, of chosen and rejected sides.
    let sums: (chosen: [Double], rejected: [Double])?
    private let threads: Int
    private var kept: [Int: [Float]] = [:]

    init(_ reference: UpdateReference, threads: Int) {
        self.threads = threads
        switch reference {
        case .model(let model):
            self.model = model
            sums = nil
        case .logProbs(let chosen, let rejected):
            model = nil
            sums = (chosen, rejected)
        }
    }

    /// log π_ref of each own token of the sequences at these places of the update's list.
    ///
    /// - Throws: `invalidData` where a sequence does not fit the reference model.
    func logProbs(at places: [Int], of sequences: [TokenSequence]) throws(TrainingError) -> [[Float]] {
        let missing = places.indices.filter { kept[places[$0]] == nil }
        if !missing.isEmpty {
            for (index, values) in zip(missing, try logProbs(of: missing.map { sequences[$0] })) {
                kept[places[index]] = values
            }
        }
        return places.map { kept[$0] ?? [] }
    }

    /// The same of sequences that will not be met again.
    func logProbs(of sequences: [TokenSequence]) throws(TrainingError) -> [[Float]] {
        guard let model else { preconditionFailure("a reference known by its sums has no token log-probabilities") }
        do {
            return try model.logProbs(of: sequences, threads: threads)
        } catch {
            throw TrainingError(
                .invalidData, "A sequence does not fit the reference model; a pair's count chosen and rejected in turn.",
                underlying: error)
        }
    }

    /// ref ← alpha · policy + (1 − alpha) · ref; everything kept is forgotten.
    func mix(_ alpha: Double, with policy: Parameters) {
        guard let model else { preconditionFailure("a reference known by its sums cannot follow the policy") }
        let mixed = model.parameters.copy()
        mixed.withValues { reference in
            policy.withValues { policy in
                for index in reference.indices {
                    reference[index] = Float(alpha) * policy[index] + Float(1 - alpha) * reference[index]
                }
            }
        }
        replace(Transformer(mixed, kernels: model.kernels, weights: model.weights))
    }

    /// Takes another model as the reference, as after a resume.
    func replace(_ model: Transformer) {
        self.model = model
        kept = [:]
    }
}
