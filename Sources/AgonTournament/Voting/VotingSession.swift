public import AgonCore
public import AgonStore

/// A person at the ballot: one question after the other, each vote on disk before the next is asked.
///
/// Blind: a question has a prompt and two texts, never who wrote them nor what a judge said. A person who comes back is
/// not asked again about pairs that have a vote; skipped ones come back.
public struct VotingSession: Sendable {
    /// What a person may answer.
    public enum Key: Sendable, Hashable {
        /// The answer that is shown first, or second, is the better one.
        case first, second
        case tie, skip, undo, quit, help

        /// Reads what was typed: a key, or a whole word. Nil for anything else.
        public init?(_ text: String) {
            switch text.lowercased() {
            case "1": self = .first
            case "2": self = .second
            case "t", "tie": self = .tie
            case "s", "skip": self = .skip
            case "u", "undo": self = .undo
            case "q", "quit": self = .quit
            case "?", "h", "help": self = .help
            default: return nil
            }
        }
    }

    /// What is shown.
    public struct Question: Sendable, Hashable {
        /// Its place among those of the session, from 1.
        public var number: Int
        /// Questions of the session.
        public var count: Int
        public var prompt: String
        /// Two texts.
        public var answers: [String]
    }

    /// What became of a key.
    public enum Outcome: Sendable, Hashable {
        /// The vote is on disk.
        case kept(Key)
        case skipped
        case undone
        case nothingToUndo
        /// A round has learned from the vote, so that it stays.
        case stays
    }

    private struct Item {
        var pair: VotablePair
        /// Whether the second seat is shown first.
        var isSwapped: Bool
    }

    public let run: RunRecord
    public let options: VotingOptions
    /// Pairs that the options ask for, whether this person voted on them or not.
    public let wantedCount: Int
    private let store: ArenaStore
    private let items: [Item]
    /// What was done about the first items: a vote, or nil where they were skipped.
    private var trail: [PersonalVote?] = []

    /// - Throws: `configuration` for a game or for options that do not fit the run; `noRun` where no round is closed.
    public init(store: ArenaStore, run: RunRecord, options: VotingOptions) throws {
        guard !run.isGame else {
            throw TournamentError(
                .configuration, "\(run.id) plays a game, whose referee decides: people vote on answers to prompts.")
        }
        guard try !store.rounds(run: run.id).isEmpty else {
            throw TournamentError(.noRun, "\(run.id) has no closed round yet, and people vote on closed rounds: try again after its first.")
        }
        try options.check(judges: store.judgeNames(run: run.id), entrants: store.entrants(run: run.id).map(\.name))
        let wanted = try store.votablePairs(run: run.id, person: options.person).filter(options.want)
        (self.store, self.run, self.options, wantedCount) = (store, run, options, wanted.count)
        items = VotingSession.order(wanted.filter { !$0.isVoted }, options, canariesFirst: run.takesVotes)
    }

    /// Sorted by a draw for each pair, so that the order of two pairs is the same for all people and however many others
    /// there are. Canary rooms come first where the run learns from votes on them.
    private static func order(_ pairs: [VotablePair], _ options: VotingOptions, canariesFirst: Bool) -> [Item] {
        let drawn = pairs.map { pair in
            let seed = Seed(run: options.seed).child(.round, pair.round).child(.room, pair.room)
                .child(.seat, pair.first).child(.seat, pair.second)
            var generator = SeededGenerator(seed.child(.shuffle, named: options.person))
            let isLate = canariesFirst && !pair.isCanary
            return (late: isLate ? 1 : 0, draw: seed.value, item: Item(pair: pair, isSwapped: generator.index(below: 2) == 1))
        }
        return drawn.sorted { ($0.late, $0.draw) < ($1.late, $1.draw) }.prefix(options.count).map(\.item)
    }

    /// Questions of the session.
    public var questionCount: Int { items.count }
    /// Votes that the session has kept.
    public var keptCount: Int { trail.count { $0 != nil } }
    /// Whether every question was voted on or skipped.
    public var isFinished: Bool { trail.count == items.count }

    /// What is asked now; nil at the end.
    public func question() throws -> Question? {
        guard !isFinished else { return nil }
        let item = items[trail.count]
        guard let result = try store.roomResult(run: run.id, round: item.pair.round, room: item.pair.room) else {
            throw TournamentError(.inconsistent, "room \(item.pair.room) of round \(item.pair.round) has left the database.")
        }
        let seats = item.isSwapped ? [item.pair.second, item.pair.first] : [item.pair.first, item.pair.second]
        return Question(
            number: trail.count + 1, count: items.count, prompt: result.room.prompt.text,
            answers: seats.map { result.rollouts[$0].text })
    }

    /// Does what a key says about the present question.
    /// - Returns: nil where there is nothing to be done: `quit`, `help`, and votes after the last question.
    /// - Throws: `StoreError`. Then the vote is not kept, and the question stands.
    public mutating func take(_ key: Key) throws -> Outcome? {
        switch key {
        case .undo: return try undo()
        case .quit, .help: return nil
        case .skip, .first, .second, .tie:
            guard !isFinished else { return nil }
            guard key != .skip else {
                trail.append(nil)
                return .skipped
            }
            let vote = vote(key, on: items[trail.count])
            try store.save(votes: [vote], run: run.id)
            trail.append(vote)
            return .kept(key)
        }
    }

    private mutating func undo() throws -> Outcome {
        guard let last = trail.last else { return .nothingToUndo }
        if let vote = last, try !store.remove(vote: vote, run: run.id) { return .stays }
        trail.removeLast()
        return .undone
    }

    /// The vote by seats, with the order in which they were shown.
    private func vote(_ key: Key, on item: Item) -> PersonalVote {
        let shown: Verdict = key == .first ? .first : key == .second ? .second : .tie
        let verdict = item.isSwapped ? shown.flipped : shown
        return PersonalVote(
            round: item.pair.round, room: item.pair.room,
            vote: Vote(
                judge: JudgeID(name: options.person), first: item.pair.first, second: item.pair.second, verdict: verdict,
                straight: item.isSwapped ? nil : verdict, swapped: item.isSwapped ? verdict : nil))
    }
}
