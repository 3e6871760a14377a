import AgonCore
import AgonGames
import Testing

/// What every game must obey, on games played by seeded random movers.
@Suite struct GameLawTests {
    /// A position with the opening and the moves that led to it.
    private struct Moment {
        let opening: String
        let transcript: String
        let position: any GamePosition
        var text: String { opening + transcript }
    }

    /// Every position of `count` random games from openings drawn at random.
    private func randomGames(of game: any Game, count: Int) throws -> [[Moment]] {
        let openings = game.openings
        return try (0..<count).map { index in
            var generator = SeededGenerator(Seed(run: 1).child(.room, index))
            let opening = generator.element(of: openings) ?? ""
            var moments = [Moment(opening: opening, transcript: "", position: try #require(game.position(after: opening)))]
            while let last = moments.last, !last.position.seatsToMove.isEmpty {
                let step = last.position.seatsToMove.compactMap { generator.element(of: last.position.legalMoves(of: $0)) }
                let next = try #require(last.position.playing(step))
                moments.append(Moment(opening: opening, transcript: last.transcript + step.joined(), position: next))
                try #require(moments.count <= game.stepLimit + 1, "the game does not end")
            }
            return moments
        }
    }

    @Test("the laws are tested on every built-in game")
    func games() {
        let games: [any Game] = [
            TicTacToe(), ConnectFour(), Nim(), BidTicTacToe(), KuhnPoker(), LeducPoker(), PrisonersDilemma(), Negotiation(),
            LiarsDice(),
        ]
        #expect(Games.names == games.map(\.name).sorted())
        #expect(Games.named("chess") == nil)
    }

    @Test("a step leads to the same position as its text, whose referee says the same", arguments: Games.names)
    func textIsPosition(name: String) throws {
        let game = try #require(Games.named(name))
        for moment in try randomGames(of: game, count: 30).joined() {
            let read = try #require(game.position(after: moment.text))
            #expect(read.key == moment.position.key && read.payoffs == moment.position.payoffs)
            #expect(read.seatsToMove == moment.position.seatsToMove)
            for seat in 0..<game.seatCount {
                #expect(read.view(of: seat) == moment.position.view(of: seat))
                #expect(read.legalMoves(of: seat) == moment.position.legalMoves(of: seat))
            }
            #expect(game.scores(opening: moment.opening, transcript: moment.transcript) == game.scores(at: moment.position))
        }
    }

    @Test("listed moves are distinct, of one length, and can be played; a view tells them all by itself", arguments: Games.names)
    func legalMovesAreLegal(name: String) throws {
        let game = try #require(Games.named(name))
        for moment in try randomGames(of: game, count: 30).joined() {
            let position = moment.position
            let firsts = position.seatsToMove.map { position.legalMoves(of: $0)[0] }
            for (place, seat) in position.seatsToMove.enumerated() {
                let moves = position.legalMoves(of: seat)
                #expect(Set(moves).count == moves.count && moves.allSatisfy { $0.utf8.count == position.moveLength })
                #expect(game.legalMoves(inView: position.view(of: seat)) == moves, "\(moment.text)")
                for move in moves {
                    var step = firsts
                    step[place] = move
                    #expect(position.playing(step) != nil)
                }
            }
            for seat in 0..<game.seatCount where !position.seatsToMove.contains(seat) {
                #expect(position.legalMoves(of: seat).isEmpty)
            }
            #expect(position.moveLength <= game.moveTokenLimit)
        }
    }

    @Test("whatever is not listed is refused", arguments: Games.names)
    func illegalMovesAreRefused(name: String) throws {
        let game = try #require(Games.named(name))
        let foreign = ["", " ", "0", "10", "x", "é", "5\n", "\u{0}", "👾", "5\u{301}", "-1", "55", "９", "yes ", "a\u{0}", "C\u{301}"]
        let candidates = foreign + game.alphabet.map(String.init) + game.alphabet.map { "\($0)\($0)" }
        for moment in try randomGames(of: game, count: 15).joined() {
            let position = moment.position
            let firsts = position.seatsToMove.map { position.legalMoves(of: $0)[0] }
            #expect(position.playing([]) == nil && position.playing(firsts + [firsts.first ?? "1"]) == nil)
            for (place, seat) in position.seatsToMove.enumerated() {
                let moves = position.legalMoves(of: seat)
                for move in candidates where !moves.contains(move) {
                    var step = firsts
                    step[place] = move
                    #expect(position.playing(step) == nil, "\(move) after \(moment.text)")
                }
            }
            if firsts.isEmpty {
                for move in candidates where !move.isEmpty { #expect(game.position(after: moment.text + move) == nil) }
            }
        }
        for text in foreign where !game.openings.contains(text) { #expect(game.position(after: text) == nil) }
    }

    @Test("a game is over exactly when nobody is to move, and its payoffs are in range and sum to zero where they must")
    func overIsOver() throws {
        for name in Games.names {
            let game = try #require(Games.named(name))
            for moment in try randomGames(of: game, count: 150).joined() {
                let position = moment.position
                let seats = position.seatsToMove
                #expect((position.payoffs == nil) == !seats.isEmpty)
                #expect(seats == seats.sorted() && Set(seats).count == seats.count)
                #expect(seats.allSatisfy { (0..<game.seatCount).contains($0) && !position.legalMoves(of: $0).isEmpty })
                guard let payoffs = position.payoffs, let scores = game.scores(at: position) else { continue }
                #expect(payoffs.count == game.seatCount && payoffs.allSatisfy(game.payoffRange.contains))
                #expect(scores.allSatisfy { (0...1).contains($0) })
                if game.isZeroSum { #expect(payoffs.reduce(0, +) == 0) }
            }
        }
    }

    @Test("a view only grows, by the own move first, and by as much as was said at once", arguments: Games.names)
    func viewsGrow(name: String) throws {
        let game = try #require(Games.named(name))
        for moments in try randomGames(of: game, count: 30) {
            for (before, after) in zip(moments, moments.dropFirst()) {
                var said = after.transcript.dropFirst(before.transcript.count)
                for seat in 0..<game.seatCount {
                    var own = ""
                    if before.position.seatsToMove.contains(seat) {
                        own = String(said.prefix(before.position.moveLength))
                        said = said.dropFirst(before.position.moveLength)
                    }
                    #expect(after.position.view(of: seat).hasPrefix(before.position.view(of: seat) + own))
                }
            }
        }
    }

    @Test("views are written in the game's alphabet, which is ASCII", arguments: Games.names)
    func textForm(name: String) throws {
        let game = try #require(Games.named(name))
        #expect(Set(game.alphabet).count == game.alphabet.count && game.alphabet.utf8.allSatisfy { $0 < 128 })
        #expect(game.alphabet.count <= 16 && game.rules.count > 100)
        for moment in try randomGames(of: game, count: 30).joined() {
            for seat in 0..<game.seatCount {
                let view = moment.position.view(of: seat)
                #expect(view.allSatisfy { game.alphabet.contains($0) } && view.count <= 64)
            }
        }
    }

    @Test("what a seat does not know is not in its view: other deals that look alike to it stay alike", arguments: Games.names)
    func hiddenInformation(name: String) throws {
        let game = try #require(Games.named(name))
        let starts = try game.deals.map { try #require(game.position(after: $0)) }
        for moments in try randomGames(of: game, count: 12) {
            guard moments[0].transcript.isEmpty, game.deals.contains(moments[0].opening) else { continue }
            for seat in 0..<game.seatCount {
                let alike = starts.filter { $0.view(of: seat) == moments[0].position.view(of: seat) }.prefix(40)
                for start in alike {
                    var other = start
                    for (before, after) in zip(moments, moments.dropFirst()) {
                        let said = Array(after.transcript.dropFirst(before.transcript.count))
                        let length = before.position.moveLength
                        let step = before.position.seatsToMove.indices.map { String(said[($0 * length)..<(($0 + 1) * length)]) }
                        guard let next = other.playing(step) else { break }
                        other = next
                        // A card laid on the table and the end of the game are news to all; until then nothing differs.
                        if other.view(of: seat) != after.position.view(of: seat) {
                            #expect(name == "leduc-poker" && other.view(of: seat).dropLast() == after.position.view(of: seat).dropLast())
                            break
                        }
                        if after.position.seatsToMove.contains(seat), other.seatsToMove.contains(seat) {
                            #expect(other.legalMoves(of: seat) == after.position.legalMoves(of: seat))
                        }
                    }
                }
            }
        }
    }

    @Test("a seat's sealed move is in nobody else's view before the step is over", arguments: ["bid-tac-toe", "prisoners-dilemma"])
    func sealedMoves(name: String) throws {
        let game = try #require(Games.named(name))
        for moment in try randomGames(of: game, count: 20).joined() where moment.position.seatsToMove.count == 2 {
            let position = moment.position
            for move in position.legalMoves(of: 0) {
                // Whatever seat 0 does, seat 1 is asked about the same view and may do the same.
                let moves = position.legalMoves(of: 1)
                let steps = moves.compactMap { position.playing([move, $0]) }
                #expect(steps.count == moves.count)
                #expect(Set(steps.map { $0.view(of: 1) }).count == moves.count)
                for step in steps { #expect(step.view(of: 1).hasPrefix(position.view(of: 1))) }
            }
        }
    }

    @Test("every opening is legal, unfinished and listed once, and every side of the split has some", arguments: Games.names)
    func openingsAreLegal(name: String) throws {
        let game = try #require(Games.named(name))
        #expect(Set(game.openings).count == game.openings.count)
        #expect(Set(game.deals).isSubset(of: game.openings) && Set(game.deals).count == game.deals.count)
        for opening in game.openings {
            let position = try #require(game.position(after: opening), "\(opening)")
            #expect(position.payoffs == nil && !position.seatsToMove.isEmpty)
            #expect(game.splitKey(of: opening) != nil)
        }
        let source = OpeningSource(game: game)
        for side in PromptSide.allCases { #expect(source.count(of: side) >= 6, "\(side)") }
    }

    @Test("where a few deals are all there is, every side of the split has every deal equally often",
        arguments: ["kuhn-poker", "leduc-poker", "liars-dice", "prisoners-dilemma"])
    func dealsOnEverySide(name: String) throws {
        let game = try #require(Games.named(name))
        let source = OpeningSource(game: game)
        for side in PromptSide.allCases {
            let prompts = source.prompts(side, count: source.count(of: side), seed: Seed(run: 5))
            let counts = prompts.reduce(into: [:]) { $0[$1.text.dropLast(), default: 0] += 1 }
            #expect(counts.count == game.deals.count && Set(counts.values).count == 1)
        }
    }
}
