import AgonTournament
import ArgumentParser
import Foundation

struct PlayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "play", abstract: "Play an arena's game against one of its agents, or answer its prompts beside it.",
        discussion: """
            A learner plays with its newest version of the arena's run, or with the one that is named. Nothing is stored. \
            An empty line shows the question again; Ctrl-D ends.

            Example: agon play tic-tac-toe --against xena@v3 --seat 2
            """)

    @Argument(help: "The arena: its file or its name.")
    var arena: String
    @Option(help: ArgumentHelp("Who plays: an agent's name, or NAME@vN.", valueName: "agent"))
    var against: String
    @Option(parsing: .unconditional, help: ArgumentHelp("Your seat, from 1.", valueName: "number"))
    var seat = 1
    @Option(parsing: .unconditional, help: ArgumentHelp("How many games or prompts; you change seats after each.", valueName: "count"))
    var games = 1
    @OptionGroup var database: DatabaseOption
    @Option(parsing: .unconditional, help: "Decides openings and the agent's draws.", transform: seed(_:))
    var seed: UInt64?
    @OptionGroup var threads: ThreadsOption

    func validate() throws {
        guard games >= 1 else { throw ValidationError("--games is \(games), it must be 1 or more.") }
        guard seat >= 1 else { throw ValidationError("--seat is \(seat), it must be 1 or more.") }
    }

    func run() async throws {
        let arena = try Arena(file: Catalog().path(of: arena, among: [.arena]))
        let session = try PlaySession(arena: arena, against: against, database: database.path, seed: seed, threads: threads.count)
        guard seat <= session.seatCount else {
            throw ValidationError("--seat is \(seat), but there are \(session.seatCount) seats.")
        }
        if let rules = session.rules { Terminal.write(rules + "\n") }
        Terminal.write("You play against \(DisplayText.visible(session.opponentName)).")
        for number in 0..<games {
            let own = (seat - 1 + number) % session.seatCount
            if session.rules != nil { Terminal.write("\nGame \(number + 1): you have seat \(own + 1).") }
            let outcome = try await session.play(number: number, seat: own, ask: { Self.asked($0) })
            Self.show(outcome, own: own)
        }
    }

    private static func asked(_ question: PlayQuestion) -> String? {
        var isShown = false
        while true {
            if !isShown {
                if let refused = question.refused {
                    Terminal.write("`\(DisplayText.visible(refused))` is no move here.")
                } else {
                    Terminal.write("\n" + DisplayText.visible(question.picture ?? question.view, keepsLines: true))
                }
                isShown = true
            }
            let moves = question.moves
            Terminal.raw(moves.isEmpty ? "Your answer: " : "Your move (\(moves.prefix(40).joined(separator: " "))\(moves.count > 40 ? " …" : "")): ")
            guard let line = readLine() else {
                Terminal.write("")
                return nil
            }
            let said = line.trimmingCharacters(in: .whitespaces)
            if !said.isEmpty { return said }
            isShown = false
        }
    }

    private static func show(_ outcome: PlaySession.Outcome, own: Int) {
        if outcome.transcript.isEmpty {
            for (seat, answer) in outcome.answers.enumerated() {
                let right = outcome.points[seat].map { $0 == 1 ? ", right" : ", wrong" } ?? ""
                Terminal.write("\(seat == own ? "You" : "The agent"): \(DisplayText.visible(answer))\(right)")
            }
            if let gold = outcome.gold { Terminal.write("Gold: \(DisplayText.visible(gold))") }
            return
        }
        Terminal.write("\nPlayed: \(DisplayText.visible(outcome.transcript))")
        if let loser = outcome.forfeits.firstIndex(where: { $0 != nil }) {
            return Terminal.write(loser == own ? "You forfeit." : "The agent made an illegal move and forfeits: you win.")
        }
        let others = outcome.points.enumerated().filter { $0.offset != own }.compactMap(\.element)
        guard let points = outcome.points[own], let best = others.max(), let worst = others.min() else { return }
        Terminal.write(points > best ? "You win." : points < worst ? "You lose." : points == best && points == worst ? "A draw." : "You come between the others.")
    }
}
