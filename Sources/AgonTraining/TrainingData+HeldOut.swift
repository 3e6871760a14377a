import AgonCore

extension TrainingData {
    /// Pairs of which some are set aside, each part with its reference.
    struct Split {
        var data: TrainingData
        var reference: UpdateReference
        var heldOut: (data: TrainingData, reference: UpdateReference)?
    }

    /// Sets the pairs of a share of all prompts aside.
    ///
    /// A prompt is what both sides of a pair begin with before either says a token of its own; its hash alone decides, so
    /// that pairs of one prompt stay together. Where nothing to train on would be left, and where the data are no pairs,
    /// nothing is set aside.
    func split(evalShare share: Double, _ reference: UpdateReference) -> Split {
        let whole = Split(data: self, reference: reference)
        guard share > 0, case .pairs(let pairs) = self else { return whole }
        let isHeldOut = pairs.map { Self.place(of: Self.prompt(of: $0)) < share }
        let (inside, outside) = (pairs.indices.filter { !isHeldOut[$0] }, pairs.indices.filter { isHeldOut[$0] })
        guard !inside.isEmpty, !outside.isEmpty else { return whole }
        func part(_ places: [Int]) -> (TrainingData, UpdateReference) {
            var known = reference
            if case .logProbs(let chosen, let rejected) = reference, min(chosen.count, rejected.count) == pairs.count {
                known = .logProbs(chosen: places.map { chosen[$0] }, rejected: places.map { rejected[$0] })
            }
            return (.pairs(places.map { pairs[$0] }), known)
        }
        let training = part(inside)
        return Split(data: training.0, reference: training.1, heldOut: part(outside))
    }

    private static func prompt(of pair: TrainingPair) -> [Int32] {
        let (chosen, rejected) = (pair.chosen, pair.rejected)
        let count = zip(zip(chosen.tokens, chosen.own), zip(rejected.tokens, rejected.own)).prefix {
            $0.0.0 == $0.1.0 && !$0.0.1 && !$0.1.1
        }.count
        return Array(chosen.tokens.prefix(count))
    }

    /// A number in 0 ..< 1 that a prompt always has.
    private static func place(of prompt: [Int32]) -> Double {
        var fingerprint = Fingerprint()
        fingerprint.add(prompt, prompt.map { _ in false })
        var generator = SeededGenerator(Seed(run: fingerprint.value))
        return generator.unit()
    }
}
