public import AgonCore

/// SHA-256 over what a round's records say, 32 bytes each.
public enum ContentHash {
    /// A rollout with its address: what a policy said, token for token and as text, and which tokens are its own.
    public static func rollout(_ rollout: Rollout, seat: Int, of room: Room) -> [UInt8] {
        Self.rollout(
            rollout.sequence, text: rollout.text, round: room.round,
            at: RolloutAddress(room: room.index, seat: seat, policy: room.seats[seat]))
    }

    /// The same by its parts.
    public static func rollout(_ sequence: TokenSequence?, text: String, round: Int, at address: RolloutAddress) -> [UInt8] {
        var bytes = CanonicalBytes(tag: "agon.rollout.1", capacity: 128 + 5 * (sequence?.tokens.count ?? 0))
        bytes.add(round)
        bytes.add(address)
        bytes.add(sequence != nil)
        if let sequence {
            bytes.add(words: sequence.tokens.lazy.map(UInt32.init(bitPattern:)))
            bytes.add(marks: sequence.own)
        }
        bytes.add(text)
        return bytes.hash
    }

    /// A room with everything that was said and decided in it.
    ///
    /// - Parameter rollouts: the hashes of its seats.
    public static func room(_ result: RoomResult, rollouts: [[UInt8]]) -> [UInt8] {
        let room = result.room
        var bytes = CanonicalBytes(tag: "agon.room.1", capacity: 1024)
        for number in [room.round, room.index, room.group] { bytes.add(number) }
        bytes.add(room.prompt.id)
        bytes.add(room.prompt.text)
        bytes.add(room.prompt.reference)
        bytes.add(room.isCanary)
        bytes.add(room.stage?.kind.rawValue)
        bytes.add(room.stage?.index ?? 0)
        bytes.add(room.isRated)
        bytes.add(result.judge)
        bytes.add(rollouts.count)
        for (rollout, hash) in zip(result.rollouts, rollouts) {
            bytes.add(hash: hash)
            bytes.add(words: rollout.logProbs.lazy.map(\.bitPattern))
            bytes.add(rollout.finish.rawValue)
            bytes.add(rollout.forfeit?.rawValue)
            bytes.add(rollout.gold)
        }
        bytes.add(result.scores.count)
        for score in result.scores { bytes.add(score) }
        bytes.add(result.verdicts.count)
        for verdict in result.verdicts {
            bytes.add(verdict.first)
            bytes.add(verdict.second)
            bytes.add(verdict.verdict.rawValue)
            bytes.add(verdict.byRule)
            bytes.add(verdict.preference)
        }
        for rank in result.ranking.ranks { bytes.add(rank.map { Double($0) }) }
        return bytes.hash
    }

    /// Something that was learned from, over the hashes of its rollouts.
    ///
    /// - Parameter rollouts: in the order of `LearnedItem.addresses`.
    public static func item(_ item: LearnedItem, rollouts: [[UInt8]]) -> [UInt8] {
        var bytes = CanonicalBytes(tag: "agon.item.1")
        switch item {
        case .pair(let pair):
            bytes.add("pair")
            bytes.add(pair.promptID)
            bytes.add(pair.judge)
            bytes.add(pair.label)
        case .labelled(_, let isDesirable):
            bytes.add("labelled")
            bytes.add(isDesirable)
        case .sequence: bytes.add("sequence")
        case .rollout(_, let reward, let role, let group):
            bytes.add("rollout")
            bytes.add(reward)
            bytes.add(role)
            bytes.add(group)
        }
        for hash in rollouts { bytes.add(hash: hash) }
        return bytes.hash
    }
}

extension CanonicalBytes {
    mutating func add(_ address: RolloutAddress) {
        add(address.room)
        add(address.seat)
        add(address.policy.agent)
        add(address.policy.version)
    }

    mutating func add(_ judge: JudgeID) {
        add(judge.name)
        add(judge.version)
    }

    /// Bits, the first in the lowest bit of the first word, after their count.
    mutating func add(marks: [Bool]) {
        add(marks.count)
        var words = [UInt32](repeating: 0, count: (marks.count + 31) / 32)
        for (index, mark) in marks.enumerated() where mark { words[index >> 5] |= 1 << UInt32(index & 31) }
        add(words: words)
    }
}
