import AgonCore
import Foundation
import Testing

@testable import AgonRatings

struct BattleReaderTests {
    private func table(_ text: String, _ options: BattleReader.Options = .init()) async throws -> BattleTable {
        try await BattleReader(options: options).table(Data(text.utf8)).content
    }

    /// One battle of each outcome between a and b, in the order of names.
    private func counts(_ table: BattleTable) -> [[Double]] { table.pairs.map { [$0.wins, $0.ties, $0.losses] } }

    @Test(arguments: [
        "model_a,model_b,winner\na,b,model_a\nb,a,model_a\na,b,tie\na,b,tie (bothbad)\n",
        "model_a,model_b,winner\r\na,b,model_a\r\nb,a,model_a\r\na,b,tie\r\na,b,tie (bothbad)",
        "\u{FEFF}id;winner;Player A;Player B\n1;a;a;b\n2;A;b;a\n3;draw;a;b\n\n4;0.5;a;b\n",
        "a\tb\ta\nb\ta\tb\na\tb\ttie\na\tb\tdraw\n",
        "white,black,result\na,b,1-0\nb,a,1-0\na,b,1/2-1/2\na,b,1/2\n",
        "\"model_a\",\"model_b\",\"winner\"\n\"a\",b,a\nb,\"a\",b\n a , b ,\"tie\"\na,b,tie\n",
        "{\"model_a\": \"a\", \"model_b\": \"b\", \"winner\": \"model_a\", \"x\": [1, {\"y\": \"}\"}]}\n"
            + "{\"winner\": \"b\", \"model_a\": \"b\", \"model_b\": \"\\u0061\"}\n{\"model_a\":\"a\",\"model_b\":\"b\",\"winner\":\"tie\"}\n\n"
            + "{\"model_a\":\"a\",\"model_b\":\"b\",\"winner\":\"bothbad\"}",
        "[Event \"x\"]\n[White \"a\"]\n[Black \"b\"]\n[Result \"1-0\"]\n\n1. e4 {[White \"no\"]\n[Result \"0-1\"] } 1-0\n\n"
            + "[White \"b\"]\n[Black \"a\"]\n[Result \"1-0\"]\n\n1-0\n\n[White \"a\"]\n[Black \"b\"]\n[Result \"1/2-1/2\"]\n*\n"
            + "[White \"a\"]\n[Black \"b\"]\n[Result \"*\"]\n\n*\n[White \"b\"]\n[Black \"a\"]\n[Result \"1/2-1/2\"]",
    ])
    func `reads every dialect of the same four battles`(text: String) async throws {
        let table = try await table(text)
        #expect(table.names == ["a", "b"])
        #expect(counts(table) == [[1, 2, 1]])
        #expect(table.roomCount == 0)
    }

    @Test func `rooms, weights, prompts and covariates are kept`() async throws {
        let rooms = try await table("room,players,ranks\n1,a b c,1 2 2\n2,c|a,1|1\n")
        #expect(rooms.battleCount == 4 && rooms.roomCount == 1 && rooms.names == ["a", "b", "c"])
        let json = try await table("{\"players\": [\"a\", \"b x\", \"c\"], \"ranks\": [1, 2, 2]}\n")
        #expect(json.names == ["a", "b x", "c"] && json.battleCount == 3)
        let prompts = "question_id,model_a,model_b,winner,weight\nq1,a,b,a,1\nq1,b,c,tie,2\nq2,a,c,b,1\n"
        let table = try await table(prompts)
        #expect(table.roomCount == 1 && table.roomBattles.map(\.weight) == [1, 2])
        #expect(try await self.table(prompts, .init(clustersByRoom: false)).roomCount == 1, "a weighted battle is by itself")
        let log = try await BattleReader(options: .init(covariates: ["length", "seat"])).log(
            Data("a,b,winner,length_a,length_b,seat\nx,y,a,10,4,1\ny,x,tie,2.5,3,1\n".utf8)).content
        #expect(log.covariates == [6, 1, -0.5, 1] && log.names == ["x", "y"])
        let style = try await BattleReader(options: .init(covariates: ["len_diff", "md_diff"])).log(
            Data(Fixtures.text("style_1500x10.csv").utf8)).content
        #expect(style == Self.renamed(try ContextualFitTests.log()))
    }

    private static func renamed(_ log: BattleLog) -> BattleLog {
        var renamed = BattleLog(covariateNames: ["len_diff", "md_diff"])
        renamed.add(BattleLog(covariateNames: ["len_diff", "md_diff"]))
        for game in 0..<log.roomCount {
            renamed.add(
                first: renamed.player(log.names[Int(log.seats[2 * game])]),
                second: renamed.player(log.names[Int(log.seats[2 * game + 1])]),
                outcome: BattleOutcome(Int32(log.ranks[2 * game]), Int32(log.ranks[2 * game + 1])),
                covariates: Array(log.covariates[(2 * game)..<(2 * game + 2)]))
        }
        return renamed
    }

