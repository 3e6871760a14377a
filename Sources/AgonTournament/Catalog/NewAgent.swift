import AgonAgents
import AgonCore
import AgonTransformer
import Foundation

/// An agent that does not exist yet.
public struct NewAgent: Sendable {
    /// What it starts as.
    public enum Source: Sendable, Hashable {
        /// Another agent, by name or path: all that its file says of how it answers, and its system prompt.
        case agent(String)
        /// A model folder, by its path from the current folder.
        case model(String)
        /// A built-in rule.
        case scripted(strategy: String, skill: Double?)
        /// A program, word by word; empty for one in Python that is written too.
        case process(command: [String])
        /// A model behind an endpoint, by the server's address and its name there.
        case endpoint(url: String, model: String)
    }

    public var name: String
    public var source: Source

    public init(name: String, source: Source) {
        self.name = name
        self.source = source
    }

    /// The agent's files, checked as if they were there, none of them written.
    /// - Throws: `TournamentError` or `AgentError` where the name is taken or none, or the source is broken.
    public func thing(in catalog: Catalog) throws -> NewThing {
        guard FolderName.isValid(name) else { throw TournamentError(.configuration, FolderName.complaint(name)) }
        let folder = catalog.folder(.agent) + "/" + name
        try NewThing.requireFree(folder)
        var files: [NewThing.File] = []
        var lines: [(text: String, comment: String)] = [
            ("# Agent \(name). `agon check \(folder)` checks it; agents/README.md tells every key.", "")
        ]
        switch source {
        case .scripted(let strategy, let skill):
            lines += NewAgent.scripted(strategy, skill, "A built-in rule.")
            lines.append(("# strategies: random, first_legal (games only), perfect, noisy_expert", ""))
        case .process(let command):
            lines += NewAgent.process(command.isEmpty ? ["python3", "agent.py"] : command)
            if command.isEmpty { files.append(.init(path: folder + "/agent.py", text: NewAgent.program)) }
        case .endpoint(let url, let model):
            lines += NewAgent.endpoint(url, model)
        case .model(let path):
            lines += NewAgent.transformer(try model(path, in: catalog), "Starts from \(path) and learns.", SamplingOptions())
        case .agent(let text):
            let path = try catalog.path(of: text, among: [.agent])
            let agent = try AgentConfiguration(folder: path)
            guard !agent.isOutside else {
                throw TournamentError(.configuration, "\(path) answers from outside and has nothing to start from: copy its folder.")
            }
            if case .scripted(let strategy, let skill) = agent.kind {
                lines += NewAgent.scripted(strategy, skill, agent.summary)
            } else {
                lines += NewAgent.transformer(
                    try model(path, in: catalog), "Starts where \(agent.name) stands and learns from its wins and losses.",
                    agent.sampling)
                lines += NewAgent.kept(of: agent, adapter: agent.adapter.map { catalog.path($0, seenFrom: folder) })
            }
            if !agent.system.isEmpty { files.append(.init(path: folder + "/system.md", text: agent.system)) }
        }
        let text = YAMLText.commented(lines)
        _ = try AgentConfiguration(text: text, folder: folder)
        files.insert(.init(path: folder + "/agent.yaml", text: text), at: 0)
        return NewThing(
            path: folder, files: files,
            next: [
                "Edit \(folder)/agent.yaml, then `agon check \(folder)`.",
                "Add `\(name)` to `agents:` of an arena, or make one with `agon new arena NAME --agents \(name),…`.",
            ])
    }

    /// Writes the agent, checked. It appears under its name complete, or not at all.
    public func write(in catalog: Catalog) throws -> NewThing {
        let thing = try thing(in: catalog)
        let manager = FileManager.default
        let staging = catalog.folder(.agent) + "/.new-\(name)-\(ProcessInfo.processInfo.processIdentifier)"
        try manager.createDirectory(atPath: staging, withIntermediateDirectories: true)
        do {
            for file in thing.files {
                try Data(file.text.utf8).write(to: URL(fileURLWithPath: staging + "/" + (file.path as NSString).lastPathComponent))
            }
            try manager.moveItem(atPath: staging, toPath: thing.path)
        } catch {
            try manager.removeItem(atPath: staging)
            throw error
        }
        return thing
    }

