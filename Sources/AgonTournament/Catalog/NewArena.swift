import AgonAgents
import AgonGames
import Foundation

/// An arena that does not exist yet.
public struct NewArena: Sendable {
    public var name: String
    public var contest: ArenaConfiguration.Contest
    /// Who takes part; empty: as in the first arena of the project with the same contest, else its scripted agents.
    public var agents: [String]
    /// Agents that never change; empty: as above.
    public var anchors: [String]
    /// A reward model's folder under `judges/`; nil: the referee of a game, else the exact judge.
    public var judge: String?
    public var roundCount: Int
    public var seed: UInt64

    public init(
        name: String, contest: ArenaConfiguration.Contest, agents: [String], anchors: [String], judge: String?,
        roundCount: Int, seed: UInt64
    ) {
        self.name = name
        self.contest = contest
        self.agents = agents
        self.anchors = anchors
        self.judge = judge
        self.roundCount = roundCount
        self.seed = seed
    }

    /// The arena's file, checked as if it were there, not written.
    /// - Throws: `TournamentError`, `AgentError` or `TransformerError` where the arena would not be usable.
    public func thing(in catalog: Catalog) throws -> NewThing {
        guard FolderName.isValid(name) else { throw TournamentError(.configuration, FolderName.complaint(name)) }
        let path = catalog.folder(.arena) + "/" + name + ".yaml"
        try NewThing.requireFree(path)
        let (agents, anchors) = try roster(catalog)
        let text = YAMLText.commented(lines(path, agents, anchors, in: catalog))
        _ = try Arena(ArenaConfiguration(text: text, file: path))
        return NewThing(
            path: path, files: [.init(path: path, text: text)],
            next: ["Edit \(path), then `agon check \(path)`.", "Play it: `agon run \(path)`."])
    }

    /// Writes the arena's file, checked.
    public func write(in catalog: Catalog) throws -> NewThing {
        let thing = try thing(in: catalog)
        try FileManager.default.createDirectory(atPath: catalog.folder(.arena), withIntermediateDirectories: true)
        for file in thing.files {
            try Data(file.text.utf8).write(to: URL(fileURLWithPath: file.path), options: .withoutOverwriting)
        }
        return thing
    }

    private func roster(_ catalog: Catalog) throws -> (agents: [String], anchors: [String]) {
        if !agents.isEmpty { return (agents, anchors) }
        let others = catalog.paths(.arena).compactMap { try? ArenaConfiguration(file: $0) }
        if let like = others.first(where: { $0.contest == contest }) {
            return (like.agents, anchors.isEmpty ? like.anchors : anchors)
        }
        let scripted = catalog.paths(.agent).filter {
            if case .scripted = try? AgentConfiguration(folder: $0).kind { true } else { false }
        }.map { Catalog.name(of: $0) }
        guard scripted.count > 1 else {
            throw TournamentError(.configuration, "say who takes part: `--agents NAME,NAME,…`; `agon agents` lists who there is.")
        }
        return (scripted, anchors)
    }

    private func lines(
        _ path: String, _ agents: [String], _ anchors: [String], in catalog: Catalog
    ) -> [(text: String, comment: String)] {
        var lines: [(text: String, comment: String)] = [
            ("# Arena \(name). `agon check \(path)` checks it, `agon run \(path)` plays it; arenas/README.md tells every key.", ""),
            ("name: \(YAMLText.scalar(name))", ""),
            contestLine(catalog),
            ("agents: \(YAMLText.list(agents))", "folders under agents/"),
            ("anchors: \(YAMLText.list(anchors))", "these never change; ratings are read against the first"),
            ("rounds: \(roundCount)", ""),
            ("seed: \(seed)", "decides every draw"),
        ]
        if case .game = contest {
            lines += [
                ("schedule: {kind: round_robin, rooms_per_pairing: 64, baseline_rooms_per_pairing: 4}", ""),
                ("judge: {kind: referee}", "the game's outcome"),
            ]
        } else {
            lines += [
                ("max_new_tokens: \(answerTokenLimit)", "the most that an answer may have"),
                ("schedule: {kind: free_for_all, rooms: 64, seats_per_learner: 2}", ""),
                judgeLine,
            ]
        }
        return lines + [
            ("training:", "of every agent that is neither an anchor nor scripted"),
            ("  algorithm: dpo", ""),
            ("  loss_type: [sigmoid, sft]", "DPO, and the likelihood of what won"),
            ("  loss_weights: [1, 0.2]", ""),
            ("  beta: 0.5", "how strongly it is held to the reference"),
            ("  learning_rate: 1.0e-4", ""),
            ("  reference: base", "version 0; or round_start"),
            ("gate: {prompts: 64, min_score: 0.45}", "what a new version must score against its parent"),
            ("evaluation: {every: 5, prompts: 200}", "progress on held-out prompts"),
        ]
    }

    private func contestLine(_ catalog: Catalog) -> (text: String, comment: String) {
        switch contest {
        case .game(let game): ("game: \(YAMLText.scalar(game))", "")
        case .task(let task): ("task: \(YAMLText.scalar(task))", "prompts with gold answers, drawn without end")
        case .prompts(let file):
            (
                "prompts: \(YAMLText.scalar(catalog.path(file, seenFrom: catalog.folder(.arena))))",
                "a prompt and its answer in each line"
            )
        }
    }

    private var judgeLine: (text: String, comment: String) {
        guard let judge else { return ("judge: {kind: exact}", "equal to the gold answer or not") }
        return (
            "judge: {kind: reward_model, folder: \(YAMLText.scalar(judge)), canaries: 8, refresh: {steps: 12}}",
            "learns from 8 rooms of each round"
        )
    }

    private var answerTokenLimit: Int {
        guard case .task(let name) = contest, let task = PromptTasks.named(name) else { return 64 }
        return task.answerTokenLimit
    }
}
