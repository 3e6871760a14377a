public import AgonCore

/// Distinct prompts to draw from.
public struct PromptPool: Sendable {
    public var prompts: [Prompt]

    public init(prompts: [Prompt]) { self.prompts = prompts }

    /// `count` prompts in random order, distinct until all were drawn once, then the next reshuffle.
    /// Empty where the pool is.
    public func drawn(count: Int, seed: Seed) -> [Prompt] {
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
