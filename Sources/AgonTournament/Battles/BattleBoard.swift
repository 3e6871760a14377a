import AgonAgents
import AgonCore
public import AgonRatings
import Foundation

/// A battle log that was made elsewhere, and the leaderboard of it.
public struct BattleBoard: Sendable, Codable {
    /// What was asked.
    public struct Options: Sendable {
        /// A rating system's name, such as `bradley-terry`.
        public var system: String
        /// `NAME` or `NAME=RATING`: whose rating is known.
        public var anchor: String?
        /// Replicates of the bootstrap; nil takes the sandwich, or what the system says itself.
        public var bootstrap: Int?
        /// Columns to rate with; for `contextual` alone.
        public var covariates: [String]
        /// Whether ties in which both answers were bad are left out.
        public var skipsBothBad: Bool
        public var seed: UInt64
        /// Whether `cycles` is computed.
        public var showsCycles: Bool

        public init(
            system: String = RatingSystem.bradleyTerry.rawValue, anchor: String? = nil, bootstrap: Int? = nil,
            covariates: [String] = [], skipsBothBad: Bool = false, seed: UInt64 = 1, showsCycles: Bool = false
        ) {
            self.system = system
            self.anchor = anchor
            self.bootstrap = bootstrap
            self.covariates = covariates
            self.skipsBothBad = skipsBothBad
            self.seed = seed
            self.showsCycles = showsCycles
        }
    }

    /// The names that `Options.system` may have.
    public static let systems = RatingSystem.allCases.map(\.rawValue)

    public var file: String
    /// Games or rooms that were counted.
    public var rowCount: Int
    /// Rows that were left out: of a player against itself, without a result, and where both were bad.
    public var selfPlayCount: Int
    public var unfinishedCount: Int
    public var bothBadCount: Int
    public var board: Leaderboard
    /// What the ratings hide; nil where it was not asked for.
    public private(set) var cycles: BattleCycles?
    /// Who met whom how often; not part of the JSON.
    private(set) var table: BattleTable?

    private enum CodingKeys: String, CodingKey {
        case file, rowCount, selfPlayCount, unfinishedCount, bothBadCount, board, cycles
    }

    /// The players, the best first.
    public var players: [String] { board.rows.map(\.name) }

    /// Reads a log and rates it.
    ///
    /// - Parameter path: CSV, JSON Lines or PGN; `-` is the standard input.
    /// - Throws: `AgentError`: options that no system takes, a file that cannot be read, the first line that is no battle.
    public static func rate(_ path: String, options: Options) async throws -> BattleBoard {
        let boardOptions = try leaderboardOptions(options)
        let data = try bytes(path)
        let reader = BattleReader(options: .init(skipsBothBad: options.skipsBothBad, covariates: options.covariates))
        do {
            if boardOptions.system.needsOnlyCounts {
                let reading = try await reader.table(data)
                return try await BattleBoard(path, reading, Leaderboard(reading.content, options: boardOptions), reading.content)
                    .showingCycles(options)
            }
            let reading = try await reader.log(data)
            return try await BattleBoard(path, reading, Leaderboard(reading.content, options: boardOptions), reading.content.table())
                .showingCycles(options)
        } catch let error as RatingError {
            throw AgentError(.badValue, "\(path): \(error.message)", underlying: error)
        }
    }

    /// Rates matches of an arena; those on one prompt hang together where the system knows of such things.
    ///
    /// - Parameters:
    ///   - name: who is rated: an agent, or a version.
    ///   - source: what it is, for the board's head and for errors.
    static func rate(
        _ matches: MatchList, name: (PolicyID) -> String, source: String, options: Options
    ) async throws -> BattleBoard {
        do {
            let boardOptions = try leaderboardOptions(options)
            let table = try BattleTable(Array(matches), name: name)
            guard !table.pairs.isEmpty else { throw AgentError(.badValue, "\(source) has no match to rate yet.") }
            let board: Leaderboard
            if boardOptions.system.needsOnlyCounts {
                board = try await Leaderboard(table, options: boardOptions)
            } else {
                let rooms = zip(matches, matches.dropFirst())
                guard !rooms.contains(where: { $0.round == $1.round && $0.room == $1.room }) else {
                    throw AgentError(
                        .badValue,
                        "\(source) has rooms of more than two, which \(options.system) would take for games of their own: use bradley-terry, davidson or rao-kupper, which know what hangs together.")
                }
                var log = BattleLog()
                for match in matches {
                    let (first, second) = (log.player(name(match.first)), log.player(name(match.second)))
                    guard first != second else { continue }
                    log.add(first: first, second: second, outcome: match.score > 0.5 ? .win : match.score < 0.5 ? .loss : .tie)
                }
                board = try await Leaderboard(log, options: boardOptions)
            }
            return try BattleBoard(
                file: source, rowCount: table.battleCount, selfPlayCount: 0, unfinishedCount: 0, bothBadCount: 0, board: board,
                table: table
            ).showingCycles(options)
        } catch let error as RatingError {
            throw AgentError(.badValue, "\(source): \(error.message)", underlying: error)
        }
    }

