import AgonCore
import AgonTraining
import AgonTransformer

/// A language of sixteen tokens in which the answer to a digit is the next digit, then the end.
///
/// Ids: 0 begin, 1 end, 2 … 11 digits. A right answer to `d` is `d + 1`, a wrong one any other digit.
enum ToyTask {
    static let config: ModelConfig = {
        try! ModelConfig(
            vocabularySize: 16, hiddenSize: 32, layerCount: 2, headCount: 4, keyValueHeadCount: 2,
            feedForwardSize: 48, maxPositionCount: 16, bosToken: 0, eosTokens: [1])
    }()

    static func answer(_ digit: Int, _ given: Int) -> TokenSequence {
        TokenSequence(prompt: [0, Int32(2 + digit)], completion: [Int32(2 + given), 1])
    }

    /// Right against wrong, wrong drawn from the seed.
    static func pairs(count: Int, seed: UInt64) -> [TrainingPair] {
        var generator = SeededGenerator(Seed(run: seed))
        return (0..<count).map { _ in
            let digit = generator.index(below: 10)
            let wrong = (digit + 2 + generator.index(below: 9)) % 10
            return TrainingPair(chosen: answer(digit, (digit + 1) % 10), rejected: answer(digit, wrong))
        }
    }

    /// Answers of a crowd that is right half of the time.
    static func crowd(count: Int, seed: Seed) -> [TokenSequence] {
        var generator = SeededGenerator(seed)
        return (0..<count).map { _ in
            let digit = generator.index(below: 10)
            let isRight = generator.index(below: 2) == 0
            return answer(digit, isRight ? (digit + 1) % 10 : generator.index(below: 10))
        }
    }
}

extension ToyTask {
    /// Right answers called good and wrong ones bad, in turn.
    static func labelled(count: Int, seed: UInt64) -> [LabelledCompletion] {
        pairs(count: (count + 1) / 2, seed: seed).flatMap {
            [LabelledCompletion($0.chosen, isDesirable: true), LabelledCompletion($0.rejected, isDesirable: false)]
        }
    }

    /// Answers to one digit each, of which the first is right; reward 1 and 0.
    static func groups(count: Int, size: Int, seed: UInt64) -> [ScoredGroup] {
        var generator = SeededGenerator(Seed(run: seed))
        return (0..<count).map { _ in
            let digit = generator.index(below: 10)
            return ScoredGroup(
                (0..<size).map { index in
                    let given = index == 0 ? (digit + 1) % 10 : (digit + 2 + generator.index(below: 9)) % 10
                    return ScoredRollout(answer(digit, given), reward: index == 0 ? 1 : 0, role: "answer")
                })
        }
    }
}
