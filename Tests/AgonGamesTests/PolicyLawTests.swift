import AgonCore
import AgonGames
import AgonLaws
import Testing

/// What every scripted policy must obey.
@Suite struct PolicyLawTests {
    private let task = SortDigits()
    private let game = TicTacToe()

    private func policies() throws -> [(policy: any Policy, requests: [PolicyRequest])] {
        let players = try game.strategyNames.map { name -> (any Policy, [PolicyRequest]) in
            (ScriptedPlayer(id: PolicyID(agent: name, version: 0), strategy: try strategy(name)), gameRequests())
        }
        let parrots = [ParrotPolicy.Answer.fixed(["5", "1"]), .echo].enumerated().map { index, answer -> (any Policy, [PolicyRequest]) in
            (ParrotPolicy(id: PolicyID(agent: "parrot\(index)", version: 0), answer: answer), taskRequests())
        }
        let answerers = try ScriptedAnswerer.Strategy.names.map { name -> (any Policy, [PolicyRequest]) in
            let strategy = try #require(ScriptedAnswerer.Strategy(named: name, skill: 0.5))
            let task = task
            let policy = ScriptedAnswerer(id: PolicyID(agent: name, version: 0), strategy: strategy) {
                task.goldAnswer(to: $0)
            }
            return (policy, taskRequests())
        }
        return players + answerers + parrots
    }

    private func strategy(_ name: String) throws -> GameStrategy {
        try #require(game.strategy(named: name, skill: 0.5))
    }

    private func gameRequests() -> [PolicyRequest] {
        OpeningSource(game: game).prompts(.training, count: 60, seed: Seed(run: 11)).enumerated().map { index, prompt in
            request(prompt.text, index)
        }
    }

    private func taskRequests() -> [PolicyRequest] {
        TaskSource(task: task).prompts(.training, count: 60, seed: Seed(run: 12)).enumerated().map { index, prompt in
            request(prompt.text, index)
        }
    }

    private func request(_ prompt: String, _ index: Int, turns: [Turn] = []) -> PolicyRequest {
        PolicyRequest(
            prompt: prompt, turns: turns, maxNewTokens: 8,
            seed: Seed(run: 13).child(.room, index))
    }

    @Test("scripted policies obey the laws of policies")
    func laws() async throws {
        for (policy, requests) in try policies() {
            #expect(try await PolicyLaws.violations(of: policy, requests: requests).isEmpty)
        }
    }

    @Test("scripted policies have text and no tokens")
    func noTokens() async throws {
        for (policy, requests) in try policies() {
            for response in try await policy.respond(to: requests) {
                #expect(!response.text.isEmpty && response.finish == .stop)
                #expect(response.tokens.isEmpty && response.context.isEmpty && response.logProbs.isEmpty)
            }
        }
    }

    @Test("players answer legal moves only, read from prompt and turns together")
    func playersAreLegal() async throws {
        let turns: [Turn] = [.own(tokens: [3], text: "5"), .other(text: "1")]
        for name in game.strategyNames {
            let player = ScriptedPlayer(id: PolicyID(agent: name, version: 0), strategy: try strategy(name))
            var moves: Set<String> = []
            for index in 0..<200 {
                moves.insert(try await player.respond(to: [request("28", index, turns: turns)])[0].text)
            }
            let legal = try #require(game.legalMoves(inView: "2851"))
            switch name {
            case "perfect": #expect(moves == ["4", "6", "7", "9"])
            case "first_legal": #expect(moves == [legal[0]])
            default: #expect(moves == Set(legal))
            }
        }
    }

    @Test("where there is no move to make and no gold to know, the answer is empty")
    func hopelessRequests() async throws {
        let player = ScriptedPlayer(id: PolicyID(agent: "a", version: 0), strategy: try strategy("perfect"))
        let texts = try await player.respond(to: [request("14253", 0), request("11", 1), request("ship", 2)])
        #expect(texts.map(\.text) == ["", "", ""])
        let answerer = ScriptedAnswerer(id: PolicyID(agent: "b", version: 0), strategy: .perfect) { _ in nil }
        #expect(try await answerer.respond(to: [request("1=", 0)])[0].text.isEmpty)
    }

    @Test("a parrot says its answers in turn, or what it was shown last")
    func parrots() async throws {
        let id = PolicyID(agent: "p", version: 0)
        let fixed = ParrotPolicy(id: id, answer: .fixed(["C", "D"]))
        let echo = ParrotPolicy(id: id, answer: .echo)
        let turns: [Turn] = [.own(tokens: [], text: "C"), .other(text: "D"), .own(tokens: [], text: "D"), .other(text: "C")]
        for (count, expected) in [(0, ["C", "12="]), (2, ["D", "D"]), (4, ["C", "C"])] {
            let asked = request("12=", 0, turns: Array(turns.prefix(count)))
            #expect(try await [fixed.respond(to: [asked])[0].text, echo.respond(to: [asked])[0].text] == expected)
        }
    }

    @Test("an answerer is right as often as its skill, and otherwise has the right characters")
    func answererSkill() async throws {
        let requests = (0..<1000).map { request("918273=", $0) }
        let gold = try #require(task.goldAnswer(to: "918273="))
        let rates: [(ScriptedAnswerer.Strategy, ClosedRange<Double>)] = [
            (.perfect, 1...1), (.random, 0...0.02), (.noisyExpert(skill: 0.7), 0.64...0.76),
            (.noisyExpert(skill: 0), 0...0.02), (.noisyExpert(skill: 1), 1...1),
        ]
        for (strategy, range) in rates {
            let task = task
            let answerer = ScriptedAnswerer(id: PolicyID(agent: "c", version: 0), strategy: strategy) {
                task.goldAnswer(to: $0)
            }
            let answers = try await answerer.respond(to: requests).map(\.text)
            #expect(range.contains(Double(answers.count { $0 == gold }) / 1000), "\(strategy)")
            #expect(answers.allSatisfy { $0.sorted() == gold.sorted() })
        }
    }

    @Test("a strategy that is unknown or lacks its skill is no strategy")
    func strategyNames() {
        #expect(game.strategy(named: "brilliant") == nil)
        #expect(game.strategy(named: "noisy_expert") == nil)
        #expect(game.strategy(named: "noisy_expert", skill: 1.1) == nil)
        #expect(game.strategy(named: "noisy_expert", skill: .nan) == nil)
        #expect(game.strategy(named: "perfect", skill: 7)?.name == "perfect")
        #expect(ScriptedAnswerer.Strategy(named: "first_legal") == nil)
        #expect(ScriptedAnswerer.Strategy(named: "noisy_expert", skill: -0.1) == nil)
    }
}