    @Test func `what is left out is counted`() async throws {
        let data = Data("model_a,model_b,winner\na,a,tie\na,b,tie (bothbad)\na,b,model_b\na,b,b\n".utf8)
        let reading = try await BattleReader(options: .init(skipsBothBad: true)).table(data)
        #expect(reading.rowCount == 2 && reading.selfPlayCount == 1 && reading.bothBadCount == 1)
        #expect(counts(reading.content) == [[0, 0, 2]])
        let pgn = Data("[White \"a\"]\n[Black \"b\"]\n[Result \"*\"]\n\n*\n".utf8)
        #expect(try await BattleReader().table(pgn).unfinishedCount == 1)
        #expect(try await BattleReader().table(Data()).content.names.isEmpty)
        #expect(try await BattleReader().table(Data("model_a,model_b,winner\n".utf8)).rowCount == 0)
    }

    @Test(arguments: [
        ("model_a,model_b,winner\na,b,model_a\na,b,c\n", "Line 3: the winner c"),
        ("model_a,model_b,winner\na,b,model_a\na,b\n", "Line 3: a battle without"),
        ("model_a,model_b,winner\n\"a,b,model_a\n", "Line 2: a quotation mark"),
        ("x,y,z,w\n1,2,3,4\n", "Line 1: no battles in the columns x, y, z, w"),
        ("players,ranks\na b,1 2 3\n", "Line 2: 2 players with 3 ranks"),
        ("players,ranks\na b,1 x\n", "Line 2: a rank is no whole number"),
        ("model_a,model_b,winner,weight\na,b,a,-1\n", "Line 2: the weight -1"),
        ("{\"model_a\": \"a\", \"model_b\": \"b\", \"winner\": \"a\"}\n{\"model_a\": \n", "Line 2: this is no JSON"),
        ("[White \"a\"]\n[Result \"1-0\"]\n\n1-0\n", "Line 1: a game without"),
    ])
    func `mistakes are told with their line`(text: String, message: String) async throws {
        do {
            _ = try await table(text)
            Issue.record("\(text) was read")
        } catch let error as RatingError {
            #expect(error.code == .invalidLog && error.message.hasPrefix(message), "\(error.message)")
        }
        await #expect(throws: RatingError.self) {
            try await BattleReader(options: .init(covariates: ["x"])).log(Data("model_a,model_b,winner\n".utf8))
        }
    }

    @Test func `pieces read side by side give the same table and the same first error`() async throws {
        var text = "model_a,model_b,winner,room\n"
        var generator = SeededGenerator(Seed(run: 4))
        for _ in 0..<2000 {
            let winner = ["model_a", "model_b", "tie"][generator.index(below: 3)]
            text += "player \(generator.index(below: 30)),player \(30 + generator.index(below: 9)),\(winner),"
            text += "\(generator.index(below: 900))\n"
        }
        let whole = try await BattleReader().table(Data(text.utf8))
        var reader = BattleReader()
        reader.leastPiece = 1
        let pieces = try await reader.table(Data(text.utf8))
        #expect(pieces.content == whole.content && pieces.rowCount == 2000)
        #expect(pieces.content.roomCount > 300)
        let first = try await BattleReader().log(Data(text.utf8)).content
        #expect(try await reader.log(Data(text.utf8)).content == first)
        let broken = Data((text + "x,y,z,1\n" + text).utf8)
        do {
            _ = try await reader.table(broken)
            Issue.record("the row was read")
        } catch {
            #expect(error.message.hasPrefix("Line 2002: "), "\(error.message)")
        }
    }

    @Test func `broken bytes are refused or read, and never crash`() async throws {
        let seeds = [
            "model_a,model_b,winner\n\"a\",b,model_a\na,b,tie\n", "room,players,ranks\n1,a b c,1 2 2\n",
            "{\"model_a\": \"a\\n\", \"model_b\": \"b\", \"winner\": \"a\", \"x\": [[{}]]}\n",
            "[White \"a\"]\n[Black \"b\"]\n[Result \"1-0\"]\n\n1. e4 {x} 1-0\n",
        ].map { Array($0.utf8) }
        var generator = SeededGenerator(Seed(run: 99))
        var readCount = 0
        for _ in 0..<3000 {
            var bytes = seeds[generator.index(below: seeds.count)]
            for _ in 0...generator.index(below: 4) {
                switch generator.index(below: 3) {
                case 0: bytes[generator.index(below: bytes.count)] = UInt8(generator.index(below: 256))
                case 1: bytes.removeLast(min(bytes.count - 1, generator.index(below: 20)))
                default: bytes.insert(UInt8(generator.index(below: 256)), at: generator.index(below: bytes.count))
                }
            }
            do {
                _ = try await BattleReader().table(Data(bytes))
                readCount += 1
            } catch {
                #expect(error.message.hasPrefix("Line "), "\(error.message)")
            }
        }
        #expect(readCount > 100 && readCount < 2900)
    }
}
