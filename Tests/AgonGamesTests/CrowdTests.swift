import AgonCore
import AgonGames
import Testing

/// Four standard deviations of a binomial share; a right generator leaves them once in 16 000 seeds.
private func bounds(_ probability: Double, _ count: Int) -> ClosedRange<Double> {
    let width = 4 * (probability * (1 - probability) / Double(count)).squareRoot()
    return (probability - width)...(probability + width)
}

@Suite struct CrowdTests {
    @Test("a game crowd plays whole legal games, each move best as often as skill and luck say", arguments: [0, 0.5, 1])
    func gameCrowd(skill: Double) throws {
        let game = TicTacToe()
        let crowd = GameCrowd(game: game, skill: skill)
        let perfect = try #require(game.strategy(named: "perfect"))
        var (moves, best, expected, variance) = (0, 0.0, 0.0, 0.0)
        for transcript in crowd.transcripts(count: 400, seed: Seed(run: 21)) {
            #expect(game.scores(opening: "", transcript: transcript) != nil)
            var played = ""
            for move in transcript.map(String.init) {
                let chances = try #require(perfect.chances(inView: played))
                let chance = skill + (1 - skill) * Double(chances.supported.count) / Double(chances.moves.count)
                moves += 1
                best += chances[move] > 0 ? 1 : 0
                expected += chance
                variance += chance * (1 - chance)
                played += move
            }
        }
        #expect(moves > 400 * 5)
        #expect(abs(best - expected) <= 4 * variance.squareRoot())
    }

    @Test("a game of the crowd depends on its index and the seed, not on how many are asked for")
    func gameCrowdIsSeeded() {
        let crowd = GameCrowd(game: TicTacToe(), skill: 0.5)
        let games = crowd.transcripts(count: 50, seed: Seed(run: 22))
        #expect(crowd.transcripts(count: 10, seed: Seed(run: 22)) == Array(games.prefix(10)))
        #expect(crowd.transcripts(count: 50, seed: Seed(run: 23)) != games)
        #expect(Set(games).count > 40)
    }

