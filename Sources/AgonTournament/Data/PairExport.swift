import AgonAgents
import AgonCore
public import AgonStore
import AgonTransformer

/// Preference pairs of a database as a file that others train on.
public struct PairExport: Sendable {
    /// How the file is written.
    public enum Format: String, Sendable, CaseIterable {
        /// JSON Lines with `prompt`, `chosen` and `rejected` as texts, as TRL's DPOTrainer reads them.
        case trl
        /// The same as conversations: the prompt's messages, of a plain one a user's, and two assistant's messages.
        case trlConversational = "trl-conversational"
        /// JSON Lines with `prompt`, `completion` and `label`, as TRL's KTOTrainer reads them: each answer once, true
        /// where it was preferred more often than not, and left out where as often.
        case kto
        /// The columns of `trl` as a table with a heading (RFC 4180).
        case csv
    }

    /// What was written.
    public struct Summary: Sendable, Hashable, Codable {
        /// Preference pairs that were read.
        public var pairCount = 0
        /// Lines that were written, a heading not among them.
        public var lineCount = 0
        /// Answers that were preferred as often as not, which `kto` leaves out.
        public var undecidedCount = 0
    }

    public var format: Format
    public var filter: PairFilter
    /// Whether the pairs of games, which are whole transcripts, are wanted.
    public var includesGames: Bool

    public init(format: Format, filter: PairFilter, includesGames: Bool = false) {
        self.format = format
        self.filter = filter
        self.includesGames = includesGames
    }

    /// Writes line by line in the order of runs and rounds.
    ///
    /// - Parameter write: takes the next text, with its line break.
    /// - Throws: `configuration` where the pairs are a game's and those were not asked for; what `write` throws.
    public func run(_ store: ArenaStore, write: (String) throws -> Void) throws -> Summary {
        let games = includesGames ? [] : try PairExport.games(in: store)
        func checked(_ pair: StoredPair) throws -> StoredPair {
            guard !games.contains(pair.run) else { throw PairExport.refusal(of: pair) }
            return pair
        }
        if format == .kto { return try labelled(store, checked, write) }
        var summary = Summary()
        if format == .csv { try write(CSVText.row(["prompt", "chosen", "rejected"] + PairExport.columnNames)) }
        try store.forEachPair(filter) { pair in
            try write(text(of: checked(pair)))
            summary.pairCount += 1
            summary.lineCount += 1
        }
        return summary
    }

    private func text(of pair: StoredPair) -> String {
        let columns = PairExport.columns(of: pair)
        let texts = [pair.prompt, pair.chosen.text, pair.rejected.text]
        switch format {
        case .csv:
            return CSVText.row(texts + columns.map(PairExport.field))
        case .trlConversational:
            let asked = Conversation(text: pair.prompt)?.messages ?? [Message(.user, pair.prompt)]
            let sides = texts.dropFirst().map { PairText.messages([ChatMessage(role: "assistant", content: $0)]) }
            return PairRecord(
                prompt: .messages(asked.map { ChatMessage(role: $0.role.rawValue, content: $0.content) }), chosen: sides[0],
                rejected: sides[1], columns: columns
            ).line
        case .trl, .kto:
            return PairRecord(
                prompt: .text(texts[0]), chosen: .text(texts[1]), rejected: .text(texts[2]), columns: columns
            ).line
        }
    }

    /// A rollout of a database.
    private struct Address: Hashable {
        let run: String
        let round: Int
        let room: Int
        let seat: Int

        init(_ pair: StoredPair, _ side: StoredPair.Side) {
            (run, round, room, seat) = (pair.run, pair.round, side.address.room, side.address.seat)
        }
    }

    /// Reads the pairs twice: an answer may win one pair and lose another, and only the last one tells.
    private func labelled(
        _ store: ArenaStore, _ checked: (StoredPair) throws -> StoredPair, _ write: (String) throws -> Void
    ) throws -> Summary {
        var summary = Summary()
        var balance: [Address: Int] = [:]
        try store.forEachPair(filter) { pair in
            _ = try checked(pair)
            summary.pairCount += 1
            balance[Address(pair, pair.chosen), default: 0] += 1
            balance[Address(pair, pair.rejected), default: 0] -= 1
        }
        summary.undecidedCount = balance.values.count { $0 == 0 }
        try store.forEachPair(filter) { pair in
            for side in [pair.chosen, pair.rejected] {
                guard let sum = balance.removeValue(forKey: Address(pair, side)), sum != 0 else { continue }
                try write(PairExport.line(pair, side, isDesirable: sum > 0))
                summary.lineCount += 1
            }
        }
        return summary
    }

    private static func line(_ pair: StoredPair, _ side: StoredPair.Side, isDesirable: Bool) -> String {
        let members: [ChatValue.Member] =
            [
                .init("prompt", .string(pair.prompt)), .init("completion", .string(side.text)),
                .init("label", .bool(isDesirable)),
            ] + origin(of: pair) + sideColumns(side, "")
            + [.init("judge", .string(pair.judge.name)), .init("judge_version", .integer(pair.judge.version))]
        return JSONText.escaped(ChatValue.object(members).json) + "\n"
    }

    /// Where a pair came from. `score_margin` and `preference` are called so because TRL's trainers read columns named
    /// `margin` and `label` as something else.
    static func columns(of pair: StoredPair) -> [ChatValue.Member] {
        origin(of: pair) + sideColumns(pair.chosen, "chosen_") + sideColumns(pair.rejected, "rejected_")
            + [
                .init("judge", .string(pair.judge.name)), .init("judge_version", .integer(pair.judge.version)),
                .init("score_margin", number(pair.margin)), .init("preference", .number(pair.label)),
            ]
    }

    private static let columnNames = columns(
        of: StoredPair(
            arena: "", run: "", round: 0, promptID: "", prompt: "", chosen: none, rejected: none,
            judge: JudgeID(name: ""), label: 1)
    ).map(\.key)

    private static let none = StoredPair.Side(
        address: RolloutAddress(room: 0, seat: 0, policy: PolicyID(agent: "", version: 0)), text: "", score: nil)

    private static func origin(of pair: StoredPair) -> [ChatValue.Member] {
        [
            .init("arena", .string(pair.arena)), .init("run", .string(pair.run)), .init("round", .integer(pair.round)),
            .init("prompt_id", .string(pair.promptID)),
        ]
    }

    private static func sideColumns(_ side: StoredPair.Side, _ prefix: String) -> [ChatValue.Member] {
        [
            .init(prefix + "room", .integer(side.address.room)), .init(prefix + "seat", .integer(side.address.seat)),
            .init(prefix + "agent", .string(side.address.policy.agent)),
            .init(prefix + "version", .integer(side.address.policy.version)), .init(prefix + "score", number(side.score)),
        ]
    }

    private static func number(_ value: Double?) -> ChatValue { value.map { .number($0) } ?? .null }

    private static func field(_ member: ChatValue.Member) -> String {
        switch member.value {
        case .string(let text): text
        case .null: ""
        default: member.value.json
        }
    }

    /// The runs of arenas that play a game.
    private static func games(in store: ArenaStore) throws -> Set<String> {
        Set(try store.overviews().map(\.run).filter(\.isGame).map(\.id))
    }

    private static func refusal(of pair: StoredPair) -> TournamentError {
        TournamentError(
            .configuration,
            "\(pair.run) plays a game: its pairs are whole transcripts, in which the opponent's moves stand as well, so that a trainer of texts would learn both sides: choose another arena, or ask for them with --transcripts.")
    }
}
