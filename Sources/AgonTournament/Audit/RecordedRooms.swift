import AgonAgents
import AgonAudit
import AgonCore
import AgonTransformer
import Synchronization

/// The stored rollouts of some rooms, handed out again to those who play the rooms once more.
///
/// Prompts, turns, limits and seeds are then made by the very code that made them when the rooms were played; only the
/// answers come from the store. What each seat was asked for them is kept.
final class RecordedRooms: Sendable {
    /// A seat of a room: in games by the room's number before policies, elsewhere by the seed of its one answer, since the
    /// rooms of a table that is played in stages share that number.
    struct Seat: Hashable {
        let room: UInt64
        let seat: Int

        init(of room: Room, seat: Int, isGame: Bool, seed: Seed) {
            self.room = isGame ? RoomPlayer.id(of: room, seed: seed) : seed.child(.room, room.index).child(.seat, seat).value
            self.seat = seat
        }

        init(asked request: PolicyRequest, isGame: Bool) {
            (room, seat) = (isGame ? request.room : request.seed.value, request.seat)
        }
    }

    /// An answer that a seat gave, and the request that it was given to.
    struct Answer {
        let request: GenerationRequest
        let count: Int
    }

    /// One seat's stored rollout and what came of asking it again.
    struct Entry {
        let rollout: Rollout
        var answers: [Answer] = []
        /// Why its answers cannot be those of its questions; it is asked nothing more then.
        var complaint: Complaint?
    }

    private let entries: Mutex<[Seat: Entry]>
    private let isGame: Bool
    private let seed: Seed

    /// - Parameter seed: the round's.
    init(_ results: [RoomResult], isGame: Bool, seed: Seed) {
        (self.isGame, self.seed) = (isGame, seed)
        entries = Mutex(
            Dictionary(
                uniqueKeysWithValues: results.flatMap { result in
                    result.rollouts.enumerated().map {
                        (Seat(of: result.room, seat: $0, isGame: isGame, seed: seed), Entry(rollout: $1))
                    }
                }))
    }

    /// A seat of one of the rooms.
    subscript(room: Room, seat: Int) -> Entry? {
        entries.withLock { $0[Seat(of: room, seat: seat, isGame: isGame, seed: seed)] }
    }

    /// What a seat answered; an answer's failure where what is stored cannot have been one.
    ///
    /// - Parameter policy: the seat's version; nil for one whose text is taken as it is stored.
    func answer(_ request: PolicyRequest, _ policy: TransformerPolicy?) throws -> PolicyResponse {
        let seat = Seat(asked: request, isGame: isGame)
        guard let entry = entries.withLock({ $0[seat] }) else { return PolicyResponse(text: "", failure: AnswerFailure(.garbled, "")) }
        guard let policy else { return RecordedRooms.text(of: entry.rollout) }
        let asked = try policy.generationRequest(request)
        if let complaint = RecordedRooms.complaint(entry, asked, policy.transformer.config) {
            entries.withLock { $0[seat]?.complaint = complaint }
            return PolicyResponse(text: "", failure: AnswerFailure(.garbled, ""))
        }
        let generation = RecordedRooms.generation(entry, asked, policy.transformer.config)
        entries.withLock { entries in
            guard entries[seat]?.answers.contains(where: { $0.request.tokens.count == asked.tokens.count }) == false else { return }
            entries[seat]?.answers.append(Answer(request: asked, count: generation.tokens.count))
        }
        return policy.response(to: asked, generation)
    }

    private static func text(of rollout: Rollout) -> PolicyResponse {
        // What a room makes of an answer by itself is no failure of whoever gave it.
        let failure = rollout.forfeit.flatMap { [.empty, .unfinished, .illegal].contains($0) ? nil : AnswerFailure($0, rollout.reason) }
        return PolicyResponse(text: rollout.text, finish: rollout.finish, failure: failure, usage: rollout.usage)
    }

    private static func complaint(_ entry: Entry, _ asked: GenerationRequest, _ config: ModelConfig) -> Complaint? {
        let stored = entry.rollout.sequence?.tokens ?? []
        let context = asked.tokens
        if let place = context.indices.first(where: { $0 >= stored.count || stored[$0] != context[$0] }) {
            return Complaint(
                .context, expected: "token \(context[place]) at place \(place + 1) of the \(context.count) before answer \(entry.answers.count + 1)",
                seen: place < stored.count ? "token \(stored[place])" : stored.isEmpty ? "no tokens" : "\(stored.count) tokens in all")
        }
        guard let foreign = stored.first(where: { $0 < 0 || Int($0) >= config.vocabularySize }) else { return nil }
        return Complaint(.draw, expected: "tokens of a vocabulary of \(config.vocabularySize)", seen: "token \(foreign)")
    }

    /// The stored answer: own tokens up to an end token or the limit.
    private static func generation(_ entry: Entry, _ asked: GenerationRequest, _ config: ModelConfig) -> Generation {
        let (rollout, start) = (entry.rollout, asked.tokens.count)
        let (limit, endTokens) = (asked.limit(config), asked.endTokens(config))
        var tokens: [Int32] = []
        if let sequence = rollout.sequence {
            while tokens.count < limit, start + tokens.count < sequence.tokens.count, sequence.own[start + tokens.count] {
                tokens.append(sequence.tokens[start + tokens.count])
                if endTokens.contains(sequence.tokens[start + tokens.count - 1]) { break }
            }
        }
        let isEnded = tokens.last.map(endTokens.contains) ?? false
        let ownCount = rollout.sequence?.own.prefix(start).count { $0 } ?? 0
        let logProbs = rollout.logProbs.dropFirst(ownCount).prefix(tokens.count)
        return Generation(tokens: tokens, logProbs: Array(logProbs), finish: isEnded ? .stop : .length)
    }
}

/// A policy that answers what is stored.
struct RecordedPolicy: Policy {
    let id: PolicyID
    /// The version that answered; nil for one whose texts are taken as they are stored.
    let version: TransformerPolicy?
    let rooms: RecordedRooms

    func respond(to requests: [PolicyRequest]) async throws -> [PolicyResponse] {
        try requests.map { try rooms.answer($0, version) }
    }
}
