import AgonCore
import AgonGames

/// Plays games in step: each ply asks, over all rooms, every policy that is to move once.
struct GameTable {
    let game: any Game
    let player: RoomPlayer

    func play(_ rooms: [Room], seed: Seed) async throws -> [[Rollout]] {
        var boards = rooms.map { Board(room: $0, game: game) }
        while true {
            let active = boards.indices.filter { boards[$0].seatToMove != nil }
            guard !active.isEmpty else { break }
            let questions = active.map { boards[$0].question(seed: seed, moveTokenLimit: game.moveTokenLimit) }
            let responses = try await player.ask(questions)
            for (index, response) in zip(active, responses) { boards[index].play(response) }
        }
        return boards.map { $0.rollouts() }
    }
}

/// One game in progress.
private struct Board {
    let room: Room
    private var position: any GamePosition
    private var transcript = ""
    private var seats: [SeatView]
    /// Who made an illegal move, which ends the game.
    private var forfeiter: Int?
    private var ply = 0

    /// The game as one seat's policy sees it.
    private struct SeatView {
        var turns: [Turn] = []
        var tokens: [Int32] = []
        var own: [Bool] = []
        var logProbs: [Float] = []

        /// Adds an own move. The context that came with it is everything seen before, own earlier moves included.
        mutating func record(_ response: PolicyResponse) {
            turns.append(.own(tokens: response.tokens, text: response.text))
            guard !response.tokens.isEmpty else { return }
            own += Array(repeating: false, count: response.context.count - own.count)
            own += Array(repeating: true, count: response.tokens.count)
            tokens = response.context + response.tokens
            logProbs += response.logProbs
        }
    }

    init(room: Room, game: any Game) {
        self.room = room
        guard let position = game.position(after: room.prompt.text) else {
            preconditionFailure("`\(room.prompt.text)` is no opening of \(game.name)")
        }
        self.position = position
        seats = Array(repeating: SeatView(), count: room.seats.count)
    }

    var seatToMove: Int? { forfeiter == nil ? position.seatToMove : nil }

    func question(seed: Seed, moveTokenLimit: Int) -> RoomPlayer.Question {
        let seat = position.seatToMove ?? 0
        return RoomPlayer.Question(
            policy: room.seats[seat],
            request: PolicyRequest(
                prompt: room.prompt.text, turns: seats[seat].turns, maxNewTokens: moveTokenLimit,
                seed: seed.child(.room, room.index).child(.seat, seat).child(.sample, ply)))
    }

    mutating func play(_ response: PolicyResponse) {
        guard let seat = position.seatToMove else { return }
        ply += 1
        transcript += response.text
        seats[seat].record(response)
        for other in seats.indices where other != seat { seats[other].turns.append(.other(text: response.text)) }
        if let next = position.playing(response.text) {
            position = next
        } else {
            forfeiter = seat
        }
    }

    func rollouts() -> [Rollout] {
        let scores = forfeiter.map { loser in seats.indices.map { $0 == loser ? 0.0 : 1.0 } } ?? position.scores
        return seats.indices.map { seat in
            let view = seats[seat]
            return Rollout(
                text: transcript,
                sequence: view.own.contains(true) ? TokenSequence(tokens: view.tokens, own: view.own) : nil,
                logProbs: view.logProbs, forfeit: seat == forfeiter ? .illegal : nil, gold: scores?[seat])
        }
    }
}
