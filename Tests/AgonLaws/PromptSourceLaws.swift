public import AgonCore

/// What every source of prompts must obey.
public enum PromptSourceLaws {
    /// One sentence for each law that a source breaks; empty where it keeps them all.
    ///
    /// - Parameters:
    ///   - count: prompts to ask of each side; the source has at least as many distinct ones on each.
    ///   - sideOf: the side on which a text must lie.
    public static func violations(
        of source: any PromptSource, count: Int, sideOf: (String) -> PromptSide = { PromptSide(of: $0) }
    ) -> [String] {
        var violations: [String] = []
        func demand(_ isKept: Bool, _ law: String) {
            if !isKept { violations.append(law) }
        }
        let (seed, other) = (Seed(run: 6), Seed(run: 7))
        var ids: Set<String> = []
        for side in PromptSide.allCases {
            let prompts = source.prompts(side, count: count, seed: seed)
            demand(prompts.count == count, "\(side) gave fewer prompts than were asked for")
            demand(Set(prompts.map(\.text)).count == count, "a prompt of \(side) comes twice")
            demand(prompts.allSatisfy { sideOf($0.text) == side }, "a prompt of \(side) lies on another side")
            demand(prompts.allSatisfy { ids.insert($0.id).inserted }, "two prompts share an id")
            demand(source.prompts(side, count: count, seed: seed) == prompts, "the same seed gave other prompts of \(side)")
            demand(source.prompts(side, count: count, seed: other) != prompts, "another seed gave the same prompts of \(side)")
            demand(
                source.prompts(side, count: count / 2, seed: seed) == Array(prompts.prefix(count / 2)),
                "fewer prompts of \(side) are not the first of more")
            demand(source.prompts(side, count: 0, seed: seed).isEmpty, "no prompt was asked for, and one came")
        }
        return violations
    }
}
