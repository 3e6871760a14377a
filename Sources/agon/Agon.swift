import AgonTournament
import AgonCore

@main struct Agon {
    static func main() async throws {
        let args = CommandLine.arguments
        if args[1] == "pretrain" {
            let metrics = try Pretraining(PretrainingConfiguration(file: args[2])).run(threads: 2) { p in
                if p.step % 50 == 0 { print(p.step, p.metrics["loss"] ?? 0, p.metrics["accuracy"] ?? p.metrics["mean_token_accuracy"] ?? 0) }
            }
            print(metrics)
        } else {
            let arena = try Arena(file: args[2])
            let t = try Tournament(arena: arena, database: args[3], seed: UInt64(args[4]), options: TournamentOptions(threads: Int(args[5])!))
            print(try await t.play { event in
                if case .closed(let round, let ratings, let health, let updates, let timings) = event {
                    print(round, ratings.map { "\($0.policy) \(Int($0.elo)) \(Int($0.rating))" }.joined(separator: ", "), timings)
                    if let h = health { print("   judge", h.judge, h.canaryPairCount, h.accuracy, h.refreshedAccuracy ?? -1, "believed", h.believedScore, "gold", h.goldScore ?? -1, h.isTrusted) }
                    for u in updates { print("  ", u.agent, u.pairCount, u.stepCount, u.gateScore ?? -1, u.decision, u.metrics["loss/first"] ?? 0, u.metrics["loss/last"] ?? 0, u.metrics["kl_to_base"] ?? 0) }
                }
            })
        }
    }
}
