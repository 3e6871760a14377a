import AgonAgents
import AgonCore
public import AgonStore
import AgonTransformer
import Foundation

/// An agent's folder at a glance, without loading its weights.
public struct AgentListing: Sendable, Hashable, Codable {
    public var name: String
    public var path: String
    /// `transformer`, `scripted`, `process` or `endpoint`; nil where the folder is broken.
    public var kind: String?
    /// The model's folder, the strategy of a scripted agent, a process's command, or an endpoint's model and address.
    public var source: String?
    /// Weights of the model; nil for agents that are no model here.
    public var parameterCount: Int?
    /// What the weights are held as, such as `int8`; nil for agents that are no model here.
    public var weights: String?
    public var description: String
    /// Versions that runs in the database made of it.
    public var versions: [AgentProgress]
    /// One sentence where the folder is broken.
    public var problem: String?
}

/// An arena's file at a glance, without loading what it names.
public struct ArenaListing: Sendable, Hashable, Codable {
    public var name: String
    public var path: String
    /// What the rooms are about, such as `task sort-digits`.
    public var contest: String?
    public var agents: [String]
    public var judge: String?
    public var roundCount: Int?
    public var description: String
    /// Runs in the database, in the order in which they were begun.
    public var runs: [Run]
    /// One sentence where the file is broken.
    public var problem: String?

    /// A run and how far it is.
    public struct Run: Sendable, Hashable, Codable {
        public var id: String
        public var seed: UInt64
        public var closedRoundCount: Int
        public var startedAt: String
    }
}

extension Catalog {
    /// All agents by name.
    /// - Parameter database: where to look for versions; a file that is not there has none.
    /// - Throws: `StoreError` where the database is there and cannot be read.
    public func agents(database: String) throws(StoreError) -> [AgentListing] {
        try agents(database: database, paths: paths(.agent))
    }

    func agents(database: String, paths: [String]) throws(StoreError) -> [AgentListing] {
        let progress = try Catalog.store(database)?.agentProgress() ?? []
        return paths.map { path in
            let name = Catalog.name(of: path)
            var listing = AgentListing(
                name: name, path: path, description: "", versions: progress.filter { $0.agent == name })
            do {
                let agent = try AgentConfiguration(folder: path)
                (listing.description, listing.kind) = (agent.summary, agent.kind.name)
                switch agent.kind {
                case .transformer(let model):
                    listing.source = Catalog.standardized(model)
                    listing.weights = agent.weights.rawValue
                    listing.parameterCount = try ParameterLayout(ModelConfig.read(folder: model)).count
                case .scripted(let strategy, let skill):
                    listing.source = strategy == "noisy_expert" ? "\(strategy) \(skill)" : strategy
                case .process(let process): listing.source = process.command
                case .endpoint(let endpoint): listing.source = endpoint.sentence
                }
            } catch {
                listing.problem = "\(error)"
            }
            return listing
        }
    }

    /// All arenas by file name.
    /// - Parameter database: where to look for runs; a file that is not there has none.
    /// - Throws: `StoreError` where the database is there and cannot be read.
    public func arenas(database: String) throws(StoreError) -> [ArenaListing] {
        let runs = try Catalog.store(database)?.overviews() ?? []
        return paths(.arena).map { path in
            var listing = ArenaListing(name: Catalog.name(of: path), path: path, agents: [], description: "", runs: [])
            do {
                let arena = try ArenaConfiguration(file: path)
                listing.name = arena.name
                listing.description = arena.summary
                listing.contest = arena.contestText
                listing.agents = arena.agents.map { ($0 as NSString).lastPathComponent }
                listing.judge = arena.judgeText
                listing.roundCount = arena.roundCount
            } catch {
                listing.problem = "\(error)"
            }
            listing.runs = runs.filter { $0.run.arena == listing.name }.map {
                .init(id: $0.run.id, seed: $0.run.seed, closedRoundCount: $0.closedRoundCount, startedAt: $0.startedAt)
            }
            return listing
        }
    }

    static func store(_ database: String) throws(StoreError) -> ArenaStore? {
        FileManager.default.fileExists(atPath: database) ? try ArenaStore.readOnly(path: database) : nil
    }

    /// A path without `..` in the middle, for people.
    static func standardized(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return URL(fileURLWithPath: path).standardizedFileURL.path }
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }
}
