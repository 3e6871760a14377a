import AgonAgents
import AgonCore
import AgonGames
import Foundation

/// The agents of an arena whose answers come from outside this process.
extension Arena {
    /// Where the standard error of agents' programs is kept: `errors/RUN` beside the database.
    struct ErrorFolder: Sendable {
        /// The database's folder.
        let root: String
        let runID: String

        /// - Throws: where the folder cannot be made.
        func file(of agent: String) throws -> String {
            let folder = "\(root)/errors/\(runID)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            return "\(folder)/\(agent).log"
        }
    }

    /// The policies of the agents from outside, none of whose programs runs yet.
    ///
    /// - Parameters:
    ///   - losses: why some of them were lost in an earlier start of the run, by agent.
    ///   - onLoss: told once of each that is lost.
    /// - Throws: `AgentError` where this machine lacks what one of them needs.
    static func outsiders(
        _ agents: [String: AgentConfiguration], game: (any Game)?, errors: ErrorFolder? = nil, losses: [String: String] = [:],
        onLoss: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> [String: any OutsidePolicy] {
        var policies: [String: any OutsidePolicy] = [:]
        for (name, agent) in agents where agent.isOutside {
            let file: String? = if case .process = agent.kind { try errors?.file(of: name) } else { nil }
            policies[name] = try agent.outsidePolicy(game: game, errorFile: file, loss: losses[name], onLoss: onLoss)
        }
        return policies
    }

    /// The same arena for one start of a run: its agents from outside are asked anew, and tell when they are lost.
    func connected(
        errors: ErrorFolder, losses: [String: String], onLoss: @escaping @Sendable (String) -> Void
    ) throws -> Arena {
        var arena = self
        arena.outsiders = try Arena.outsiders(agents, game: game, errors: errors, losses: losses, onLoss: onLoss)
        return arena
    }

    /// Ends all programs that its agents have started.
    func disconnect() async {
        for policy in outsiders.values { await policy.stop() }
    }

    /// SHA-256 of what an agent's program is made of, as far as its command names it; empty for others.
    static func programHash(_ agent: AgentConfiguration) throws -> String {
        guard case .process(let process) = agent.kind else { return "" }
        return try FileHash.files(process.files)
    }
}
