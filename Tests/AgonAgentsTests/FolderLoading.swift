import AgonAgents
import AgonTransformer

/// What an arena does with an agent's folder before a run starts.
func loadAgent(_ folder: String) throws {
    let agent = try AgentConfiguration(folder: folder)
    guard case .transformer(let model) = agent.kind else { return }
    _ = try ModelFolder.load(model)
}

/// What an arena does with a judge's folder.
func loadJudge(_ folder: String) throws {
    _ = try ModelFolder.load(JudgeConfiguration(folder: folder).model)
}

/// One way to break a sound folder, and what the sentence about it must say.
struct Breakage: Sendable {
    let name: String
    /// What the sentence must contain: the file, with its line where there is one, and the reason.
    let parts: [String]
    let apply: @Sendable (AgentFolder) throws -> Void

    init(_ name: String, says parts: String..., apply: @escaping @Sendable (AgentFolder) throws -> Void) {
        self.name = name
        self.parts = parts
        self.apply = apply
    }
}
