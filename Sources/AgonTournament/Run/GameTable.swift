import AgonCore
import AgonGames

/// Plays games in step: each step asks, over all rooms, every seat that is to move once, each about its own view.
struct GameTable {
    let game: any Game
    let player: RoomPlayer

    func play(_ rooms: [Room], seed: Seed) async throws -> [[Rollout]] {
        var boards = rooms.map { Board(room: $0, game: game) }
        while true {
            let active = boards.indices.filter { !boards[$0].seatsToMove.isEmpty }
            guard !active.isEmpty else { break }
            let questions = active.map { boards[$0].questions(seed: seed, player) }
            var responses = try await player.ask(questions.flatMap { $0 })[...]
            for (index, asked) in zip(active, questions) {
                boards[index].play(Array(responses.prefix(asked.count)))
                responses = responses.dropFirst(asked.count)
            }
        }
        return boards.map { $0.rollouts(of: game) }
    }
}

/// One game in progress.
private struct Board {
    let room: Room
    private var position: any GamePosition
    private var transcript = ""
    private var seats: [SeatView]
    /// Who made an illegal move or none, which ends the game.
    private var forfeiters: [Int: AnswerFailure] = [:]
    private var ply = 0

    /// The game as one seat's policy sees it.
    private struct SeatView {
        let prompt: String
        /// How much of the position's view prompt and turns hold, in bytes.
        var shownCount: Int
        var turns: [Turn] = []
        var tokens: [Int32] = []
        var own: [Bool] = []
        var logProbs: [Float] = []
        var usage: JudgeUsage?

        init(prompt: String) {
            self.prompt = prompt
            shownCount = prompt.utf8.count
        }

        /// Adds an own move. The context that came with it is everything seen before, own earlier moves included.
        mutating func record(_ response: PolicyResponse) {
            turns.append(.own(tokens: response.tokens, text: response.text))
            shownCount += response.text.utf8.count
            if let cost = response.usage { usage = usage.map { $0.adding(cost) } ?? cost }
            guard !response.tokens.isEmpty else { return }
            own += Array(repeating: false, count: response.context.count - own.count)
            own += Array(repeating: true, count: response.tokens.count)
            tokens = response.context + response.tokens
            logProbs += response.logProbs
        }

        /// Adds what a view has that was not shown yet.
        mutating func show(_ view: String) {
            let news = String(decoding: view.utf8.dropFirst(shownCount), as: UTF8.self)
            guard !news.isEmpty else { return }
            turns.append(.other(text: news))
            shownCount += news.utf8.count
        }
    }

    init(room: Room, game: any Game) {
        self.room = room
        guard let position = game.position(after: room.prompt.text) else {
            preconditionFailure("`\(room.prompt.text)` is no opening of \(game.name)")
        }
        self.position = position
        seats = room.seats.indices.map { SeatView(prompt: position.view(of: $0)) }
    }

    var seatsToMove: [Int] { forfeiters.isEmpty ? position.seatsToMove : [] }

    /// One for each seat that is to move, about nothing but its own view.
    func questions(seed: Seed, _ player: RoomPlayer) -> [RoomPlayer.Question] {
        position.seatsToMove.map { seat in
            let isOutside = player.isOutside(room.seats[seat])
            return RoomPlayer.Question(
                policy: room.seats[seat],
                request: PolicyRequest(
                    prompt: seats[seat].prompt, turns: seats[seat].turns, maxNewTokens: position.moveLength,
                    seed: seed.child(.room, room.index).child(.seat, seat).child(.sample, ply),
                    legalMoves: isOutside ? position.legalMoves(of: seat) : [],
                    room: RoomPlayer.id(of: room, seed: seed), seat: seat))
        }
    }

    /// One step. Every seat that made an illegal move or none forfeits, and then nothing more is shown to anybody.
    mutating func play(_ responses: [PolicyResponse]) {
        let asked = position.seatsToMove
        ply += 1
        for (seat, response) in zip(asked, responses) {
            transcript += response.text
            seats[seat].record(response)
            if let failure = response.failure {
                forfeiters[seat] = failure
            } else if !position.legalMoves(of: seat).contains(response.text) {
                forfeiters[seat] = AnswerFailure(.illegal, "")
            }
        }
        guard forfeiters.isEmpty, let next = position.playing(responses.map(\.text)) else { return }
        position = next
        for seat in seats.indices { seats[seat].show(position.view(of: seat)) }
    }

    func rollouts(of game: any Game) -> [Rollout] {
        let scores = forfeiters.isEmpty
            ? game.scores(at: position) : seats.indices.map { forfeiters[$0] != nil ? 0.0 : 1.0 }
        return seats.indices.map { seat in
            let view = seats[seat]
            return Rollout(
                text: transcript,
                sequence: view.own.contains(true) ? TokenSequence(tokens: view.tokens, own: view.own) : nil,
                logProbs: view.logProbs, forfeit: forfeiters[seat]?.forfeit,
                reason: forfeiters[seat]?.reason ?? "", usage: view.usage, gold: scores?[seat])
        }
    }
}
