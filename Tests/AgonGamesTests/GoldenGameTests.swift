import AgonCore
import AgonGames
import Foundation
import Testing

/// The built-in games against rules that were written a second time, in Python.
@Suite struct GoldenGameTests {
    @Test("positions, views, legal moves, payoffs and the experts' moves are those of independent rules")
    func playthroughs() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/games.tsv")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst()
        var counts: [String: Int] = [:]
        for line in lines {
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            try #require(columns.count == 8)
            let game = try #require(Games.named(columns[0]))
            counts[columns[0], default: 0] += 1
            let position = try #require(game.position(after: columns[1] + columns[2]), "\(line)")
            let seats = position.seatsToMove
            #expect(written(seats.map(String.init)) == columns[3], "\(line)")
            let views = (0..<game.seatCount).map { position.view(of: $0) }
            #expect(views.joined(separator: "|") == columns[4], "\(line)")
            let legal = seats.map { position.legalMoves(of: $0).joined(separator: ",") }.joined(separator: "|")
            #expect((legal.isEmpty ? "-" : legal) == columns[5], "\(line)")
            if columns[6] != "-" {
                let expected = columns[6].split(separator: "|").map { $0.split(separator: ",").compactMap { Double($0) } }
                for (seat, weights) in zip(seats, expected) {
                    let chances = try #require(game.strategies[0].chances(inView: views[seat]))
                    #expect(zip(chances.weights, weights).allSatisfy { abs($0 - $1) < 1e-12 }, "\(line)")
                    #expect(chances.weights.count == weights.count)
                }
            }
            let payoffs = columns[7] == "-" ? nil : columns[7].split(separator: ",").compactMap { Double($0) }
            #expect(position.payoffs == payoffs, "\(line)")
        }
        #expect(Set(counts.keys) == Set(Games.names).subtracting(["tic-tac-toe"]))
        #expect(counts.values.allSatisfy { $0 >= 40 })
    }

    private func written(_ parts: [String]) -> String { parts.isEmpty ? "-" : parts.joined(separator: ",") }
}
