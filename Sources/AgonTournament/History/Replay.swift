import AgonCore
import AgonStore
import Foundation

/// A run played again from its journal, into a database of its own: whether it decides the same.
public struct Replay: Sendable, Hashable, Codable {
    public var run: String
    /// Rounds that were closed, and are played again up to the first that comes out otherwise.
    public var roundCount: Int
    /// Rounds whose signature is the stored one.
    public var sameCount: Int
    /// The first round that came out otherwise, in words; nil where all are the stored ones.
    public var difference: String?

    /// Plays every closed round again, each by the versions that the journal says, and compares the signatures.
    ///
    /// Agents and judges outside this process are asked again, and what they answer now counts.
    /// - Parameters:
    ///   - threads: they change no bit.
    ///   - shouldStop: asked between waves.
    ///   - onRound: told after each round how many are played.
    /// - Throws: `configuration` for a run that learned from people's votes; `Interruption`; faults of the world.
    public init(
        _ stored: StoredRun, threads: Int, shouldStop: @escaping @Sendable () -> Bool = { false },
        onRound: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws {
        if case .votes = stored.arena.configuration.judge.gold {
            throw TournamentError(.configuration, "run \(stored.record.id) learned from people's votes, which are not played again: `agon rejudge` compares its verdicts.")
        }
        let wanted = try stored.store.rounds(run: stored.record.id).map(\.signature)
        var configuration = stored.arena.configuration
        (configuration.roundCount, configuration.until) = (wanted.count, StopRules())
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("agon-replay-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        var tournament = try Tournament(
            arena: Arena(configuration), database: folder.appendingPathComponent("arena.sqlite").path, seed: stored.record.seed,
            options: TournamentOptions(threads: threads))
        tournament.journal = try stored.store.dispatches(run: stored.record.id)
        (run, roundCount, sameCount) = (stored.record.id, wanted.count, 0)
        var pulse = Pulse(shouldStop: shouldStop)
        let (store, copy) = (tournament.store, tournament.run.id)
        pulse.onStep = { step, round in
            guard step == .roundClosed else { return }
            // What follows a round that came out otherwise says nothing more.
            guard try store.lastClosedRound(run: copy)?.signature == wanted[round - 1] else { throw Difference(round: round) }
            onRound(round)
        }
        do {
            if !wanted.isEmpty { _ = try await tournament.play(pulse) }
            sameCount = wanted.count
        } catch let found as Difference {
            sameCount = found.round - 1
            difference = try Replay.difference(stored, tournament, round: found.round)
        }
    }

    private struct Difference: Error {
        let round: Int
    }

    /// The first thing in a round that came out otherwise.
    private static func difference(_ stored: StoredRun, _ again: Tournament, round: Int) throws -> String {
        let (old, new) = (stored.record.id, again.run.id)
        let rooms = zip(try stored.store.roomResults(run: old, round: round), try again.store.roomResults(run: new, round: round))
        for (then, now) in rooms {
            let place = "round \(round), room \(then.room.index)"
            if then.room.seats != now.room.seats { return "\(place): \(text(then.room.seats)) sat in it, now \(text(now.room.seats))." }
            if then.room != now.room { return "\(place): its prompt is another." }
            for (seat, pair) in zip(then.rollouts, now.rollouts).enumerated() where pair.0.sequence != pair.1.sequence || pair.0.text != pair.1.text {
                return "\(place), seat \(seat): \(then.room.seats[seat]) answers otherwise."
            }
            if then.verdicts != now.verdicts || then.ranking != now.ranking { return "\(place): the judge ranks it otherwise." }
        }
        let before = try stored.store.updates(run: old).filter { $0.round == round }
        let after = try again.store.updates(run: new).filter { $0.round == round }
        for (then, now) in zip(before, after) where then != now {
            return "round \(round), the update of \(then.agent): “\(then.decision)”, now “\(now.decision)”"
        }
        return "round \(round): the ratings, or the weights of a new version."
    }

    private static func text(_ seats: [PolicyID]) -> String { seats.map(\.description).joined(separator: ", ") }

    /// One sentence for people.
    public var sentence: String {
        let rounds = roundCount == 1 ? "1 round" : "\(roundCount) rounds"
        guard let difference else { return "Run \(run) was played again: \(rounds), the same signature after each." }
        return "Run \(run) does not come out as it is stored, after \(sameCount) of \(rounds) that do: \(difference)"
    }
}
