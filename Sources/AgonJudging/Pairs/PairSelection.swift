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
    /// With soft labels a pair's label is the verdict's preference for the chosen side, at least ½, and a tie that carries
    /// a preference makes a pair too: the side that it leans to is chosen, at ½ the one with the lower hash, and level
    /// ranks will do. Such a pair teaches that two answers are about as good.
    ///
    /// Where several seats tie for best or worst, `bestVsWorst` takes the pair with the lowest hash of prompt and
    /// seats: the same in every replay, and over many prompts no seat is favoured.
    public static func pairs(
        inRoom result: RoomResult, selection: PairSelection, labels: PairLabels = .hard
    ) -> [PreferencePair] {
        let levels = RankLevels(result)
        var candidates = result.verdicts.compactMap { candidate($0, in: result, labels: labels) }.filter {
            guard result.rollouts[$0.chosen].forfeit == nil,
                result.rollouts[$0.chosen].text != result.rollouts[$0.rejected].text,
                let high = levels.level(of: $0.chosen), let low = levels.level(of: $0.rejected),
                high < low || $0.isTie && high == low
            else { return false }
            switch selection {
            case .all: return true
            case .adjacent: return low - high <= 1
            case .bestVsWorst: return high == 0 && low == levels.count - 1
            }
        }
        if selection == .bestVsWorst {
            let first = candidates.min {
                hash(result.room, $0.chosen, $0.rejected) < hash(result.room, $1.chosen, $1.rejected)
            }
            candidates = first.map { [$0] } ?? []
        }
        return candidates.map {
            pair(chosen: (result, $0.chosen), rejected: (result, $0.rejected), label: $0.label)
        }
    }

    /// Two seats of which one may be chosen.
    private struct Candidate {
        var chosen: Int
        var rejected: Int
        var isTie = false
        var label = 1.0
    }

    private static func candidate(_ said: PairVerdict, in result: RoomResult, labels: PairLabels) -> Candidate? {
        if let chosen = said.winner, let rejected = said.loser {
            var candidate = Candidate(chosen: chosen, rejected: rejected)
            if labels == .soft, let preference = said.preference {
                candidate.label = min(max(chosen == said.first ? preference : 1 - preference, 0.5), 1)
            }
            return candidate
        }
        guard labels == .soft, said.verdict == .tie, let preference = said.preference else { return nil }
        let isStraight = preference == 0.5
            ? hash(result.room, said.first, said.second) < hash(result.room, said.second, said.first)
            : preference > 0.5
        return Candidate(
            chosen: isStraight ? said.first : said.second, rejected: isStraight ? said.second : said.first, isTie: true,
            label: min(max(preference, 1 - preference), 1))
    }

    /// A pair of two seats, of one room or of two.
    static func pair(
        chosen: (result: RoomResult, seat: Int), rejected: (result: RoomResult, seat: Int), label: Double = 1
    ) -> PreferencePair {
        func address(_ side: (result: RoomResult, seat: Int)) -> RolloutAddress {
            RolloutAddress(
                room: side.result.room.index, seat: side.seat, policy: side.result.room.seats[side.seat])
        }
        return PreferencePair(
            round: chosen.result.room.round, promptID: chosen.result.room.prompt.id, chosen: address(chosen),
            rejected: address(rejected), judge: chosen.result.judge, label: label)
    }

    private static func hash(_ room: Room, _ chosen: Int, _ rejected: Int) -> UInt64 {
        Seed(run: UInt64(room.round)).child(.room, room.index).child(.prompt, named: room.prompt.id)
            .child(.seat, chosen).child(.seat, rejected).value
    }
}

/// The ranks of a room's seats that have tokens, as levels without gaps: 0 is best.
private struct RankLevels {
    private let ranks: [Int?]
    private let sorted: [Int]

    init(_ result: RoomResult) {
        ranks = result.rollouts.indices.map { seat in
            (result.rollouts[seat].sequence?.ownCount ?? 0) > 0 ? result.ranking.ranks[seat] : nil
        }
        sorted = Set(ranks.compactMap { $0 }).sorted()
    }

    var count: Int { sorted.count }

    /// Nil where the seat is unranked or has no tokens.
    func level(of seat: Int) -> Int? { ranks[seat].flatMap { sorted.firstIndex(of: $0) } }
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
