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
        var address: RolloutAddress { RolloutAddress(room: result.room.index, seat: index, policy: result.room.seats[index]) }
    }

    /// What is learned from, in its order: nothing that is too old or weighs nothing. An update's link in the chain of proofs
    /// names these.
    func items() -> [LearnedItem] {
        switch configuration.training.method {
        case .dpo, .cpo, .simpo, .orpo: trainable.map(LearnedItem.pair).filter { weight(of: $0) > 0 }
        case .kto:
            answers.compactMap { seat in isDesirable(seat).map { .labelled(seat.address, isDesirable: $0) } }
                .filter { weight(of: $0) > 0 }
        case .sft: answers.filter { isDesirable($0) == true }.map { .sequence($0.address) }
        case .grpo: items(of: groups.filter { $0.count > 1 })
        case .ppo: items(of: groups)
        }
    }

    /// The same as the algorithm reads it.
    func data() -> TrainingData {
        TrainingData(items(), method: configuration.training.method, sequence: sequences, weight: weight(of:))
    }

    /// The tokens at an address; nil where there are none.
    var sequences: (RolloutAddress) -> TokenSequence? {
        let rooms = rooms
        return { rooms[$0.room]?.rollouts[$0.seat].sequence }
    }

    private func items(of groups: [[(seat: Seat, reward: Double, role: String)]]) -> [LearnedItem] {
        groups.enumerated().flatMap { group, members in
            members.map { .rollout($0.seat.address, reward: $0.reward, role: $0.role, group: group) }
        }
    }

    /// Pairs whose sides have tokens and are not too old.
    private var trainable: [PreferencePair] {
        let (rooms, sequence) = (rooms, sequences)
        return pairs.filter { pair in
            guard let room = rooms[pair.chosen.room]?.room else { return false }
            return sequence(pair.chosen) != nil && sequence(pair.rejected) != nil && !staleGroups.contains(room.group)
        }
    }

    private func weight(of item: LearnedItem) -> Double {
        switch item {
        case .pair(let pair): weight(of: Place(pair.chosen), isChosen: true) * weight(of: Place(pair.rejected), isChosen: false)
        case .labelled(let address, let isDesirable): weight(of: Place(address), isChosen: isDesirable)
        case .sequence, .rollout: 1
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

    private var groups: [[(seat: Seat, reward: Double, role: String)]] {
        struct Address: Hashable {
            let prompt: String
            let side: Int
        }
        let own = seats.filter { $0.result.room.seats[$0.index] == policy }
        let lowest = results.flatMap(\.scores).compactMap { $0 }.min()
        var order: [Address] = []
        var members: [Address: [(seat: Seat, reward: Double, role: String)]] = [:]
        for seat in own {
            guard let reward = reward(seat, lowest: lowest) else { continue }
            let side = isGame ? seat.index : seat.result.room.stage?.index ?? 0
            let address = Address(prompt: seat.result.room.prompt.id, side: side)
            if members[address] == nil { order.append(address) }
            members[address, default: []].append((seat, reward, "\(side)"))
        }
        return order.map { members[$0] ?? [] }
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
                [Side(place: Place($0.chosen), isChosen: true), Side(place: Place($0.rejected), isChosen: false)]
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

extension TrainingData {
    /// Items in the form that a method reads.
    ///
    /// - Parameters:
    ///   - sequence: the tokens at an address; an item without them is left out.
    ///   - weight: how much an item counts; 1 where nothing was weighed.
    init(
        _ items: [LearnedItem], method: TrainingMethod, sequence: (RolloutAddress) -> TokenSequence?,
        weight: (LearnedItem) -> Double = { _ in 1 }
    ) {
        switch method {
        case .dpo, .cpo, .simpo, .orpo:
            self = .pairs(
                items.compactMap { item in
                    guard case .pair(let pair) = item, let chosen = sequence(pair.chosen), let rejected = sequence(pair.rejected)
                    else { return nil }
                    return TrainingPair(
                        chosen: chosen, rejected: rejected, weight: weight(item), label: pair.label,
                        group: Prompt(id: pair.promptID, text: "").cluster)
                })
        case .kto:
            self = .labelled(
                items.compactMap { item in
                    guard case .labelled(let address, let isDesirable) = item else { return nil }
                    return sequence(address).map { LabelledCompletion($0, isDesirable: isDesirable, weight: weight(item)) }
                })
        case .sft: self = .sequences(items.compactMap { sequence($0.addresses[0]) })
        case .grpo, .ppo:
            var groups: [ScoredGroup] = []
            for item in items {
                guard case .rollout(let address, let reward, let role, let group) = item, let tokens = sequence(address) else { continue }
                while groups.count <= group { groups.append(ScoredGroup([])) }
                groups[group].rollouts.append(ScoredRollout(tokens, reward: reward, role: role))
            }
            self = .groups(groups)
        }
    }
}
