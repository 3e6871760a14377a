import AgonCore
import AgonGames
import AgonLaws
import Testing

/// What every prompt source must obey.
@Suite struct PromptSourceLawTests {
    private func sources() throws -> [(name: String, source: any PromptSource)] {
        let games = try Games.names.map { name -> (String, any PromptSource) in
            (name, OpeningSource(game: try #require(Games.named(name))))
        }
        let tasks = try PromptTasks.names.map { name -> (String, any PromptSource) in
            (name, TaskSource(task: try #require(PromptTasks.named(name))))
        }
        return games + tasks
    }

    @Test("built-in sources obey the laws of prompt sources, and their ids say where a prompt is from")
    func laws() throws {
        for (name, source) in try sources() {
            let game = Games.named(name)
            let sizes = (source as? OpeningSource).map { openings in PromptSide.allCases.map(openings.count) } ?? []
            let violations = PromptSourceLaws.violations(of: source, count: min(60, sizes.min() ?? 60)) { text in
                game.map { OpeningSource.side(of: text, in: $0) } ?? PromptSide(of: text)
            }
            #expect(violations.isEmpty)
            let prompts = PromptSide.allCases.flatMap { source.prompts($0, count: 9, seed: Seed(run: 1)) }
            #expect(prompts.allSatisfy { $0.id == "\(name):\($0.text)" })
        }
    }

    @Test("the openings are all there, once each before any comes twice")
    func openingsCycle() {
        let source = OpeningSource(game: TicTacToe())
        let count = source.count(of: .heldOut)
        #expect(PromptSide.allCases.reduce(0) { $0 + source.count(of: $1) } == 586)
        #expect((80...160).contains(count) && (60...130).contains(source.count(of: .gate)))
        let prompts = source.prompts(.heldOut, count: 2 * count + 5, seed: Seed(run: 8)).map(\.text)
        let first = prompts.prefix(count)
        let second = prompts.dropFirst(count).prefix(count)
        #expect(Set(first).count == count)
        #expect(Set(second) == Set(first))
        #expect(Array(second) != Array(first))
        #expect(prompts.count == 2 * count + 5)
    }

    @Test("no board of one side is reached by an opening of another")
    func boardsStayApart() {
        let source = OpeningSource(game: TicTacToe())
        var sideOfBoard: [String: PromptSide] = [:]
        for side in PromptSide.allCases {
            for prompt in source.prompts(side, count: source.count(of: side), seed: Seed(run: 3)) {
                let board = TicTacToe().position(after: prompt.text)?.key ?? ""
                #expect(sideOfBoard.updateValue(side, forKey: board) ?? side == side)
            }
        }
        #expect(sideOfBoard.count == 1 + 9 + 72 + 252)
    }

    @Test("a task that runs out of prompts comes round again")
    func tasksCycle() {
        let source = TaskSource(task: SortDigits(lengths: 1...1))
        let sides = PromptSide.allCases.map { source.prompts($0, count: 40, seed: Seed(run: 9)) }
        #expect(sides[0].count == 40)
        #expect(Set(sides.joined().map(\.text)).count == 10)
        #expect(TaskSource(task: SortDigits(lengths: 1...1), oneIn: 1).prompts(.training, count: 3, seed: Seed(run: 9)).isEmpty)
    }
}
