public import AgonCore

/// What a preference pair must be like to train. Rules are asked in the order in which they stand here; a pair counts for
/// the first that drops it.
public struct PairRules: Sendable, Hashable {
    /// Least difference of the judge's scores of both sides, in its unit. Passed where either side has no score: forfeits,
    /// and judges that only compare.
    public var minimumScoreMargin: Double
    /// Least difference of both sides' mean points in their rooms, 0 … 1; for a game's trajectories that of the outcomes.
    public var minimumPointsMargin: Double
    /// Whether answers that are nearly alike make a pair; nil where they do.
    public var nearDuplicate: NearDuplicateRule?
    /// Greatest ratio of the longer side's own tokens to the shorter's, at least 1; nil for any. Summed log-probabilities
    /// reward longer winners, and pairs of like length cannot.
    public var maximumLengthRatio: Double?
    /// Most pairs of a round in which one agent made a side; nil for any.
    public var agentCap: Int?

    /// - Precondition: margins are at least 0, the ratio at least 1, the cap at least 0.
    public init(
        minimumScoreMargin: Double = 0, minimumPointsMargin: Double = 0, nearDuplicate: NearDuplicateRule? = nil,
        maximumLengthRatio: Double? = nil, agentCap: Int? = nil
    ) {
        precondition(minimumScoreMargin >= 0 && minimumPointsMargin >= 0, "a margin is at least 0")
        precondition(maximumLengthRatio ?? 1 >= 1, "a ratio of the longer to the shorter is at least 1")
        precondition(agentCap ?? 0 >= 0, "a cap is at least 0")
        self.minimumScoreMargin = minimumScoreMargin
        self.minimumPointsMargin = minimumPointsMargin
        self.nearDuplicate = nearDuplicate
        self.maximumLengthRatio = maximumLengthRatio
        self.agentCap = agentCap
    }

    /// The pairs that pass, in their order, and how many each rule dropped.
    ///
    /// Caps are filled by ascending hash of a pair's addresses, so that neither an early room nor a low seat is favoured; a
    /// pair needs room under the caps of both its agents.
    ///
    /// - Parameter results: the rooms that the pairs came from, all of one round.
    /// - Precondition: each pair's rooms and seats are among the results.
    public func apply(
        to pairs: [PreferencePair], of results: [RoomResult]
    ) -> (pairs: [PreferencePair], counts: PairCounts) {
        let rooms = Dictionary(results.map { ($0.room.index, $0) }, uniquingKeysWith: { first, _ in first })
        let points = rooms.mapValues { SeatPoints.perSeat(of: $0.verdicts, seatCount: $0.rollouts.count) }
        func side(_ address: RolloutAddress) -> Side {
            guard let room = rooms[address.room], let points = points[address.room],
                room.rollouts.indices.contains(address.seat)
            else { preconditionFailure("a pair is of room \(address.room), seat \(address.seat), which no result holds") }
            return Side(
                rollout: room.rollouts[address.seat], score: room.scores[address.seat], points: points[address.seat].mean)
        }
        var counts = PairCounts()
        counts.offeredCount = pairs.count
        var passed = pairs.filter { pair in
            let (chosen, rejected) = (side(pair.chosen), side(pair.rejected))
            if let high = chosen.score, let low = rejected.score, high - low < minimumScoreMargin {
                counts.scoreMarginCount += 1
            } else if let high = chosen.points, let low = rejected.points, high - low < minimumPointsMargin {
                counts.pointsMarginCount += 1
            } else if let rule = nearDuplicate, rule.isMet(by: chosen.rollout, rejected.rollout) {
                counts.nearDuplicateCount += 1
            } else if let bound = maximumLengthRatio, chosen.lengthRatio(to: rejected) > bound {
                counts.lengthCount += 1
            } else {
                return true
            }
            return false
        }
        if let agentCap {
            let all = passed.count
            passed = capped(passed, agentCap)
            counts.capCount = all - passed.count
        }
        counts.keptCount = passed.count
        return (passed, counts)
    }

    private struct Side {
        let rollout: Rollout
        let score: Double?
        let points: Double?

        /// Of own tokens; infinite against a side that has none.
        func lengthRatio(to other: Side) -> Double {
            let (own, its) = (rollout.sequence?.ownCount ?? 0, other.rollout.sequence?.ownCount ?? 0)
            return own == its ? 1 : Double(max(own, its)) / Double(min(own, its))
        }
    }

