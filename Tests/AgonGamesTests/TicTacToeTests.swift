import AgonCore
@testable import AgonGames
import Foundation
import Testing

@Suite struct TicTacToeTests {
    private let game = TicTacToe()

    @Test("its games and positions are as many as the literature says")
    func counts() {
        // 255 168 games: 131 184 won by X, 77 904 by O, 46 080 drawn; 5 478 positions.
        var known: [TicTacToePosition: [Int]] = [:]
        func games(from position: TicTacToePosition) -> [Int] {
            if let counted = known[position] { return counted }
            var counts = [0, 0, 0]
            if let payoffs = position.payoffs {
                counts[payoffs[0] == 1 ? 0 : payoffs[1] == 1 ? 1 : 2] = 1
            } else {
                for square in position.freeSquares {
                    counts = zip(counts, games(from: position.playing(square: square))).map { $0 + $1 }
                }
            }
            known[position] = counts
            return counts
        }
        #expect(games(from: TicTacToePosition()) == [131_184, 77_904, 46_080])
        #expect(known.count == 5_478)
    }

    @Test("the golden playthroughs of an independent solver are reproduced")
    func goldenPlaythroughs() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/playthroughs.tsv")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst()
        #expect(lines.count == 365)
        for line in lines {
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            try #require(columns.count == 5)
            let position = try #require(game.board(after: columns[0]))
            #expect(position.seatToMove.map(String.init) ?? "-" == columns[1], "\(line)")
            #expect(written(position.legalMoves) == columns[2], "\(line)")
            #expect(written(position.bestMoves()) == columns[3], "\(line)")
            let scores = columns[4] == "-" ? nil : columns[4].split(separator: " ").compactMap { Double($0) }
            #expect(game.scores(opening: "", transcript: columns[0]) == scores, "\(line)")
        }
    }

    private func written(_ moves: [String]) -> String { moves.isEmpty ? "-" : moves.joined() }

    @Test("a transcript that goes on after the end, repeats a square or holds another character is refused")
    func illegalTranscripts() {
        for text in ["14253" + "6", "11", "5a", "0", "1 2", "123456789" + "1", "５"] {
            #expect(game.position(after: text) == nil, "\(text)")
            #expect(game.scores(opening: "", transcript: text) == nil, "\(text)")
        }
    }

    @Test("the referee scores an opening and what was played since, and nothing that is unfinished")
    func referee() {
        #expect(game.scores(opening: "14", transcript: "253") == [1, 0])
        #expect(game.scores(opening: "", transcript: "14253") == [1, 0])
        #expect(game.scores(opening: "9", transcript: "14253") == [0, 1])
        #expect(game.scores(opening: "123456789", transcript: "") == nil)
        #expect(game.scores(opening: "987", transcript: "524136") == [0.5, 0.5])
        #expect(game.scores(opening: "14", transcript: "25") == nil)
        #expect(game.scores(opening: "", transcript: "") == nil)
    }

    @Test("perfect play wins at once where it can and blocks where it must")
    func tactics() throws {
        #expect(try #require(game.board(after: "1425")).bestMoves() == ["3"])
        #expect(try #require(game.board(after: "152")).bestMoves() == ["3"])
        #expect(try #require(game.board(after: "")).bestMoves().count == 9)
    }

    @Test("it has 586 openings: the empty board and all sequences of one to three moves")
    func openings() {
        let counts = Dictionary(grouping: game.openings, by: \.count).mapValues(\.count)
        #expect(counts == [0: 1, 1: 9, 2: 72, 3: 504])
    }
}
