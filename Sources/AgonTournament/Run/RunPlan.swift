public import AgonCore
import AgonStore
import Foundation

/// What `agon run` would do: everything is loaded and checked, nothing is played and nothing is written.
public struct RunPlan: Sendable, Hashable, Codable {
    public var arena: String
    public var file: String
    /// The run's id.
    public var run: String
    public var seed: UInt64
    /// Kernel path that the run's bits would belong to.
    public var kernels: String
    public var database: String
    public var roundCount: Int
    /// Rounds of the run that are closed already.
    public var closedRoundCount: Int
    public var roomsPerRound: Int
    public var judge: String
    public var agents: [Participant]

    /// Who takes part, and as what.
    public struct Participant: Sendable, Hashable, Codable {
        public var name: String
        public var role: Entrant.Role
        /// As its file names it.
        public var kind: String
    }

    /// - Parameter seed: overrules the arena's seed.
    /// - Throws: `StoreError` where the database is there and cannot be read.
    public init(arena: Arena, database: String, seed: UInt64?) throws {
        let run = RunRecord(arena: arena, seed: seed ?? arena.configuration.seed)
        (self.arena, file, self.database) = (run.arena, arena.configuration.file, database)
        (self.run, self.seed, kernels) = (run.id, run.seed, run.kernels)
        roundCount = arena.configuration.roundCount
        roomsPerRound = arena.roomsPerRound
        judge = arena.configuration.judgeText
        agents = arena.entrants.map { Participant(name: $0.name, role: $0.role, kind: arena.kinds[$0.name] ?? "") }
        let known = FileManager.default.fileExists(atPath: database)
            ? try ArenaStore.readOnly(path: database).overviews() : []
        closedRoundCount = known.first { $0.run.id == run.id }?.closedRoundCount ?? 0
    }

    /// The plan in sentences, fit for a terminal.
    public var text: String {
        let agents = agents.map { "\($0.name) (\($0.role.part(kind: $0.kind)))" }.joined(separator: ", ")
        let start = closedRoundCount == 0
            ? "It would begin with round 1."
            : closedRoundCount >= roundCount
                ? "All of its rounds are closed already; it would only write the report again."
                : "It would go on after round \(closedRoundCount)."
        return DisplayText.visible(
            """
            Arena \(arena): \(roundCount) rounds of \(roomsPerRound) rooms, judged by \(judge).
            Agents: \(agents).
            Run \(run), seed \(seed), kernels \(kernels), database \(database).
            \(start) Nothing was run.
            """, keepsLines: true)
    }
}

extension ArenaConfiguration {
    /// The judge in words: its kind, and its folder's name where it has one.
    var judgeText: String {
        let name = (judge.folder as NSString).lastPathComponent
        return name.isEmpty ? judge.kind.rawValue : "\(judge.kind.rawValue) \(name)"
    }

    /// What the rooms are about, in words.
    var contestText: String {
        switch contest {
        case .game(let name): "game \(name)"
        case .task(let name): "task \(name)"
        case .prompts(let file): "prompts \((file as NSString).lastPathComponent)"
        }
    }
}
