import AgonAgents
import AgonCore
import AgonTransformer

/// Text of preference files as token ids, with a mark on what is the model's own.
///
/// Prompt and answer are tokenised together and the prompt alone; what the ids have in common is the prompt, so that a
/// token that reaches over the boundary belongs to the answer (TRL's DPOTrainer does the same). Of a pair the shorter of
/// the two counts. Plain text gets the end token once; a conversation ends as its template says.
struct PairTokenizer: Sendable {
    let tokenizer: Tokenizer
    let beginToken: Int32?
    /// What ends plain text; nil where the model has none.
    let endToken: Int32?
    let chatTemplate: ChatTemplate?
    /// The agent's `system.md`.
    let system: String
    let context: OfflineTrainingOptions.Context

    /// A tokenised pair.
    struct Sides {
        var chosen: TokenSequence
        var rejected: TokenSequence
        /// Whether the prompt alone has other ids at its end than before an answer.
        var isMerged: Bool
    }

    /// - Parameter place: the file and line, to begin messages with.
    /// - Throws: `AgentError` where the model cannot read a text, or has no chat template for a conversation.
    func sides(_ record: PairRecord, place: String) throws(AgentError) -> Sides {
        let prompt = try ids(record.prompt, nil, record.columns, place)
        let answers = try [record.chosen, record.rejected].map { (answer) throws(AgentError) in
            try ids(record.prompt, answer, record.columns, place)
        }
        let shared = answers.map { common(prompt, $0) }.min() ?? 0
        let sequences = try answers.map { (ids) throws(AgentError) in try sequence(ids, shared, place) }
        return Sides(chosen: sequences[0], rejected: sequences[1], isMerged: shared < prompt.count)
    }

    /// - Throws: as `sides`.
    func sequence(_ record: LabelledRecord, place: String) throws(AgentError) -> TokenSequence {
        let prompt = try ids(record.prompt, nil, record.columns, place)
        let whole = try ids(record.prompt, record.completion, record.columns, place)
        return try sequence(whole, common(prompt, whole), place)
    }

    private func common(_ one: [Int32], _ other: [Int32]) -> Int { zip(one, other).prefix { $0 == $1 }.count }

    /// The first token of all is nobody's own: nothing predicts it.
    private func sequence(_ ids: [Int32], _ promptCount: Int, _ place: String) throws(AgentError) -> TokenSequence {
        let first = max(1, promptCount)
        guard first < ids.count else {
            throw AgentError(.badValue, "\(place): the answer has no token of its own after the prompt: remove the line.")
        }
        return TokenSequence(prompt: Array(ids[..<first]), completion: Array(ids[first...]))
    }

    /// The ids of a prompt with its answer, or of the prompt up to where an answer begins.
    private func ids(
        _ prompt: PairText, _ answer: PairText?, _ columns: [ChatValue.Member], _ place: String
    ) throws(AgentError) -> [Int32] {
        do throws(TransformerError) {
            if let chatTemplate, context == .agent || prompt.isConversation {
                return try tokenizer.encode(rendered(chatTemplate, prompt, answer, columns))
            }
            guard case .text(let text) = prompt else {
                throw TransformerError(
                    .unsupported, "this is a conversation, but the agent's model has no chat template, or `chat_template: none`")
            }
            return try plain(text, answer)
        } catch {
            throw AgentError(.badValue, "\(place): \(error.message)", underlying: error)
        }
    }

    private func rendered(
        _ template: ChatTemplate, _ prompt: PairText, _ answer: PairText?, _ columns: [ChatValue.Member]
    ) throws(TransformerError) -> ChatRendering {
        var messages = prompt.messages(role: "user")
        let hasSystem = messages.first?.fields.contains { $0.key == "role" && $0.value == "system" } ?? false
        if context == .agent, !hasSystem, !system.isEmpty {
            messages.insert(ChatMessage(role: "system", content: String(system.reversed().drop(while: \.isNewline).reversed())), at: 0)
        }
        messages += answer?.messages(role: "assistant") ?? []
        var tools: [ChatValue]?
        switch ChatValue.object(columns)["tools"] {
        case .array(let list)?: tools = list
        case .string(let json)?: if case .array(let list) = try ChatValue(json: json, name: "`tools`") { tools = list }
        default: tools = nil
        }
        var variables: [String: ChatValue] = [:]
        if case .object(let members)? = ChatValue.object(columns)["chat_template_kwargs"] {
            for member in members { variables[member.key] = member.value }
        }
        return try template.render(
            messages: messages, tools: tools, addGenerationPrompt: answer == nil, variables: variables)
    }

    private func plain(_ prompt: String, _ answer: PairText?) throws(TransformerError) -> [Int32] {
        let (before, after) = context == .trl
            ? (tokenizer.prefix, tokenizer.suffix) : (beginToken.map { [$0] } ?? [], [])
        let text = (context == .agent ? system : "") + prompt
        guard let answer else { return before + (try encode(text)) + after }
        var said = answer.plain
        let end = endToken.flatMap { tokenizer.token($0) } ?? ""
        if !end.isEmpty, said.utf8.suffix(end.utf8.count).elementsEqual(end.utf8) {
            said = String(decoding: said.utf8.dropLast(end.utf8.count), as: UTF8.self)
        }
        return before + (try encode(text + said)) + (endToken.map { [$0] } ?? []) + after
    }

    private func encode(_ text: String) throws(TransformerError) -> [Int32] {
        try tokenizer.encode(text, addSpecialTokens: false, parseSpecial: false)
    }
}
