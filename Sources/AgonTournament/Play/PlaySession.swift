import AgonAgents
public import AgonCore
import AgonGames
import AgonStore
import AgonTraining
import AgonTransformer
import Foundation

/// A person against an agent of an arena: a game, or a prompt that both answer. Nothing of it is stored.
public struct PlaySession: Sendable {
    private let arena: Arena
    private let opponent: PolicyID
    private let policy: any Policy
    private let seed: Seed

    /// How a game or prompt ended.
    public struct Outcome: Sendable, Hashable {
        /// What was played from the opening on; for a prompt empty.
        public var transcript: String
        /// What each seat said; for games the whole transcript.
        public var answers: [String]
        /// Points of each seat, 0 … 1; nil where nobody knows them.
        public var points: [Double?]
        /// Why a seat forfeited.
        public var forfeits: [Forfeit?]
        /// The gold answer of a prompt.
        public var gold: String?
    }

    /// - Parameters:
    ///   - opponent: an agent's name, or `NAME@vN` for one of its versions; the newest where none is named.
    ///   - database: where the arena's newest run is looked for; a file that is not there has none.
    /// - Throws: `TournamentError` where there is no such agent or version.
    public init(arena: Arena, against opponent: String, database: String, seed: UInt64?, threads: Int) throws {
        let (name, wanted) = try VersionName.read(opponent)
        guard arena.agents[name] != nil else {
            let names = arena.entrants.map(\.name)
            let hint = NearestName.of(name, among: names).map { "did you mean `\($0)`?" } ?? "name one of \(names.joined(separator: ", "))."
            throw TournamentError(.configuration, "\(name) does not play in \(arena.configuration.file): \(hint)")
        }
        let version = try PlaySession.version(name, wanted, arena, database)
        self.arena = arena
        self.opponent = PolicyID(agent: name, version: version.number)
        policy = try Roster.policy(self.opponent, parameters: version.weights, arena: arena, threads: threads)
        self.seed = Seed(run: seed ?? arena.configuration.seed)
    }

    /// Who plays against the person.
    public var opponentName: String { arena.models[opponent.agent] == nil ? opponent.agent : "\(opponent)" }

    /// The rules in words; nil where there is no game.
    public var rules: String? { arena.game?.rules }

    /// How many seats a room has.
    public var seatCount: Int { arena.game?.seatCount ?? 2 }

    /// Plays one game or prompt.
    ///
    /// - Parameters:
    ///   - number: from 0; decides opening or prompt, and the opponent's draws.
    ///   - seat: the person's, from 0.
    ///   - ask: nil ends the game with `Interruption`.
    public func play(number: Int, seat: Int, ask: @escaping @Sendable (PlayQuestion) -> String?) async throws -> Outcome {
        precondition((0..<seatCount).contains(seat), "there are \(seatCount) seats")
        // No folder can have this name.
        let person = PersonPolicy(id: PolicyID(agent: "(you)", version: 0), game: arena.game, ask: ask)
        let seed = seed.child(.room, number)
        var generator = SeededGenerator(seed.child(.prompt, 0))
        let prompt: Prompt
        if let game = arena.game {
            let deal = generator.element(of: game.deals) ?? ""
            prompt = Prompt(id: deal, text: deal)
        } else {
            guard let drawn = arena.prompts.prompts(.heldOut, count: 1, seed: seed.child(.prompt, 1)).first
                ?? arena.prompts.prompts(.training, count: 1, seed: seed.child(.prompt, 1)).first
            else { throw TournamentError(.configuration, "\(arena.configuration.file) has no prompt to answer.") }
            prompt = drawn
        }
        let seats = (0..<seatCount).map { $0 == seat ? person.id : opponent }
        let room = Room(round: 0, index: number, group: number, prompt: prompt, seats: seats)
        let player = RoomPlayer(arena: arena, policies: [person.id: person, opponent: policy])
        let rollouts = try await player.play([room], seed: seed)[0]
        return Outcome(
            transcript: arena.game == nil ? "" : rollouts[0].text, answers: rollouts.map(\.text), points: rollouts.map(\.gold),
            forfeits: rollouts.map(\.forfeit), gold: arena.game == nil ? prompt.reference : nil)
    }

    private static func version(
        _ name: String, _ wanted: Int?, _ arena: Arena, _ database: String
    ) throws -> (number: Int, weights: TrainedWeights?) {
        guard let start = try arena.startingWeights(name, seed: Seed(run: arena.configuration.seed)), arena.learners.contains(name) else {
            guard (wanted ?? 0) == 0 else { throw TournamentError(.configuration, "\(name) does not learn in \(arena.configuration.file), so it has no v\(wanted ?? 0).") }
            return (0, nil)
        }
        guard FileManager.default.fileExists(atPath: database) else {
            guard (wanted ?? 0) == 0 else { throw TournamentError(.noRun, "there is no database \(database), so \(name) has no v\(wanted ?? 0) yet.") }
            return (0, start)
        }
        let store = try ArenaStore.readOnly(path: database)
        guard let run = try store.overviews().last(where: { $0.run.arena == arena.configuration.name })?.run else {
            guard let wanted, wanted > 0 else { return (0, start) }
            throw TournamentError(.noRun, "\(database) has no run of \(arena.configuration.name), so \(name) has no v\(wanted): leave the version out, or run the arena.")
        }
        let listing = try VersionListing(agent: name, database: database, run: run.id)
        let version = try listing.version(wanted ?? listing.current)
        let folder = database.parentFolder
        let past = PastVersions(
            arena: arena, store: store, run: run, checkpoints: CheckpointFolder(root: folder.isEmpty ? "." : folder, runID: run.id))
        return (version.version, try past.weights(of: PolicyID(agent: name, version: version.version), like: start)?.weights)
    }
}

/// `ada` or `ada@v3`.
public enum VersionName {
    /// - Returns: the agent, and the version where one is named.
    /// - Throws: `configuration` where what follows `@` is no version.
    public static func read(_ text: String) throws(TournamentError) -> (agent: String, version: Int?) {
        guard let mark = text.lastIndex(of: "@") else { return (text, nil) }
        let digits = text[text.index(after: mark)...]
        guard digits.first == "v", let version = Int(digits.dropFirst()), version >= 0, mark > text.startIndex else {
            throw TournamentError(.configuration, "`\(text)` is no version of an agent: write NAME@v3, or NAME alone.")
        }
        return (String(text[..<mark]), version)
    }
}
