import AgonTournament
import Foundation

/// Plays an arena whose updates, or rollouts, are held up at random: `async-bench ARENA DB THREADS UPDATES ROLLOUTS`, the
/// last two in seconds at most. Prints the signature.
@main struct AsyncBench {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 6, let threads = Int(arguments[3]), let updates = Double(arguments[4]),
            let rollouts = Double(arguments[5])
        else {
            FileHandle.standardError.write(Data("usage: async-bench ARENA DB THREADS UPDATES ROLLOUTS\n".utf8))
            exit(2)
        }
        let tournament = try Tournament(
            arena: Arena(file: arguments[1]), database: arguments[2], options: TournamentOptions(threads: threads))
        let signature = try await tournament.play(onEvent: { event in
            switch event {
            case .updating: hold(updates)
            case .playedAhead: hold(rollouts)
            default: break
            }
        })
        print(signature)
    }

    private static func hold(_ most: Double) {
        guard most > 0 else { return }
        Thread.sleep(forTimeInterval: .random(in: 0...most))
    }
}
