import AgonCore
@testable import AgonGames
import Testing

@Suite struct PromptPoolTests {
    private let prompts = (0..<4).map { Prompt(id: "\($0)", text: "\($0)") }

    @Test("without replacement each comes once before any comes twice, with weights too")
    func withoutReplacement() {
        for weights in [[], [1, 2, 3, 10.0]] {
            let pool = PromptPool(prompts: prompts, weights: weights)
            let drawn = pool.drawn(count: 10, seed: Seed(run: 1)).map(\.id)
            #expect(Set(drawn.prefix(4)).count == 4 && Set(drawn[4..<8]).count == 4 && drawn.count == 10)
            #expect(pool.drawn(count: 3, seed: Seed(run: 1)).map(\.id) == Array(drawn.prefix(3)))
        }
        let pool = PromptPool(prompts: prompts, weights: [1, 1, 1, 7])
        let firsts = (0..<2000).map { pool.drawn(count: 1, seed: Seed(run: 2).child(.round, $0))[0].id }
        #expect(abs(firsts.count { $0 == "3" } - 1400) < 85)
    }

    @Test("with replacement each draw is of all, in proportion to the weights")
    func withReplacement() {
        for (weights, expected) in [([], [1000, 1000, 1000, 1000]), ([1, 2, 5, 8.0], [250, 500, 1250, 2000])] {
            let drawn = PromptPool(prompts: prompts, weights: weights).drawn(count: 4000, seed: Seed(run: 3), drawing: .withReplacement)
            for (index, count) in expected.enumerated() {
                #expect(abs(drawn.count { $0.id == "\(index)" } - count) < 130)
            }
        }
        #expect(PromptPool(prompts: []).drawn(count: 3, seed: Seed(run: 3), drawing: .withReplacement).isEmpty)
    }

    @Test("equal weights are no weights")
    func equalWeights() {
        let plain = PromptPool(prompts: prompts).drawn(count: 9, seed: Seed(run: 4))
        #expect(PromptPool(prompts: prompts, weights: [3, 3, 3, 3]).drawn(count: 9, seed: Seed(run: 4)) == plain)
    }

    @Test("an urn draws what is left and nothing else", arguments: [1, 2, 3, 7, 8, 100])
    func urn(count: Int) {
        var urn = WeightedUrn((0..<count).map { 0.1 + Double($0 % 5) })
        var generator = SeededGenerator(Seed(run: 5))
        let drawn = (0..<count).map { _ in
            let place = urn.draw(using: &generator)
            urn.remove(place)
            return place
        }
        #expect(drawn.sorted() == Array(0..<count))
    }

    @Test("tables are read as RFC 4180 has them")
    func tables() throws {
        let text = "\u{FEFF}prompt,answer\r\n\"a, \"\"b\"\"\nc\",1\r\n\r\nplain é,\r\n,\"\""
        let table = try CSVTable(text)
        #expect(table.columns == ["prompt", "answer"])
        #expect(table.rows.map(\.fields) == [["a, \"b\"\nc", "1"], ["plain é", ""], ["", ""]])
        #expect(table.rows.map(\.line) == [2, 5, 6])
        #expect(table.field("answer", of: table.rows[0]) == "1" && table.field("tags", of: table.rows[0]) == nil)
        #expect(try CSVTable("a\n1").rows.count == 1)
    }

    @Test("a table that is none says which line is wrong", arguments: [
        ("", 1), ("a,b\n1\n", 2), ("a,b\n1,2\n1,2,3", 3), ("a,a\n", 1), ("a,\n", 1), ("a\n\"1\n2\n", 2), ("a\n\"1\"2\n", 2),
        ("a\n\n\n\"1\n2\"x", 5),
    ])
    func brokenTables(text: String, line: Int) {
        let fault = #expect(throws: CSVTable.Fault.self) { try CSVTable(text) }
        #expect(fault?.line == line && fault?.reason.hasSuffix(".") == true)
    }
}
