import AgonCore
import AgonGames
import Foundation
import Testing

/// Values and exploitabilities of the two pokers against OpenSpiel's.
@Suite struct PokerTests {
    private func profile(_ name: String, of game: any Game, _ tree: GameTree) throws -> BehaviourProfile {
        guard name == "weights" else { return BehaviourProfile(of: tree, try #require(game.strategy(named: name))) }
        return BehaviourProfile(of: tree) { set in
            let sum = set.view.utf8.reduce(0) { $0 + Int($1) }
            return set.moves.indices.map { Double(1 + (7 * sum + 5 * $0) % 11) }
        }
    }

    @Test("values and exploitabilities are OpenSpiel's")
    func golden() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/poker.tsv")
        let rows = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst().map { $0.split(separator: "\t") }
        #expect(rows.count == 8)
        for row in rows where !row[1].hasPrefix("cfr") {
            let game = try #require(Games.named(String(row[0])))
            let tree = try #require(GameTree(game))
            let profile = try profile(String(row[1]), of: game, tree)
            let expected = row.dropFirst(2).compactMap { Double($0) }
            #expect(abs(tree.value(of: profile) - expected[0]) < 1e-12, "\(row)")
            #expect(abs(tree.exploitability(of: profile) - expected[1]) < 1e-12, "\(row)")
        }
    }

    @Test("Kuhn's equilibrium is worth −1/18 and cannot be exploited; anything else can")
    func kuhn() throws {
        let game = KuhnPoker()
        let tree = try #require(GameTree(game))
        #expect(tree.informationSets.count == 12)
        var profile = BehaviourProfile(of: tree, game.strategies[0])
        #expect(abs(tree.value(of: profile) + 1.0 / 18) < 1e-15)
        #expect(abs(tree.exploitability(of: profile)) < 1e-15)
        #expect(abs(tree.bestResponse(to: profile, by: 0) + 1.0 / 18) < 1e-15)
        let bluff = try #require(tree.informationSets.firstIndex { $0.view == "Jp" })
        profile.weights[bluff] = [0, 1]
        #expect(tree.exploitability(of: profile) > 0.01)
    }

    @Test("counterfactual regret minimisation finds Kuhn's value and comes near Leduc's")
    func regretMinimisation() throws {
        let kuhn = try #require(GameTree(KuhnPoker()))
        let solved = CounterfactualRegret.profile(of: kuhn, iterationCount: 2000)
        #expect(abs(kuhn.value(of: solved) + 1.0 / 18) < 1e-4 && kuhn.exploitability(of: solved) < 2e-4)
        let leduc = try #require(GameTree(LeducPoker()))
        #expect(leduc.informationSets.count == 288)
        let near = BehaviourProfile(of: leduc, LeducPoker().strategies[0])
        #expect(abs(leduc.value(of: near) + 0.085606) < 0.0003)
        #expect(leduc.exploitability(of: near) < 0.002)
        #expect(leduc.exploitability(of: near) > 0)
    }

    @Test("sealed moves are one decision for who does not see them")
    func matchingPennies() throws {
        let tree = try #require(GameTree(Pennies()))
        #expect(tree.informationSets.count == 2)
        let even = BehaviourProfile(of: tree) { _ in [1, 1] }
        #expect(tree.value(of: even) == 0 && tree.exploitability(of: even) == 0)
        // Against heads three times in four, half a penny is won by always answering it.
        let uneven = BehaviourProfile(of: tree) { _ in [3, 1] }
        #expect(tree.value(of: uneven) == 0.25 && tree.exploitability(of: uneven) == 0.5)
        let solved = CounterfactualRegret.profile(of: tree, iterationCount: 200)
        #expect(tree.exploitability(of: solved) < 0.01)
    }

    @Test("no tree is grown of a game that is too large, not zero-sum, or not for two")
    func noTree() {
        #expect(GameTree(BidTicTacToe(), nodeLimit: 10_000) == nil)
        #expect(GameTree(PrisonersDilemma()) == nil)
        #expect(GameTree(LiarsDice()) == nil)
    }

    @Test("a row without weight counts as even, and rows sum to one")
    func profiles() throws {
        let tree = try #require(GameTree(KuhnPoker()))
        let profile = BehaviourProfile(of: tree) { $0.view == "J" ? [0, 0] : [3, 1] }
        for (set, row) in zip(tree.informationSets, profile.weights) { #expect(row == (set.view == "J" ? [0.5, 0.5] : [0.75, 0.25])) }
    }
}

/// Both show a side of a coin at once; seat 0 wins where they are alike.
private struct Pennies: Game {
    let name = "pennies"
    let rules = "Both show H or T at once; the first wins where they are alike."
    let seatCount = 2
    let moveTokenLimit = 1
    let stepLimit = 1
    let alphabet = "HT"
    let payoffRange = -1.0...1.0
    let isZeroSum = true
    let openings = ["x"]
    let strategies: [GameStrategy] = []

    func position(after text: String) -> (any GamePosition)? { text == "x" ? Position() : nil }
    func legalMoves(inView view: String) -> [String]? { view.isEmpty ? ["H", "T"] : nil }

    struct Position: GamePosition {
        var shown: [String] = []
        var seatsToMove: [Int] { shown.isEmpty ? [0, 1] : [] }
        var key: String { shown.joined() }
        let moveLength = 1
        func view(of seat: Int) -> String { shown.joined() }
        func legalMoves(of seat: Int) -> [String] { shown.isEmpty ? ["H", "T"] : [] }
        var payoffs: [Double]? { shown.isEmpty ? nil : shown[0] == shown[1] ? [1, -1] : [-1, 1] }
        func playing(_ moves: [String]) -> (any GamePosition)? { moves.count == 2 ? Position(shown: moves) : nil }
    }
}
