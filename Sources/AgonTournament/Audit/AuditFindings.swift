import AgonAudit
import AgonCore

/// What the audit of some rooms has found.
struct AuditFindings {
    /// A rollout that was read, for the search of copies.
    struct Read {
        let round, room, seat: Int
        let policy: PolicyID
        let sequence: TokenSequence?
        /// Σ log p as stored, where nothing else speaks for or against it and it was drawn from the policy's own
        /// distribution.
        var logProbability: Double?
    }

    var rejections: [Rejection] = []
    var roomCount = 0
    /// Rollouts whose tokens were replayed, and their own tokens.
    var rolloutCount = 0
    var tokenCount = 0
    var verdictRoomCount = 0
    /// Rollouts of transformers that could not be replayed, by reason.
    var unchecked: [String: Int] = [:]
    var read: [Read] = []

    mutating func reject(_ room: Room, seat: Int?, _ complaint: Complaint) {
        rejections.append(
            Rejection(round: room.round, room: room.index, seat: seat, policy: seat.map { room.seats[$0] }, complaint))
    }

    mutating func add(_ other: AuditFindings) {
        rejections += other.rejections
        roomCount += other.roomCount
        rolloutCount += other.rolloutCount
        tokenCount += other.tokenCount
        verdictRoomCount += other.verdictRoomCount
        unchecked.merge(other.unchecked, uniquingKeysWith: +)
        read += other.read
    }

    /// Names copies: a rejected rollout that equals another says so, and one that nothing confirms is rejected where chance
    /// does not explain it.
    mutating func searchCopies() {
        let copies = Copies(read.map(\.sequence))
        func name(_ index: Int) -> String { "round \(read[index].round), room \(read[index].room), seat \(read[index].seat)" }
        let places = Dictionary(
            read.indices.map { (Place(read[$0].round, read[$0].room, read[$0].seat), $0) }, uniquingKeysWith: { first, _ in first })
        for index in rejections.indices where rejections[index].check == .draw {
            guard let seat = rejections[index].seat, let place = places[Place(rejections[index].round, rejections[index].room, seat)],
                let other = copies.other(than: place)
            else { continue }
            rejections[index].seen += "; the same tokens stand in \(name(other))"
        }
        for (copy, source) in copies.improbable(logProbability: { read[$0].logProbability }) {
            let (rollout, complaint) = (
                read[copy],
                Complaint(.copy, expected: "tokens of its own", seen: "those of \(name(source)), against all odds")
            )
            rejections.append(
                Rejection(round: rollout.round, room: rollout.room, seat: rollout.seat, policy: rollout.policy, complaint))
        }
    }

    private struct Place: Hashable {
        let round, room, seat: Int

        init(_ round: Int, _ room: Int, _ seat: Int) { (self.round, self.room, self.seat) = (round, room, seat) }
    }
}
