import AgonJudging
import AgonTransformer

/// The tokens that stand for one of two answers: each way in which the vocabulary spells its letter as a single token.
struct AnswerLetters: Sendable {
    /// Tokens of the letter of the answer shown first, and as many of the other, spelled alike.
    let first: [Int32], second: [Int32]

    /// With nothing before the letter, or with the space of a byte-level or of a SentencePiece vocabulary.
    private static let prefixes = ["", "Ġ", "▁"]

    /// - Throws: `badModel` where a vocabulary spells no letter, or only one of them, as a single token.
    init(_ tokenizer: Tokenizer, model: String) throws(AgentError) {
        let letters = [JudgePrompts.label(0), JudgePrompts.label(1)]
        let spelled = Self.prefixes.compactMap { prefix -> (Int32, Int32)? in
            guard let first = tokenizer.id(of: prefix + letters[0]), let second = tokenizer.id(of: prefix + letters[1]) else { return nil }
            return (first, second)
        }
        guard !spelled.isEmpty else {
            throw AgentError(
                .badModel,
                "\(model)/tokenizer.json has no single tokens for \(letters[0]) and \(letters[1]), which a policy judge answers with: use a model that has them.")
        }
        (first, second) = (spelled.map(\.0), spelled.map(\.1))
    }
}
