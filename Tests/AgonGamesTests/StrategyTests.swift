import AgonCore
import AgonGames
import Testing

/// What the scripted rules are worth.
@Suite struct StrategyTests {
    /// Plays a room as a tournament would and returns the payoffs.
    private func play(_ game: any Game, _ strategies: [GameStrategy], opening: String, seed: Seed) throws -> [Double] {
        var position = try #require(game.position(after: opening))
        var generators = strategies.indices.map { SeededGenerator(seed.child(.seat, $0)) }
        while !position.seatsToMove.isEmpty {
            let step = position.seatsToMove.compactMap { seat in
                strategies[seat].move(inView: position.view(of: seat), using: &generators[seat])
            }
            position = try #require(position.playing(step))
        }
        return try #require(position.payoffs)
    }

    /// The mean payoff of the first rule over every seat against the second in all others, from openings drawn at random.
    private func meanPayoff(_ game: any Game, _ one: String, against other: String, count: Int) throws -> Double {
        let (one, other) = (try #require(game.strategy(named: one)), try #require(game.strategy(named: other)))
        var generator = SeededGenerator(Seed(run: 41))
        let openings = game.openings
        var sum = 0.0
        for index in 0..<count {
            let opening = openings[generator.index(below: openings.count)]
            for seat in 0..<game.seatCount {
                var seats = Array(repeating: other, count: game.seatCount)
                seats[seat] = one
                sum += try play(game, seats, opening: opening, seed: Seed(run: 42).child(.room, index))[seat]
            }
        }
        return sum / Double(count * game.seatCount)
    }

    @Test("every rule of every game plays whole legal games against itself", arguments: Games.names)
    func rulesArelegal(name: String) throws {
        let game = try #require(Games.named(name))
        #expect(Set(game.strategyNames).count == game.strategyNames.count)
        for strategyName in game.strategyNames where strategyName != "alpha_beta_6" && strategyName != "near_equilibrium" {
            let strategy = try #require(game.strategy(named: strategyName, skill: 0.5))
            for opening in game.openings.prefix(3) {
                let seats = Array(repeating: strategy, count: game.seatCount)
                let payoffs = try play(game, seats, opening: opening, seed: Seed(run: 40))
                #expect(payoffs.count == game.seatCount && !strategy.summary.isEmpty)
            }
            #expect(strategy.chances(inView: "\u{0}?") == nil)
        }
    }

    @Test("the experts beat random movers", arguments: [
        ("tic-tac-toe", "perfect", 0.5), ("nim", "perfect", 0.8), ("connect-four", "alpha_beta_4", 0.9),
        ("bid-tac-toe", "richman", 0.7), ("kuhn-poker", "equilibrium", 0.0), ("liars-dice", "odds", 0.15),
    ])
    func expertsWin(name: String, expert: String, margin: Double) throws {
        let game = try #require(Games.named(name))
        #expect(game.strategies[0].name == expert)
        #expect(try meanPayoff(game, expert, against: "random", count: 100) > margin)
    }

    @Test("perfect play draws tic-tac-toe against itself, and a deeper search beats a shallower one in Connect Four")
    func perfectPlay() throws {
        let game = TicTacToe()
        let perfect = try #require(game.strategy(named: "perfect"))
        for index in 0..<50 {
            #expect(try play(game, [perfect, perfect], opening: "", seed: Seed(run: 2).child(.room, index)) == [0, 0])
        }
        #expect(try meanPayoff(ConnectFour(), "alpha_beta_6", against: "alpha_beta_4", count: 4) >= 0)
    }

    @Test("a search finds a win in one, and stops one that is threatened")
    func searchTactics() throws {
        let search = try #require(ConnectFour().strategy(named: "alpha_beta_4"))
        #expect(search.chances(inView: "171717")?.supported == ["1"])
        #expect(search.chances(inView: "17171")?.supported == ["1"])
        #expect(search.chances(inView: "4455")?.supported.allSatisfy { ["3", "6"].contains($0) } == true)
    }

    @Test("Nim is won by who can leave a nim-sum of zero, as trying everything says")
    func nimIsSolved() throws {
        let game = Nim()
        var known: [String: Double] = [:]
        func value(_ text: String) throws -> Double {
            let board = try #require(game.board(after: text))
            if let value = known[board.key] { return value }
            if let payoffs = board.payoffs { return payoffs[0] }
            var values: [Double] = []
            for move in board.legalMoves { values.append(try value(text + move)) }
            let best = board.seatToMove == 0 ? values.reduce(-1, max) : values.reduce(1, min)
            known[board.key] = best
            return best
        }
        for opening in game.openings where !opening.contains("7") && !opening.contains("6") {
            let tried = try value(opening)
            #expect(game.value(after: opening) == tried, "\(opening)")
        }
        #expect(game.value(after: "123") == -1 && game.value(after: "123a1") == -1)
        #expect(game.value(after: "124") == 1 && game.value(after: "8") == nil)
    }

    @Test("in the dilemma tit for tat is never ahead, lives with the friendly and is not exploited for long")
    func titForTat() throws {
        let game = PrisonersDilemma()
        func result(_ one: String, _ other: String) throws -> [Double] {
            let rules = [one, other].compactMap { game.strategy(named: $0) }
            return try play(game, rules, opening: "10a", seed: Seed(run: 43))
        }
        for other in game.strategyNames where other != "noisy_expert" && other != "tit_for_tat" {
            let payoffs = try result("tit_for_tat", other)
            #expect(payoffs[0] <= payoffs[1], "\(other)")
        }
        for friend in ["tit_for_tat", "grim", "generous_tit_for_tat", "tit_for_two_tats", "win_stay_lose_shift", "always_cooperate"] {
            #expect(try result("tit_for_tat", friend) == [3, 3])
        }
        #expect(try result("tit_for_tat", "always_defect") == [0.9, 1.4])
        #expect(try result("tit_for_tat", "suspicious_tit_for_tat") == [2.5, 2.5])
        #expect(try result("always_cooperate", "always_defect") == [0, 5])
        #expect(try result("win_stay_lose_shift", "always_defect") == [0.5, 3])
        #expect(try result("tit_for_two_tats", "suspicious_tit_for_tat")[0] == 2.7)
    }

    @Test("two conceders agree, and leave little on the table")
    func negotiation() throws {
        let game = Negotiation()
        #expect(game.openings.count > 1000)
        let (mutual, hard, random) = (
            try meanPayoff(game, "conceder", against: "conceder", count: 60),
            try meanPayoff(game, "conceder", against: "stubborn", count: 60),
            try meanPayoff(game, "random", against: "random", count: 60)
        )
        #expect(mutual > 6 && hard > 2 && mutual > random, "\(mutual), \(hard), \(random)")
        #expect(game.scores(opening: "122204611", transcript: "102yes") == [1, 0.2])
        #expect(game.scores(opening: "122204611", transcript: "120120120120120bye") == [0, 0])
        #expect(game.scores(opening: "122204611", transcript: "120120120120120120") == nil)
    }

    @Test("in liar's dice who calls a true bid a lie loses, and otherwise who made it")
    func liarsDice() {
        let game = LiarsDice()
        #expect(game.scores(opening: "424a", transcript: "1224!!") == [1, 1, 0])
        #expect(game.scores(opening: "426a", transcript: "1224!!") == [1, 0, 1])
        #expect(game.scores(opening: "426a", transcript: "12!!") == [1, 0, 1])
        #expect(game.scores(opening: "426a", transcript: "2412") == nil)
        #expect(game.scores(opening: "426a", transcript: "!!") == nil)
    }

    @Test("move chances are drawn as often as they say, and never where they are zero")
    func draws() {
        let chances = MoveChances(["a", "b", "c"], weights: [1, 0, 3])
        #expect(chances.weights == [0.25, 0, 0.75] && chances["c"] == 0.75 && chances["z"] == 0)
        var generator = SeededGenerator(Seed(run: 44))
        let drawn = (0..<4000).compactMap { _ in chances.draw(using: &generator) }
        #expect(!drawn.contains("b") && abs(Double(drawn.count { $0 == "c" }) / 4000 - 0.75) < 0.03)
    }
}
