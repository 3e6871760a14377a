public import AgonCore

/// What every source of prompts must obey.
public enum PromptSourceLaws {
    /// One sentence for each law that a source breaks; empty where it keeps them all.
    ///
    /// - Parameter count: prompts to ask of each side; the source has at least as many distinct ones on each.
    public static func violations(of source: any PromptSource, count: Int) -> [String] {
        var violations: [String] = []
        func demand(_ isKept: Bool, _ law: String) {
            if !isKept { violations.append(law) }
        }
        let (seed, other) = (Seed(run: 6), Seed(run: 7))
        let training = source.training(count: count, seed: seed)
        let heldOut = source.heldOut(count: count, seed: other)
        demand(training.count == count && heldOut.count == count, "a side gave fewer prompts than were asked for")
        demand(Set(training.map(\.text)).count == count, "a training prompt comes twice")
        demand(Set(heldOut.map(\.text)).count == count, "a held-out prompt comes twice")
        demand(Set(training.map(\.id)).count == count, "two prompts share an id")
        demand(training.allSatisfy { !HeldOutSplit.contains($0.text) }, "a training prompt lies on the held-out side")
        demand(heldOut.allSatisfy { HeldOutSplit.contains($0.text) }, "a held-out prompt lies on the training side")
        demand(source.training(count: count, seed: seed) == training, "the same seed gave other training prompts")
        demand(source.heldOut(count: count, seed: other) == heldOut, "the same seed gave other held-out prompts")
        demand(source.training(count: count, seed: other) != training, "another seed gave the same prompts")
        demand(
            source.training(count: count / 2, seed: seed) == Array(training.prefix(count / 2)),
            "fewer prompts are not the first of more")
        demand(source.heldOut(count: 0, seed: seed).isEmpty, "no prompt was asked for, and one came")
        return violations
    }
}
