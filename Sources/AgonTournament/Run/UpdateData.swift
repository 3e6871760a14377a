import AgonAgents
import AgonCore
import AgonJudging
import AgonTraining

/// What a round's rooms teach one learner, in the form that its algorithm reads.
///
/// - Pairs (`dpo`, `cpo`, `simpo`, `orpo`): the round's preference pairs, those of one prompt in one group.
/// - `kto`: answers that made more than half of the points against the others of their room are desirable, answers that
///   made less are not; a half, and voids only, say nothing. A forfeit is undesirable.
/// - `sft`: the desirable answers alone.
/// - `grpo`, `ppo`: the learner's own rollouts of this round, because both need to know under which version they were
///   drawn. Rollouts of one prompt and stage are a group; in games, of one opening and side, and the side is the role.
struct UpdateData {
    let configuration: ArenaConfiguration
    let isGame: Bool
    /// The learner, and the version that drew its rollouts.
    let policy: PolicyID
    let pairs: [PreferencePair]
    /// The round's rooms in the order of their indices.
    let results: [RoomResult]
    /// Groups of rooms that were played ahead and are too old to be learned from.
    var staleGroups: Set<Int> = []
    /// How much samples of older versions count: 0 leaves one out. All others count 1.
    var weights: [Side: Double] = [:]

    /// One seat of one room.
    private struct Seat {
        let result: RoomResult
        let index: Int
        let sequence: TokenSequence
        let points: SeatPoints
        var place: Place { Place(room: result.room.index, seat: index) }
    }

    func data() -> TrainingData {
        switch configuration.training.method {
        case .dpo, .cpo, .simpo, .orpo: .pairs(trainable.map(\.item).filter { $0.weight > 0 })
        case .kto:
            .labelled(
                answers.compactMap { seat in
                    isDesirable(seat).map {
                        LabelledCompletion(seat.sequence, isDesirable: $0, weight: weight(of: seat.place, isChosen: $0))
                    }
                }.filter { $0.weight > 0 })
        case .sft: .sequences(answers.filter { isDesirable($0) == true }.map(\.sequence))
        case .grpo: .groups(groups.filter { $0.rollouts.count > 1 })
        case .ppo: .groups(groups)
        }
    }

    /// Pairs whose sides have tokens and are not too old, each with what it becomes.
    private var trainable: [(pair: PreferencePair, item: TrainingPair)] {
        let rooms = rooms
        func sequence(_ address: RolloutAddress) -> TokenSequence? { rooms[address.room]?.rollouts[address.seat].sequence }
        return pairs.compactMap { pair in
            guard let chosen = sequence(pair.chosen), let rejected = sequence(pair.rejected),
                let room = rooms[pair.chosen.room]?.room, !staleGroups.contains(room.group)
            else { return nil }
            return (
                pair,
                TrainingPair(
                    chosen: chosen, rejected: rejected,
                    weight: weight(of: Place(pair.chosen), isChosen: true) * weight(of: Place(pair.rejected), isChosen: false),
                    label: pair.label, group: room.prompt.cluster)
            )
        }
    }

    private func weight(of place: Place, isChosen: Bool) -> Double { weights[Side(place: place, isChosen: isChosen)] ?? 1 }

    /// All seats with tokens of their own, in room and seat order.
    private var seats: [Seat] {
        results.filter { !staleGroups.contains($0.room.group) }.flatMap { result in
            let points = SeatPoints.perSeat(of: result.verdicts, seatCount: result.rollouts.count)
            return result.rollouts.enumerated().compactMap { index, rollout -> Seat? in
                guard let sequence = rollout.sequence, sequence.ownCount > 0 else { return nil }
                return Seat(result: result, index: index, sequence: sequence, points: points[index])
            }
        }
    }

    /// Seats whose answers teach: the learner's own, or everybody's where the arena says `from: any`.
    private var answers: [Seat] {
        seats.filter { !configuration.ownPairsOnly || $0.result.room.seats[$0.index].agent == policy.agent }
    }

    private func isDesirable(_ seat: Seat) -> Bool? {
        if seat.result.rollouts[seat.index].forfeit != nil { return false }
        guard let mean = seat.points.mean, mean != 0.5 else { return nil }
        return mean > 0.5
    }

    private var groups: [ScoredGroup] {
        struct Address: Hashable {
            let prompt: String
            let side: Int
        }
        let own = seats.filter { $0.result.room.seats[$0.index] == policy }
        let lowest = results.flatMap(\.scores).compactMap { $0 }.min()
        var order: [Address] = []
        var members: [Address: [ScoredRollout]] = [:]
        for seat in own {
            guard let reward = reward(seat, lowest: lowest) else { continue }
            let side = isGame ? seat.index : seat.result.room.stage?.index ?? 0
            let address = Address(prompt: seat.result.room.prompt.id, side: side)
            if members[address] == nil { order.append(address) }
            members[address, default: []].append(ScoredRollout(seat.sequence, reward: reward, role: "\(side)"))
        }
        return order.map { ScoredGroup(members[$0] ?? []) }
    }

    /// What an answer earned, less the price of one that did not end; nil where nobody could tell.
    private func reward(_ seat: Seat, lowest: Double?) -> Double? {
        let rollout = seat.result.rollouts[seat.index]
        let isForfeit = rollout.forfeit != nil
        let reward = switch configuration.reward {
        case .rank: isForfeit ? 0 : seat.points.mean
        case .score: isForfeit ? lowest : seat.result.scores[seat.index]
        }
        return reward.map { rollout.finish == .length ? $0 - configuration.missingEosPenalty : $0 }
    }
}

/// Which samples an update reads.
extension UpdateData {
    /// Where a sample lies.
    struct Place: Hashable {
        let room: Int
        let seat: Int
    }

    /// A sample in the part that it plays: the loss makes it likelier, or less likely.
    struct Side: Hashable {
        let place: Place
        let isChosen: Bool
    }

    /// Everything that could be read, before it is weighed; each once.
    var sides: [Side] {
        var seen: Set<Side> = []
        return readSides.flatMap { $0 }.filter { seen.insert($0).inserted }
    }

    /// The samples that the data hold, and those that are left out by their weights alone.
    var consumed: (trained: Set<Place>, masked: Set<Place>) {
        let isRead = { (sides: [Side]) in sides.allSatisfy { self.weight(of: $0.place, isChosen: $0.isChosen) > 0 } }
        let all = readSides
        return (
            Set(all.filter(isRead).joined().map(\.place)), Set(all.filter { !isRead($0) }.joined().map(\.place))
        )
    }

    /// The round's rooms by their index.
    var rooms: [Int: RoomResult] { Dictionary(results.map { ($0.room.index, $0) }, uniquingKeysWith: { first, _ in first }) }

    /// The sides of each item of the data: two of a pair, one of an answer.
    private var readSides: [[Side]] {
        switch configuration.training.method {
        case .dpo, .cpo, .simpo, .orpo:
            trainable.map {
                [Side(place: Place($0.pair.chosen), isChosen: true), Side(place: Place($0.pair.rejected), isChosen: false)]
            }
        case .kto: answers.compactMap { seat in isDesirable(seat).map { [Side(place: seat.place, isChosen: $0)] } }
        case .sft: answers.filter { isDesirable($0) == true }.map { [Side(place: $0.place, isChosen: true)] }
        case .grpo, .ppo: seats.filter { $0.result.room.seats[$0.index] == policy }.map { [Side(place: $0.place, isChosen: true)] }
        }
    }
}

extension UpdateData.Place {
    fileprivate init(_ address: RolloutAddress) { self.init(room: address.room, seat: address.seat) }
}
