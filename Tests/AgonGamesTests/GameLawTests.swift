import AgonCore
import AgonGames
import Testing

/// What every game must obey, on games played by seeded random movers.
@Suite struct GameLawTests {
    /// Every position of `count` random games, each with the transcript that led to it.
    private func randomPositions(of game: any Game, count: Int) throws -> [(transcript: String, any GamePosition)] {
        var result: [(transcript: String, any GamePosition)] = []
        for index in 0..<count {
            var generator = SeededGenerator(Seed(run: 1).child(.room, index))
            var transcript = ""
            var position = try #require(game.position(after: ""))
            result.append((transcript, position))
            while let move = generator.element(of: position.legalMoves) {
                transcript += move
                position = try #require(position.playing(move))
                result.append((transcript, position))
                try #require(transcript.count < 10_000, "the game does not end")
            }
        }
        return result
    }

    @Test("a listed move can be played and its text leads to the same position", arguments: Games.names)
    func legalMovesAreLegal(name: String) throws {
        let game = try #require(Games.named(name))
        for (transcript, position) in try randomPositions(of: game, count: 30) {
            #expect(Set(position.legalMoves).count == position.legalMoves.count)
            for move in position.legalMoves {
                let played = try #require(position.playing(move))
                let read = try #require(game.position(after: transcript + move))
                #expect(played.legalMoves == read.legalMoves)
                #expect(played.seatToMove == read.seatToMove)
                #expect(played.scores == read.scores)
            }
        }
    }

    @Test("whatever is not listed is refused", arguments: Games.names)
    func illegalMovesAreRefused(name: String) throws {
        let game = try #require(Games.named(name))
        let foreign = ["", " ", "0", "10", "x", "é", "5\n", "\u{0}", "👾", "5\u{301}", "-1", "55", "９"]
        let candidates = foreign + game.alphabet.map(String.init)
        for (transcript, position) in try randomPositions(of: game, count: 30) {
            for move in candidates where !position.legalMoves.contains(move) {
                #expect(position.playing(move) == nil, "\(move) after \(transcript)")
                if !move.isEmpty, position.legalMoves.isEmpty {
                    #expect(game.position(after: transcript + move) == nil)
                }
            }
        }
    }

    @Test("a game is over exactly when nobody is to move, and then its points sum to half the seats")
    func overIsOver() throws {
        for name in Games.names {
            let game = try #require(Games.named(name))
            for (_, position) in try randomPositions(of: game, count: 200) {
                if let scores = position.scores {
                    #expect(position.seatToMove == nil)
                    #expect(position.legalMoves.isEmpty && position.bestMoves().isEmpty)
                    #expect(scores.count == game.seatCount)
                    #expect(scores.allSatisfy { [0, 0.5, 1].contains($0) })
                    #expect(scores.reduce(0, +) == Double(game.seatCount) / 2)
                } else {
                    let seat = try #require(position.seatToMove)
                    #expect((0..<game.seatCount).contains(seat))
                    #expect(!position.legalMoves.isEmpty && !position.bestMoves().isEmpty)
                    #expect(Set(position.bestMoves()).isSubset(of: position.legalMoves))
                }
            }
        }
    }

    @Test("moves are written in the game's alphabet and within its token limit", arguments: Games.names)
    func textForm(name: String) throws {
        let game = try #require(Games.named(name))
        #expect(Set(game.alphabet).count == game.alphabet.count)
        for (_, position) in try randomPositions(of: game, count: 30) {
            for move in position.legalMoves {
                #expect((1...game.moveTokenLimit).contains(move.count))
                #expect(move.allSatisfy { game.alphabet.contains($0) })
            }
        }
    }

    @Test("every opening is legal, unfinished and listed once", arguments: Games.names)
    func openingsAreLegal(name: String) throws {
        let game = try #require(Games.named(name))
        #expect(Set(game.openings).count == game.openings.count)
        for opening in game.openings {
            let position = try #require(game.position(after: opening), "\(opening)")
            #expect(position.scores == nil && position.seatToMove != nil)
        }
    }

    @Test("perfect play from the empty board draws against itself", arguments: Games.names)
    func perfectDrawsAgainstPerfect(name: String) async throws {
        let game = try #require(Games.named(name))
        let perfect = player(.perfect, of: game)
        for index in 0..<50 {
            let scores = try await play(game, [perfect, perfect], seed: Seed(run: 2).child(.room, index))
            #expect(scores == [0.5, 0.5])
        }
    }

    @Test("perfect play never loses from the empty board, and beats random movers on average")
    func perfectNeverLoses() async throws {
        for name in Games.names {
            let game = try #require(Games.named(name))
            let (perfect, random) = (player(.perfect, of: game), player(.random, of: game))
            for seat in 0..<2 {
                var points = 0.0
                for index in 0..<200 {
                    let seats = seat == 0 ? [perfect, random] : [random, perfect]
                    let scores = try await play(game, seats, seed: Seed(run: 3).child(.room, index))
                    #expect(scores[seat] >= 0.5)
                    points += scores[seat]
                }
                #expect(points > 160)
            }
        }
    }

    private func player(_ strategy: ScriptedPlayer.Strategy, of game: any Game) -> ScriptedPlayer {
        ScriptedPlayer(id: PolicyID(agent: "scripted", version: 0), game: game, strategy: strategy)
    }

    /// Plays a room as a tournament would: each move is an answer to the prompt and the turns so far.
    private func play(_ game: any Game, _ seats: [ScriptedPlayer], seed: Seed) async throws -> [Double] {
        var turns: [(seat: Int, text: String)] = []
        while true {
            let transcript = turns.map(\.text).joined()
            let position = try #require(game.position(after: transcript))
            guard let seat = position.seatToMove else {
                return try #require(game.scores(opening: "", transcript: transcript))
            }
            let request = PolicyRequest(
                prompt: "",
                turns: turns.map { $0.seat == seat ? .own(tokens: [], text: $0.text) : .other(text: $0.text) },
                maxNewTokens: game.moveTokenLimit, seed: seed.child(.seat, seat))
            let answer = try await seats[seat].respond(to: [request])[0]
            turns.append((seat, answer.text))
        }
    }
}
