public import AgonCore

/// Which seats of a ranked room become preference pairs. The names are those of the configuration.
public enum PairSelection: String, Sendable, Codable, CaseIterable {
    /// One pair a room: a best seat over a worst.
    case bestVsWorst = "best_vs_worst"
    /// Every seat over every seat that ranks below it.
    case all
    /// Every seat over every seat of the next rank below.
    case adjacent
}

extension PreferencePair {
    /// The preference pairs of a room of answers to one prompt.
    ///
    /// A pair needs tokens on both sides, different texts, a chosen side that is no forfeit and ranks strictly above
    /// the rejected, and a verdict between the two that says the same: ties and voids make no pair, and neither does
    /// a seat that ranks above the one it lost to. Seats without tokens are looked through, so that a scripted winner
    /// does not hide the best and the next.
    ///
    /// Where several seats tie for best or worst, `bestVsWorst` takes the pair with the lowest hash of prompt and
    /// seats: the same in every replay, and over many prompts no seat is favoured.
    public static func pairs(inRoom result: RoomResult, selection: PairSelection) -> [PreferencePair] {
        let seats = result.rollouts.indices.filter { seat in
            result.ranking.ranks[seat] != nil && (result.rollouts[seat].sequence?.ownCount ?? 0) > 0
        }
        let levels = Set(seats.compactMap { result.ranking.ranks[$0] }).sorted()
        let allowed: (Int, Int) -> Bool
        switch selection {
        case .all: allowed = { $0 < $1 }
        case .adjacent: allowed = { $0 + 1 == $1 }
        case .bestVsWorst: allowed = { $0 == 0 && $1 == levels.count - 1 }
        }
        var candidates: [(chosen: Int, rejected: Int)] = []
        for pair in result.verdicts {
            guard let chosen = pair.winner, let rejected = pair.loser, seats.contains(chosen),
                seats.contains(rejected), result.rollouts[chosen].forfeit == nil,
                result.rollouts[chosen].text != result.rollouts[rejected].text,
                let high = levels.firstIndex(where: { $0 == result.ranking.ranks[chosen] }),
                let low = levels.firstIndex(where: { $0 == result.ranking.ranks[rejected] }),
                high < low, allowed(high, low)
            else { continue }
            candidates.append((chosen, rejected))
        }
        if selection == .bestVsWorst {
            let first = candidates.min {
                hash(result.room, $0.chosen, $0.rejected) < hash(result.room, $1.chosen, $1.rejected)
            }
            candidates = first.map { [$0] } ?? []
        }
        return candidates.map { pair(chosen: (result, $0.chosen), rejected: (result, $0.rejected)) }
    }

    /// A pair of two seats, of one room or of two.
    static func pair(
        chosen: (result: RoomResult, seat: Int), rejected: (result: RoomResult, seat: Int)
    ) -> PreferencePair {
        func address(_ side: (result: RoomResult, seat: Int)) -> RolloutAddress {
            RolloutAddress(
                room: side.result.room.index, seat: side.seat, policy: side.result.room.seats[side.seat])
        }
        return PreferencePair(
            round: chosen.result.room.round, promptID: chosen.result.room.prompt.id, chosen: address(chosen),
            rejected: address(rejected), judge: chosen.result.judge)
    }

    private static func hash(_ room: Room, _ chosen: Int, _ rejected: Int) -> UInt64 {
        Seed(run: UInt64(room.round)).child(.room, room.index).child(.prompt, named: room.prompt.id)
            .child(.seat, chosen).child(.seat, rejected).value
    }
}

extension PairVerdict {
    var winner: Int? {
        switch verdict {
        case .first: first
        case .second: second
        case .tie, .void: nil
        }
    }

    var loser: Int? { winner.map { $0 == first ? second : first } }
}

extension Sequence<PreferencePair> {
    /// The pairs in which an agent made either side: what it learns from when it trains on its own rooms only.
    public func filter(involving agent: String) -> [PreferencePair] {
        filter { $0.chosen.policy.agent == agent || $0.rejected.policy.agent == agent }
    }
}
