public import AgonCore

/// A skill that can be checked: prompts drawn without end, each with one gold answer.
///
/// Texts are short and of few characters, so that a small model with a character vocabulary can learn them.
public protocol PromptTask: Sendable {
    /// The name in an arena's YAML: `sort-digits`.
    var name: String { get }
    /// Every character of prompts and answers, each once, in the order of a character vocabulary.
    var alphabet: String { get }
    /// The characters that answers are made of, each once.
    var answerAlphabet: String { get }
    /// The most tokens that an answer may take when every character is a token: the longest gold answer, one
    /// character too many, and the end token.
    var answerTokenLimit: Int { get }
    /// A prompt with its gold answer as `reference`, the same for the same seed; its id is `TASK:TEXT`.
    func prompt(seed: Seed) -> Prompt
    /// The gold answer to a prompt's text, worked out from the text alone; nil where it is not a prompt of
    /// this task. Never empty: an empty answer is a forfeit.
    func goldAnswer(to text: String) -> String?
    /// Whether an answer is right. Nothing is forgiven: one character too many is wrong.
    func isRight(_ answer: String, to prompt: Prompt) -> Bool
}

extension PromptTask {
    public func isRight(_ answer: String, to prompt: Prompt) -> Bool {
        guard let gold = goldAnswer(to: prompt.text) else { return false }
        return answer == gold
    }

    /// The prompt of a text that the task itself wrote.
    func prompt(text: String) -> Prompt { Prompt(id: "\(name):\(text)", text: text, reference: goldAnswer(to: text)) }
}