    private static func process(_ command: [String]) -> [(text: String, comment: String)] {
        [
            ("kind: process", "a program of any language, by docs/process-agents.md; it never learns here"),
            ("description: \"A program.\"", ""),
            ("command: \(YAMLText.list(command))", "runs in this folder"),
            ("per_room: false", "true gives each room a process of its own"),
            ("seconds: 10", "for one answer; one that takes longer is a forfeit"),
        ]
    }

    private static func endpoint(_ url: String, _ model: String) -> [(text: String, comment: String)] {
        [
            ("kind: endpoint", "a model behind OpenAI's chat completions, see docs/endpoints.md; it never learns here"),
            ("description: \"A model behind an endpoint.\"", ""),
            ("url: \(YAMLText.quoted(url))", "up to and with the version"),
            ("model: \(YAMLText.quoted(model))", "as the server knows it"),
            ("temperature: 1.0", "0 takes the likeliest token"),
            ("max_tokens: 512", "thoughts included"),
            ("max_inflight: 4", "requests with the server at a time"),
        ]
    }

    /// A whole agent: in a game one of the legal moves by chance, to a prompt its last word.
    static let program = """
        import json, random, sys

        for line in sys.stdin:
            message = json.loads(line)
            if "agon" in message:
                reply = {"agon": 1}
            else:
                chance = random.Random(message["seed"])
                words = message["prompt"].split() or ["?"]
                moves = message.get("moves")
                text = chance.choice(moves) if moves else words[-1]
                reply = {"id": message["id"], "text": text}
            print(json.dumps(reply), flush=True)

        """

    private static func transformer(
        _ model: String, _ description: String, _ sampling: SamplingOptions
    ) -> [(text: String, comment: String)] {
        [
            ("kind: transformer", "a native model that learns, unless an arena names it among its anchors"),
            ("description: \(YAMLText.quoted(description))", ""),
            ("model: \(YAMLText.scalar(model))", "a model folder or another agent's folder, seen from this folder"),
            ("temperature: \(sampling.temperature)", "1 samples as the model believes, 0 takes the likeliest token"),
            ("top_k: \(sampling.topK)", "0 is off"),
            ("top_p: \(sampling.topP)", "1 is off"),
            ("min_p: \(sampling.minP)", "0 is off"),
        ]
    }

    /// The other keys of an agent that one made from it keeps, where they are not the defaults.
    /// - Parameter adapter: its path as the new agent's folder sees it.
    private static func kept(of agent: AgentConfiguration, adapter: String?) -> [(text: String, comment: String)] {
        var lines: [(text: String, comment: String)] = []
        if agent.sampling.typicalP != 1 { lines.append(("typical_p: \(agent.sampling.typicalP)", "1 is off")) }
        if agent.sampling.repetitionPenalty != 1 {
            lines.append(("repetition_penalty: \(agent.sampling.repetitionPenalty)", "1 is off"))
        }
        if !agent.usesChatTemplate { lines.append(("chat_template: none", "plain text; auto asks through the model's template")) }
        if let adapter { lines.append(("adapter: \(YAMLText.scalar(adapter))", "put on top of the model, seen from this folder")) }
        if agent.weights != .float32 {
            lines.append(("weights: \(agent.weights.rawValue)", "what the frozen matrices are held as; fp32 is exact"))
        }
        return lines
    }

    private static func scripted(_ strategy: String, _ skill: Double?, _ description: String) -> [(text: String, comment: String)] {
        var lines: [(text: String, comment: String)] = [
            ("kind: scripted", "a built-in rule; it never changes"),
            ("description: \(YAMLText.quoted(description))", ""),
            ("strategy: \(YAMLText.scalar(strategy))", ""),
        ]
        if strategy == "noisy_expert" { lines.append(("skill: \(skill ?? 0.5)", "how often it answers like perfect")) }
        return lines
    }

    /// What `model:` says for the folder of a model or of an agent.
    private func model(_ path: String, in catalog: Catalog) throws(TournamentError) -> String {
        guard Catalog.isFolder(path) else {
            throw TournamentError(.configuration, "there is no folder \(path): name a model folder in Hugging Face layout.")
        }
        return catalog.path(path, seenFrom: catalog.folder(.agent) + "/" + name)
    }
}