    @Test("a crowd's game is one seat's view of a whole game, of every seat now and then", arguments: Games.names)
    func gameCrowdShowsViews(name: String) throws {
        let game = try #require(Games.named(name))
        let transcripts = GameCrowd(game: game, skill: 0.5).transcripts(count: name == "connect-four" ? 20 : 60, seed: Seed(run: 29))
        #expect(Set(transcripts).count > 12)
        for transcript in transcripts {
            #expect(transcript.allSatisfy { game.alphabet.contains($0) })
            #expect(game.legalMoves(inView: transcript) == nil || name == "prisoners-dilemma", "\(transcript) goes on")
        }
        if name == "bid-tac-toe" { #expect(Set(transcripts.map { $0.prefix(1) }) == ["X", "O"]) }
    }

    @Test("a crowd is right as often as it should be", arguments: [0, 0.3, 0.5, 1])
    func answerCrowd(right: Double) throws {
        for name in PromptTasks.names {
            let task = try #require(PromptTasks.named(name))
            let crowd = AnswerCrowd(task: task, right: right)
            let prompts = TaskSource(task: task).prompts(.training, count: 2000, seed: Seed(run: 24))
            var rightCount = 0
            for (index, prompt) in prompts.enumerated() {
                let seed = Seed(run: 25).child(.sample, index)
                let answer = try #require(crowd.answer(to: prompt, seed: seed))
                #expect(answer == crowd.answer(to: prompt, seed: seed))
                #expect(!answer.isEmpty && answer.count < task.answerTokenLimit)
                #expect(answer.allSatisfy { task.answerAlphabet.contains($0) })
                rightCount += task.isRight(answer, to: prompt) ? 1 : 0
            }
            #expect(bounds(right, 2000).contains(Double(rightCount) / 2000), "\(name)")
        }
    }

    @Test("each mistake is what its name says, and wrong", arguments: AnswerCrowd.Mistake.allCases)
    func mistakes(mistake: AnswerCrowd.Mistake) throws {
        let task = SortDigits()
        let gold = "012345"
        let prompt = Prompt(id: "sort-digits:415203=", text: "415203=", reference: gold)
        let crowd = AnswerCrowd(task: task, right: 0, weights: only(mistake))
        for index in 0..<300 {
            let answer = try #require(crowd.answer(to: prompt, seed: Seed(run: 26).child(.sample, index)))
            #expect(!task.isRight(answer, to: prompt))
            let differences = zip(answer, gold).count { $0 != $1 }
            switch mistake {
            case .swapped: #expect(differences == 2 && answer.sorted() == Array(gold))
            case .dropped: #expect(answer.count == 5 && isSubsequence(answer, of: gold))
            case .doubled: #expect(answer.count == 7 && isSubsequence(gold, of: answer))
            case .replaced: #expect(answer.count == 6 && differences == 1)
            case .cutShort: #expect((1...5).contains(answer.count) && gold.hasPrefix(answer))
            case .shuffled: #expect(answer.sorted() == Array(gold))
            }
        }
    }

    @Test("mistakes are drawn by their weights")
    func mistakeWeights() throws {
        let prompt = Prompt(id: "sort-digits:415203=", text: "415203=")
        let weights = AnswerCrowd.MistakeWeights(
            swapped: 0, dropped: 1, doubled: 3, replaced: 0, cutShort: 0, shuffled: 0)
        let crowd = AnswerCrowd(task: SortDigits(), right: 0, weights: weights)
        let lengths = (0..<2000).compactMap { crowd.answer(to: prompt, seed: Seed(run: 27).child(.sample, $0))?.count }
        #expect(Set(lengths) == [5, 7])
        #expect(bounds(0.75, 2000).contains(Double(lengths.count { $0 == 7 }) / 2000))
    }

    @Test("an answer that no chosen mistake can spoil has a character replaced")
    func unspoilable() throws {
        let task = SortDigits(lengths: 1...4)
        for text in ["0000=", "7="] {
            let prompt = Prompt(id: "sort-digits:\(text)", text: text)
            let harmless: [AnswerCrowd.Mistake] = [.swapped, .shuffled] + (text == "7=" ? [.cutShort] : [])
            for mistake in harmless {
                let crowd = AnswerCrowd(task: task, right: 0, weights: only(mistake))
                let answer = try #require(crowd.answer(to: prompt, seed: Seed(run: 28)))
                #expect(answer.count == text.count - 1 && !task.isRight(answer, to: prompt))
            }
        }
        let foreign = Prompt(id: "x", text: "what?")
        #expect(AnswerCrowd(task: task, right: 1).answer(to: foreign, seed: Seed(run: 28)) == nil)
    }

    @Test("what the crowds say for a seed never changes")
    func goldenCrowds() {
        let games = GameCrowd(game: TicTacToe(), skill: 0.5).transcripts(count: 3, seed: Seed(run: 7))
        #expect(games == ["958742361", "75146238", "752413698"])
        let prompt = Prompt(id: "sort-digits:415203=", text: "415203=")
        let crowd = AnswerCrowd(task: SortDigits(), right: 0.5)
        let answers = (0..<6).map { crowd.answer(to: prompt, seed: Seed(run: 7).child(.sample, $0)) }
        #expect(answers == ["012345", "021345", "012345", "012345", "0112345", "01345"])
    }

    private func only(_ mistake: AnswerCrowd.Mistake) -> AnswerCrowd.MistakeWeights {
        AnswerCrowd.MistakeWeights(
            swapped: mistake == .swapped ? 1 : 0, dropped: mistake == .dropped ? 1 : 0,
            doubled: mistake == .doubled ? 1 : 0, replaced: mistake == .replaced ? 1 : 0,
            cutShort: mistake == .cutShort ? 1 : 0, shuffled: mistake == .shuffled ? 1 : 0)
    }

    private func isSubsequence(_ short: String, of long: String) -> Bool {
        var rest = long[...]
        for character in short {
            guard let place = rest.firstIndex(of: character) else { return false }
            rest = rest[rest.index(after: place)...]
        }
        return true
    }
}
