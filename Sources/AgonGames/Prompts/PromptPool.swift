public import AgonCore

/// Distinct prompts to draw from.
public struct PromptPool: Sendable {
    /// Whether a prompt that was drawn can come again at once.
    public enum Drawing: String, Sendable, CaseIterable {
        /// Each once before any comes twice.
        case withoutReplacement = "without_replacement"
        /// Every draw from all prompts.
        case withReplacement = "with_replacement"
    }

    public private(set) var prompts: [Prompt]
    /// How often each prompt comes, relative to the others; nil: all alike.
    private let weights: [Double]?

    /// - Parameter weights: one for each prompt, all above zero; empty: all alike.
    public init(prompts: [Prompt], weights: [Double] = []) {
        precondition(
            weights.isEmpty || weights.count == prompts.count && weights.allSatisfy { $0 > 0 && $0.isFinite },
            "\(prompts.count) prompts need as many weights above zero, not \(weights.count)")
        self.prompts = prompts
        self.weights = weights.allSatisfy { $0 == weights[0] } ? nil : weights
    }

    /// `count` prompts in random order. Empty where the pool is.
    ///
    /// Without replacement they are distinct until all were drawn once, then the next reshuffle; with weights the heavier
    /// come earlier. With replacement each draw is of all, in proportion to the weights.
    public func drawn(count: Int, seed: Seed, drawing: Drawing = .withoutReplacement) -> [Prompt] {
        precondition(count >= 0, "a number of prompts is not negative, count is \(count)")
        guard !prompts.isEmpty else { return [] }
        switch drawing {
        case .withReplacement:
            var generator = SeededGenerator(seed.child(.shuffle, 0))
            guard let weights else { return (0..<count).map { _ in prompts[generator.index(below: prompts.count)] } }
            let urn = WeightedUrn(weights)
            return (0..<count).map { _ in prompts[urn.draw(using: &generator)] }
        case .withoutReplacement:
            var result: [Prompt] = []
            result.reserveCapacity(count)
            var shuffleIndex = 0
            while result.count < count {
                var generator = SeededGenerator(seed.child(.shuffle, shuffleIndex))
                result += shuffled(using: &generator, count: count - result.count)
                shuffleIndex += 1
            }
            return result
        }
    }

    private func shuffled(using generator: inout SeededGenerator, count: Int) -> [Prompt] {
        guard let weights else { return Array(generator.shuffled(prompts).prefix(count)) }
        var urn = WeightedUrn(weights)
        return (0..<min(count, prompts.count)).map { _ in
            let index = urn.draw(using: &generator)
            urn.remove(index)
            return prompts[index]
        }
    }
}

/// Weighted draws in logarithmic time: sums of weights in a binary indexed tree.
struct WeightedUrn {
    /// By place from 1: the sum of the weights of the places that it covers.
    private var sums: [Double]
    private var weights: [Double]
    private var leftCount: Int

    init(_ weights: [Double]) {
        self.weights = weights
        leftCount = weights.count
        sums = [0] + weights
        for place in sums.indices.dropFirst() {
            let parent = place + (place & -place)
            if parent < sums.count { sums[parent] += sums[place] }
        }
    }

    /// A place, from 0, in proportion to the weights that are left.
    func draw(using generator: inout SeededGenerator) -> Int {
        precondition(leftCount > 0, "an empty urn has nothing to draw")
        var remainder = generator.unit() * total
        var place = 0
        var step = 1 << (Int.bitWidth - 1 - weights.count.leadingZeroBitCount)
        while step > 0 {
            if place + step < sums.count, sums[place + step] <= remainder {
                place += step
                remainder -= sums[place]
            }
            step /= 2
        }
        // Rounding may point behind the last weight that is left, or at one that is gone.
        return weights[min(place, weights.count - 1)...].firstIndex { $0 > 0 }
            ?? weights.lastIndex { $0 > 0 } ?? 0
    }

    /// Takes a place out.
    mutating func remove(_ index: Int) {
        let weight = weights[index]
        weights[index] = 0
        leftCount -= 1
        var place = index + 1
        while place < sums.count {
            sums[place] -= weight
            place += place & -place
        }
    }

    private var total: Double {
        var (sum, place) = (0.0, weights.count)
        while place > 0 {
            sum += sums[place]
            place -= place & -place
        }
        return sum
    }
}
