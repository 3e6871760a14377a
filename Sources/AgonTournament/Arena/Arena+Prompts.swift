import AgonAgents
import AgonCore
import AgonGames
import AgonTransformer
import Foundation

extension Arena {
    /// A model whose vocabulary cannot spell the prompts, or whose template cannot write them, is no use in the arena,
    /// however sound its folder is.
    func checkReadability(_ name: String) throws {
        guard let model = models[name], let agent = agents[name] else { return }
        let plain = (game?.alphabet ?? task?.alphabet).map { [$0] } ?? filePrompts.filter { $0.conversation == nil }.map(\.text)
        for text in [agent.system] + plain + (configuration.stages?.texts ?? []) {
            do {
                _ = try model.tokenizer.encode(text, addSpecialTokens: false, parseSpecial: false)
            } catch {
                throw AgentError(
                    .badModel, "\(configuration.file): agent `\(name)` cannot read this arena's prompts: \(error.message)",
                    underlying: error)
            }
        }
        let template = chatTemplates[name]
        let dropsSystem = template.map(AgentConfiguration.dropsSystem) ?? false
        for prompt in filePrompts {
            guard let conversation = prompt.conversation else { continue }
            let place = promptPlaces[prompt.id] ?? configuration.file
            if dropsSystem, conversation.hasSystem {
                throw AgentError(
                    .badModel,
                    "\(place): the chat template of agent `\(name)` leaves a system's message out: remove it here, or set `chat_template: none` in \(agent.file).")
            }
            do {
                _ = try agent.contextTokenCount(prompt, model, template)
            } catch let error as TransformerError {
                let wayOut = template == nil ? "" : " Or set `chat_template: none` in \(agent.file)."
                throw AgentError(
                    .badModel, "\(place): agent `\(name)` cannot be asked this conversation: \(error.message)\(wayOut)",
                    underlying: error)
            }
        }
    }

    /// Gold's opinion of an answer: 1 right, 0 wrong, nil where gold is not known.
    func gold(_ answer: String, to prompt: Prompt) -> Double? {
        if let task { return task.isRight(answer.trimmingCharacters(in: .whitespacesAndNewlines), to: prompt) ? 1 : 0 }
        guard hasGold else { return nil }
        return prompt.reference.map { reference in
            answer.trimmingCharacters(in: .whitespacesAndNewlines) == reference.trimmingCharacters(in: .whitespacesAndNewlines) ? 1 : 0
        }
    }

    /// The gold answer to a prompt's text, for scripted agents.
    func goldAnswer(_ prompt: String) -> String? {
        task?.goldAnswer(to: prompt) ?? promptFile?.answers[prompt]
    }

    /// The prompts of a prompt file; none for games and tasks, which have no list.
    var filePrompts: [Prompt] { promptFile?.prompts ?? [] }

    /// Where each of them stands, by its id.
    private var promptPlaces: [String: String] { promptFile?.places ?? [:] }

    /// The tags of a prompt file's prompts, by their ids.
    var promptTags: [String: [String]] { promptFile?.tags ?? [:] }

    /// SHA-256 of the prompts file; empty for games and tasks.
    var promptsHash: String { promptFile?.hash ?? "" }
}
