/// Token ids in the order that a policy saw them, with a mark on those that are its own.
///
/// Training and audits use these ids as they were generated: text is never tokenised again, so that no
/// boundary merge, doubled end token or template can move a token from the prompt into the completion.
public struct TokenSequence: Sendable, Hashable, Codable {
    /// The ids `[T]`: prompt, then own and foreign turns in the order they were made.
    public var tokens: [Int32]
    /// `[T]`: true where the policy itself chose the token. Only these carry loss and log-probability.
    public var own: [Bool]

    /// - Precondition: both arrays have the same length.
    public init(tokens: [Int32], own: [Bool]) {
        precondition(tokens.count == own.count, "a token sequence needs one mark per token")
        self.tokens = tokens
        self.own = own
    }

    /// A prompt followed by one completion, all of the completion the policy's own.
    public init(prompt: [Int32], completion: [Int32]) {
        tokens = prompt + completion
        own = Array(repeating: false, count: prompt.count) + Array(repeating: true, count: completion.count)
    }

    /// How many tokens are the policy's own. The first token of a sequence can never be: nothing predicts it.
    public var ownCount: Int { own.reduce(0) { $0 + ($1 ? 1 : 0) } }
}
