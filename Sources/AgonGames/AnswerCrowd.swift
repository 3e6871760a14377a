public import AgonCore

/// What a mixed crowd answers: right with a given probability, otherwise a plausible mistake.
///
/// A base model that imitates it knows the form of an answer and is right about as often as the crowd.
public struct AnswerCrowd: Sendable {
    /// The ways to go wrong.
    public enum Mistake: Sendable, Hashable, CaseIterable {
        /// Two neighbours swapped.
        case swapped
        /// One character left out.
        case dropped
        /// One character written twice.
        case doubled
        /// One character replaced by another of the answer's alphabet.
        case replaced
        /// The answer ended too early, after at least one character.
        case cutShort
        /// All characters, in random order.
        case shuffled
    }

    /// How often each mistake is made, relative to the others; any sum.
    public struct MistakeWeights: Sendable, Hashable {
        public var swapped: Double
        public var dropped: Double
        public var doubled: Double
        public var replaced: Double
        public var cutShort: Double
        public var shuffled: Double

        public init(
            swapped: Double = 3, dropped: Double = 2, doubled: Double = 2, replaced: Double = 2, cutShort: Double = 1,
            shuffled: Double = 1
        ) {
            self.swapped = swapped
            self.dropped = dropped
            self.doubled = doubled
            self.replaced = replaced
            self.cutShort = cutShort
            self.shuffled = shuffled
        }

        /// The weight of one mistake.
        public subscript(mistake: Mistake) -> Double {
            switch mistake {
            case .swapped: swapped
            case .dropped: dropped
            case .doubled: doubled
            case .replaced: replaced
            case .cutShort: cutShort
            case .shuffled: shuffled
            }
        }
    }

    private let task: any PromptTask
    private let right: Double
    private let weights: MistakeWeights
    private let answerCharacters: [Character]

    private static let drawLimit = 64

    /// - Parameter right: the probability of the gold answer, 0 … 1.
    /// - Parameter weights: none negative, at least one positive.
    public init(task: any PromptTask, right: Double, weights: MistakeWeights = MistakeWeights()) {
        precondition((0...1).contains(right), "the crowd's share of right answers is a probability, it is \(right)")
        let all = Mistake.allCases.map { weights[$0] }
        precondition(
            all.allSatisfy { $0 >= 0 && $0.isFinite } && all.contains { $0 > 0 },
            "mistakes need weights that are not negative and not all zero, they are \(all)")
        self.task = task
        self.right = right
        self.weights = weights
        answerCharacters = Array(task.answerAlphabet)
    }

    /// One answer of the crowd, the same for the same seed; never empty.
    ///
    /// A mistake that happens to be right (two equal neighbours swapped) is drawn again. Where the chosen
    /// mistakes cannot make the answer wrong, one character is replaced.
    /// - Returns: nil where the prompt is not one of the task.
    public func answer(to prompt: Prompt, seed: Seed) -> String? {
        guard let gold = task.goldAnswer(to: prompt.text), !gold.isEmpty else { return nil }
        var generator = SeededGenerator(seed.child(.sample, 0))
        if generator.unit() < right { return gold }
        let characters = Array(gold)
        for _ in 0..<Self.drawLimit {
            let mistake = drawMistake(using: &generator)
            let answer = String(apply(mistake, to: characters, using: &generator))
            if !answer.isEmpty, !task.isRight(answer, to: prompt) { return answer }
        }
        return String(apply(.replaced, to: characters, using: &generator))
    }

    private func drawMistake(using generator: inout SeededGenerator) -> Mistake {
        let total = Mistake.allCases.reduce(0) { $0 + weights[$1] }
        var remainder = generator.unit() * total
        var drawn = Mistake.replaced
        for mistake in Mistake.allCases where weights[mistake] > 0 {
            drawn = mistake
            remainder -= weights[mistake]
            if remainder < 0 { break }
        }
        return drawn
    }

    private func apply(
        _ mistake: Mistake, to gold: [Character], using generator: inout SeededGenerator
    ) -> [Character] {
        var answer = gold
        let place = generator.index(below: gold.count)
        switch mistake {
        case .swapped:
            guard gold.count > 1 else { return gold }
            let left = generator.index(below: gold.count - 1)
            answer.swapAt(left, left + 1)
        case .dropped: answer.remove(at: place)
        case .doubled: answer.insert(gold[place], at: place)
        case .replaced:
            let others = answerCharacters.filter { $0 != gold[place] }
            answer[place] = generator.element(of: others) ?? gold[place]
        case .cutShort: answer.removeSubrange(place...)
        case .shuffled: answer = generator.shuffled(gold)
        }
        return answer
    }
}