    private func capped(_ pairs: [PreferencePair], _ cap: Int) -> [PreferencePair] {
        var loads: [String: Int] = [:]
        var isKept = [Bool](repeating: false, count: pairs.count)
        let hashes = pairs.map(PairRules.hash)
        for index in pairs.indices.sorted(by: { (hashes[$0], $0) < (hashes[$1], $1) }) {
            let agents = Set([pairs[index].chosen.policy.agent, pairs[index].rejected.policy.agent])
            guard agents.allSatisfy({ loads[$0, default: 0] < cap }) else { continue }
            for agent in agents { loads[agent, default: 0] += 1 }
            isKept[index] = true
        }
        return zip(pairs, isKept).filter(\.1).map(\.0)
    }

    private static func hash(_ pair: PreferencePair) -> UInt64 {
        Seed(run: UInt64(bitPattern: Int64(pair.round))).child(.prompt, named: pair.promptID)
            .child(.room, pair.chosen.room).child(.seat, pair.chosen.seat)
            .child(.room, pair.rejected.room).child(.seat, pair.rejected.seat).value
    }
}

/// What the rules did to a round's pairs. Adds up.
public struct PairCounts: Sendable, Hashable, Codable {
    public var offeredCount = 0
    public var scoreMarginCount = 0
    public var pointsMarginCount = 0
    public var nearDuplicateCount = 0
    public var lengthCount = 0
    public var capCount = 0
    public var keptCount = 0

    public init() {}

    /// Adds another round's counts.
    public static func += (left: inout PairCounts, right: PairCounts) {
        left.offeredCount += right.offeredCount
        left.scoreMarginCount += right.scoreMarginCount
        left.pointsMarginCount += right.pointsMarginCount
        left.nearDuplicateCount += right.nearDuplicateCount
        left.lengthCount += right.lengthCount
        left.capCount += right.capCount
        left.keptCount += right.keptCount
    }
}

/// When two answers are so alike that a preference between them is noise.
///
/// With A and B the sets of runs of `runLength` units of either side (a shorter side is one run):
///
///     similarity = |A ∩ B| / |A ∪ B|        alike where similarity ≥ threshold
///
/// Hard labels on near duplicates push both likelihoods down (arXiv:2410.08847).
///
/// - Source: Jaccard's index on shingles: Broder 1997, Compression and Complexity of Sequences, pp. 21–29.
public struct NearDuplicateRule: Sendable, Hashable {
    /// What is compared. The names are those of the configuration.
    public enum Unit: String, Sendable, Codable, CaseIterable {
        /// The side's own tokens.
        case tokens
        /// The Unicode scalars of its text.
        case characters
    }

    public var unit: Unit
    /// Units in a run, at least 1.
    public var runLength: Int
    /// Similarity from which on two sides are alike, 0 … 1.
    public var threshold: Double

    /// - Precondition: `runLength` is at least 1.
    public init(unit: Unit = .characters, runLength: Int = 3, threshold: Double = 0.9) {
        precondition(runLength >= 1, "a run has at least one unit, not \(runLength)")
        self.unit = unit
        self.runLength = runLength
        self.threshold = threshold
    }

    /// 0 for nothing in common, 1 for the same runs; two empty sides are the same.
    public func similarity(_ one: Rollout, _ other: Rollout) -> Double {
        let (left, right) = (runs(of: one), runs(of: other))
        let common = left.intersection(right).count
        return Double(common) / Double(left.count + right.count - common)
    }

    func isMet(by one: Rollout, _ other: Rollout) -> Bool { similarity(one, other) >= threshold }

    /// Hashes of the runs, FNV-1a over their units; never empty.
    private func runs(of rollout: Rollout) -> Set<UInt64> {
        let units: [UInt64]
        switch unit {
        case .characters: units = rollout.text.unicodeScalars.map { UInt64($0.value) }
        case .tokens:
            let sequence = rollout.sequence
            units = zip(sequence?.tokens ?? [], sequence?.own ?? []).filter(\.1).map { UInt64(UInt32(bitPattern: $0.0)) }
        }
        func hash(_ run: ArraySlice<UInt64>) -> UInt64 {
            run.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ $1) &* 0x0000_0100_0000_01B3 }
        }
        guard units.count > runLength else { return [hash(units[...])] }
        return Set((0...units.count - runLength).map { hash(units[$0..<$0 + runLength]) })
    }
}
