import AgonCore
import Crypto
import Foundation

/// What a run decided, as text of one form only: equal runs write equal text, so its hash is equal.
struct Signature {
    private var hasher = SHA256()

    /// Chains on the signature of the round before.
    init(after previous: String) { add(previous) }

    mutating func add(_ text: String) { hasher.update(data: Data((text + "\n").utf8)) }

    /// Every bit of a number counts.
    mutating func add(_ label: String, _ value: Double) { add("\(label) \(String(value.bitPattern, radix: 16))") }

    mutating func add(_ result: RoomResult) {
        let seats = result.room.seats.map(\.description).joined(separator: " ")
        let ranks = result.ranking.ranks.map { $0.map(String.init) ?? "-" }.joined(separator: " ")
        let verdicts = result.verdicts.map(\.verdict.rawValue).joined(separator: " ")
        add("room \(result.room.round) \(result.room.index) \(result.room.prompt.id) | \(seats) | \(ranks) | \(verdicts) | \(result.judge)")
        for rollout in result.rollouts {
            add("\(rollout.sequence?.tokens.map(String.init).joined(separator: " ") ?? rollout.text)")
        }
    }

    /// Lowercase hexadecimal SHA-256.
    func finished() -> String { FileHash.hexadecimal(hasher.finalize()) }
}
