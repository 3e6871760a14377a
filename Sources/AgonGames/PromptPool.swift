import AgonCore

/// Distinct prompts to draw from.
struct PromptPool: Sendable {
    var prompts: [Prompt]

    /// `count` prompts in random order, distinct until all were drawn once, then the next reshuffle.
    /// Empty where the pool is.
    func drawn(count: Int, seed: Seed) -> [Prompt] {
        precondition(count >= 0, "a number of prompts is not negative, count is \(count)")
        var result: [Prompt] = []
        result.reserveCapacity(count)
        var shuffleIndex = 0
        while result.count < count, !prompts.isEmpty {
            var generator = SeededGenerator(seed.child(.shuffle, shuffleIndex))
            result += generator.shuffled(prompts).prefix(count - result.count)
            shuffleIndex += 1
        }
        return result
    }
}
