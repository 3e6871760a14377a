import AgonAgents
import AgonCore
import AgonGames
import AgonJudging
import AgonTraining
import AgonTransformer

/// A round's policies and judge: each agent's newest checkpoint, loaded and frozen.
struct Roster: Sendable {
    let arena: Arena
    /// Who plays this round, by agent.
    let versions: [String: PolicyID]
    private(set) var policies: [PolicyID: any Policy]
    let threads: Int

    init(arena: Arena, state: RunState, threads: Int) throws {
        self.arena = arena
        self.threads = threads
        versions = Roster.versions(arena, state)
        policies = [:]
        for id in versions.values {
            policies[id] = try Roster.policy(id, parameters: state.learners[id.agent]?.weights, arena: arena, threads: threads)
        }
    }

    /// The newest version of every agent.
    static func versions(_ arena: Arena, _ state: RunState) -> [String: PolicyID] {
        Dictionary(
            arena.entrants.map { ($0.name, PolicyID(agent: $0.name, version: state.learners[$0.name]?.version ?? 0)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Seats past versions of learners beside the newest ones.
    mutating func seat(_ id: PolicyID, _ weights: TrainedWeights) throws {
        policies[id] = try Roster.policy(id, parameters: weights, arena: arena, threads: threads)
    }

    /// A learner's version as it plays this round; nil for agents that are rules.
    func learner(_ name: String) -> TransformerPolicy? {
        versions[name].flatMap { policies[$0] as? TransformerPolicy }
    }

    /// The transformer policy of some weights, under an agent's own sampling and system prompt.
    static func policy(_ id: PolicyID, parameters: TrainedWeights?, arena: Arena, threads: Int) throws -> any Policy {
        guard let agent = arena.agents[id.agent] else { preconditionFailure("\(id) is in no arena") }
        switch agent.kind {
        case .transformer:
            guard let model = arena.models[id.agent], let transformer = arena.transformer(id.agent, parameters) else {
                preconditionFailure("\(id) has no model")
            }
            return TransformerPolicy(
                id: id, transformer: transformer,
                tokenizer: model.tokenizer, sampling: agent.sampling, system: agent.system,
                chatTemplate: arena.chatTemplates[id.agent], threads: threads)
        case .scripted(let name, let skill):
            return try scripted(id, strategy: name, skill: skill, agent: agent, arena: arena)
        case .process, .endpoint:
            guard let policy = arena.outsiders[id.agent] else { preconditionFailure("\(id) has no policy") }
            return policy
        }
    }

    private static func scripted(
        _ id: PolicyID, strategy name: String, skill: Double, agent: AgentConfiguration, arena: Arena
    ) throws -> any Policy {
        let place = "\(agent.file):\(agent.sourceLine)"
        if let game = arena.game {
            guard let strategy = game.strategy(named: name, skill: skill) else {
                throw AgentError(.badValue, "\(place): strategy `\(name)` does not exist in \(game.name): use one of \(game.strategyNames.joined(separator: ", ")).")
            }
            return ScriptedPlayer(id: id, strategy: strategy)
        }
        if let fixed = arena.fixedAnswers[id.agent] {
            return ScriptedAnswerer(id: id, strategy: .perfect) { fixed.answers[$0] }
        }
        guard let strategy = ScriptedAnswerer.Strategy(named: name, skill: skill) else {
            throw AgentError(.badValue, "\(place): strategy `\(name)` does not exist for prompts: use one of \((ScriptedAnswerer.Strategy.names + ["fixed"]).joined(separator: ", ")).")
        }
        return ScriptedAnswerer(id: id, strategy: strategy, goldAnswer: arena.goldAnswer)
    }
}
