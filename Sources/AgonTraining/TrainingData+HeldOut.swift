import AgonCore

/// Data that go one way together, and what they are compared with.
struct DataPart {
    var data: TrainingData
    var reference: UpdateReference
    /// What messages call each item: its index in the data that the caller handed in; nil where nothing was taken out.
    var numbers: [Int]?
}

extension TrainingData {
    /// Data of which pairs may have been set aside.
    struct Split {
        var training: DataPart
        var heldOut: DataPart?
    }

    /// Sets the pairs of a share of all prompts aside.
    ///
    /// The hash of a pair's group alone decides, so that pairs of one prompt stay together. A pair without a group has
    /// that of what both its sides begin with before either says a token of its own. Where nothing to train on would be
    /// left, and where the data are no pairs, nothing is set aside.
    ///
    /// - Parameter numbers: what messages call the items; nil counts from 0.
    func split(evalShare share: Double, _ reference: UpdateReference, numbers: [Int]? = nil) -> Split {
        let whole = Split(training: DataPart(data: self, reference: reference, numbers: numbers))
        guard share > 0, case .pairs(let pairs) = self else { return whole }
        let isHeldOut = pairs.map { Self.place(of: $0) < share }
        let (inside, outside) = (pairs.indices.filter { !isHeldOut[$0] }, pairs.indices.filter { isHeldOut[$0] })
        guard !inside.isEmpty, !outside.isEmpty else { return whole }
        func part(_ places: [Int]) -> DataPart {
            var known = reference
            if case .logProbs(let chosen, let rejected) = reference, min(chosen.count, rejected.count) == pairs.count {
                known = .logProbs(chosen: places.map { chosen[$0] }, rejected: places.map { rejected[$0] })
            }
            return DataPart(
                data: .pairs(places.map { pairs[$0] }), reference: known, numbers: places.map { numbers?[$0] ?? $0 })
        }
        return Split(training: part(inside), heldOut: part(outside))
    }

    /// What both sides begin with.
    private static func beginning(of pair: TrainingPair) -> [Int32] {
        let (chosen, rejected) = (pair.chosen, pair.rejected)
        let count = zip(zip(chosen.tokens, chosen.own), zip(rejected.tokens, rejected.own)).prefix {
            $0.0.0 == $0.1.0 && !$0.0.1 && !$0.1.1
        }.count
        return Array(chosen.tokens.prefix(count))
    }

    /// A number in 0 ..< 1 that pairs of a prompt always have.
    private static func place(of pair: TrainingPair) -> Double {
        var fingerprint = Fingerprint()
        if let group = pair.group {
            fingerprint.add(UInt64(bitPattern: Int64(group)))
        } else {
            let beginning = beginning(of: pair)
            fingerprint.add(beginning, beginning.map { _ in false })
        }
        var generator = SeededGenerator(Seed(run: fingerprint.value))
        return generator.unit()
    }
}