    private func showingCycles(_ options: Options) throws -> BattleBoard {
        guard options.showsCycles, let table else { return self }
        var board = self
        board.cycles = try BattleCycles(table)
        return board
    }

    private init(file: String, rowCount: Int, selfPlayCount: Int, unfinishedCount: Int, bothBadCount: Int, board: Leaderboard, table: BattleTable) {
        self.file = file
        self.rowCount = rowCount
        self.selfPlayCount = selfPlayCount
        self.unfinishedCount = unfinishedCount
        self.bothBadCount = bothBadCount
        self.board = board
        self.table = table
    }

    private init<Content>(_ path: String, _ reading: BattleReader.Reading<Content>, _ board: Leaderboard, _ table: BattleTable) throws {
        guard !board.rows.isEmpty else {
            throw AgentError(
                .badValue,
                "\(path) holds no battle: columns such as model_a, model_b and winner, or players and ranks, are read, and PGN.")
        }
        (file, rowCount, selfPlayCount) = (path, reading.rowCount, reading.selfPlayCount)
        (unfinishedCount, bothBadCount, self.board) = (reading.unfinishedCount, reading.bothBadCount, board)
        self.table = table
    }

    private static func bytes(_ path: String) throws -> Data {
        if path == "-" { return try FileHandle.standardInput.readToEnd() ?? Data() }
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
        } catch {
            let isThere = FileManager.default.fileExists(atPath: path)
            throw AgentError(
                .badValue, "\(path) \(isThere ? "cannot be read" : "does not exist"): name a log of battles in CSV, JSON Lines or PGN.",
                underlying: error)
        }
    }

    private static func leaderboardOptions(_ options: Options) throws -> Leaderboard.Options {
        guard let system = RatingSystem(rawValue: options.system) else {
            let hint = NearestName.of(options.system, among: systems).map { "did you mean `\($0)`?" }
            throw AgentError(
                .badValue, "There is no rating system `\(options.system)`: \(hint ?? "use one of \(systems.joined(separator: ", ")).")")
        }
        if system == .contextual, options.covariates.isEmpty {
            throw AgentError(.badValue, "System contextual rates with columns of the log: name them with --covariates.")
        }
        if system != .contextual, !options.covariates.isEmpty {
            throw AgentError(.badValue, "System \(system.rawValue) reads no covariates: add `--system contextual`, or leave them out.")
        }
        var result = Leaderboard.Options(system: system, seed: options.seed)
        if let count = options.bootstrap {
            guard (100...100_000).contains(count) else {
                throw AgentError(.badValue, "--bootstrap is \(count), it must be 100 to 100000 replicates.")
            }
            guard system.needsOnlyCounts else {
                throw AgentError(.badValue, "System \(system.rawValue) has intervals of its own: leave --bootstrap out.")
            }
            result.intervals = .bootstrap(count: count)
        }
        if let anchor = options.anchor {
            (result.anchor, result.base) = try self.anchor(anchor)
        }
        return result
    }

    /// Reads `NAME=RATING`; a name may hold `=` where no number follows the last one.
    private static func anchor(_ text: String) throws -> (String, Double) {
        guard let mark = text.lastIndex(of: "="), let rating = Double(text[text.index(after: mark)...]), rating.isFinite else {
            return (text, Leaderboard.Options().base)
        }
        guard mark > text.startIndex else {
            throw AgentError(.badValue, "--anchor is `\(text)`, it must be a player's name, or NAME=RATING.")
        }
        return (String(text[..<mark]), rating)
    }
}
