import AgonCore
import AgonGames
import Testing

/// What every prompt source must obey.
@Suite struct PromptSourceTests {
    private func sources() throws -> [(name: String, source: any PromptSource)] {
        let games = try Games.names.map { name -> (String, any PromptSource) in
            (name, OpeningSource(game: try #require(Games.named(name))))
        }
        let tasks = try PromptTasks.names.map { name -> (String, any PromptSource) in
            (name, TaskSource(task: try #require(PromptTasks.named(name))))
        }
        return games + tasks
    }

    @Test("both sides are distinct, disjoint, and as many as were asked for")
    func sidesAreDisjoint() throws {
        for (name, source) in try sources() {
            let training = source.training(count: 90, seed: Seed(run: 4))
            let heldOut = source.heldOut(count: 90, seed: Seed(run: 5))
            #expect(training.count == 90 && heldOut.count == 90)
            #expect(Set(training.map(\.text)).count == 90, "\(name)")
            #expect(Set(heldOut.map(\.text)).count == 90, "\(name)")
            #expect(training.allSatisfy { !HeldOutSplit.contains($0.text) })
            #expect(heldOut.allSatisfy { HeldOutSplit.contains($0.text) })
            #expect((training + heldOut).allSatisfy { $0.id == "\(name):\($0.text)" })
        }
    }

    @Test("the same seed gives the same prompts, another seed others")
    func seeded() throws {
        for (_, source) in try sources() {
            let first = source.training(count: 50, seed: Seed(run: 6))
            #expect(first == source.training(count: 50, seed: Seed(run: 6)))
            #expect(first != source.training(count: 50, seed: Seed(run: 7)))
            #expect(first.prefix(20) == source.training(count: 20, seed: Seed(run: 6))[...])
            #expect(source.heldOut(count: 0, seed: Seed(run: 6)).isEmpty)
        }
    }

    @Test("the openings are all there, once each before any comes twice")
    func openingsCycle() {
        let source = OpeningSource(game: TicTacToe())
        #expect(source.trainingCount + source.heldOutCount == 586)
        #expect((80...160).contains(source.heldOutCount))
        let prompts = source.heldOut(count: 2 * source.heldOutCount + 5, seed: Seed(run: 8)).map(\.text)
        let first = prompts.prefix(source.heldOutCount)
        let second = prompts.dropFirst(source.heldOutCount).prefix(source.heldOutCount)
        #expect(Set(first).count == source.heldOutCount)
        #expect(Set(second) == Set(first))
        #expect(Array(second) != Array(first))
        #expect(prompts.count == 2 * source.heldOutCount + 5)
    }

    @Test("a task that runs out of prompts comes round again")
    func tasksCycle() {
        let source = TaskSource(task: SortDigits(lengths: 1...1))
        let training = source.training(count: 40, seed: Seed(run: 9))
        let heldOut = source.heldOut(count: 40, seed: Seed(run: 9))
        #expect(training.count == 40)
        #expect(Set(training.map(\.text)).union(heldOut.map(\.text)).count == 10)
        #expect(TaskSource(task: SortDigits(lengths: 1...1), oneIn: 1).training(count: 3, seed: Seed(run: 9)).isEmpty)
    }
}
