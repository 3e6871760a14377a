public import AgonCore

/// The next meeting is the one that tells most: that by which two ratings' difference becomes most certain.
///
/// With S the covariance of the ratings in nats, d the variance of the difference of two of them, and p the chance that
/// one beats the other by the ratings so far, one prompt and its return tell
///
///     w = 2 · p · (1 − p)         gain = d − d / (1 + d·w) = d²·w / (1 + d·w)
///
/// The greatest gain is taken, S is updated as if it had been played, and so on until the round's rooms are spent. Who
/// was never connected to the others has a great d to all of them and so comes first. S starts from a normal prior and the
/// matches of all earlier rounds.
///
/// That is exact up to `exactLimit` entrants. Above, S is taken as diagonal and the field is swept again and again: the
/// least certain first, each with the partner of the greatest gain among those nearest in rating.
/// - Source: the pairing rule of Chatbot Arena, arXiv:2403.04132, with the Laplace covariance in place of counts.
public struct Budget: Scheduler {
    /// Rooms in a round, rounded up to an even number.
    public var roomsPerRound: Int
    /// Standard deviation of the prior, in Elo points.
    public var priorDeviation: Double
    /// The rating of who has none yet.
    public var initialRating: Double

    /// The most entrants whose covariance is kept whole.
    public static let exactLimit = 256

    public init(roomsPerRound: Int, priorDeviation: Double = 350, initialRating: Double = 1000) {
        precondition(
            roomsPerRound >= 0 && priorDeviation > 0,
            "a budget has rooms and a prior has width: \(roomsPerRound) rooms, deviation \(priorDeviation)")
        self.roomsPerRound = roomsPerRound
        self.priorDeviation = priorDeviation
        self.initialRating = initialRating
    }

    /// - Precondition: the entrants' names are distinct.
    public func schedule(
        round: Int, entrants: [Entrant], history: ScheduleHistory, seed: Seed
    ) -> PairingSequence {
        guard entrants.count > 1 else { return PairingSequence([]) }
        var generator = SeededGenerator(seed.child(.schedule, round))
        let names = generator.shuffled(entrants.sortedByName().map(\.name))
        let field = RatedField(
            names: names, strengths: names.map { (history.ratings[$0] ?? initialRating) / RatedField.eloPerNat },
            priorVariance: (priorDeviation / RatedField.eloPerNat) * (priorDeviation / RatedField.eloPerNat),
            played: Self.counts(history.before(round: round), names))
        let count = meetingCount(rooms: roomsPerRound)
        return PairingSequence(meetingCount: count) {
            let next: () -> (Int, Int) = names.count <= Self.exactLimit ? Self.exact(field) : Self.sweeping(field)
            var made = 0
            return AnyIterator {
                guard made < count else { return nil }
                made += 1
                let (home, away) = next()
                return Meeting(home: names[home], away: names[away])
            }
        }
    }

    /// How many matches two entrants had, by their places; only pairs that met.
    private static func counts(_ history: ScheduleHistory, _ names: [String]) -> [(Int, Int, Double)] {
        let place = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        var counts: [ScheduleHistory.AgentPair: Double] = [:]
        for tallies in history.rounds.values { for (pair, tally) in tallies { counts[pair, default: 0] += tally.count } }
        return counts.compactMap { pair, count in
            guard let first = place[pair.first], let second = place[pair.second] else { return nil }
            return (min(first, second), max(first, second), count)
        }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
    }

    private static func exact(_ field: RatedField) -> () -> (Int, Int) {
        var covariance = field.covariance()
        let size = field.names.count
        return {
            var (best, pair) = (-1.0, (0, 1))
            for first in 0..<size {
                for second in (first + 1)..<size {
                    let difference = covariance[first * size + first] + covariance[second * size + second]
                        - 2 * covariance[first * size + second]
                    let gain = RatedField.gain(difference, field.information(first, second))
                    if gain > best { (best, pair) = (gain, (first, second)) }
                }
            }
            field.learn(pair.0, pair.1, information: field.information(pair.0, pair.1), &covariance)
            return pair
        }
    }

    private static func sweeping(_ field: RatedField) -> () -> (Int, Int) {
        var sweep = BudgetSweep(field)
        return { sweep.next() }
    }
}

/// Ratings and what is known of them.
struct RatedField: Sendable {
    static let eloPerNat = 173.717_792_761_2

    let names: [String]
    /// In nats.
    let strengths: [Double]
    let priorVariance: Double
    /// Places of two that met, the first smaller, and how often.
    let played: [(Int, Int, Double)]

    /// What a prompt and its return tell of the difference of two: 2·p·(1 − p).
    func information(_ first: Int, _ second: Int) -> Double { 2 * chanceProduct(strengths[first] - strengths[second]) }

    /// By how much a variance falls.
    static func gain(_ variance: Double, _ information: Double) -> Double {
        variance * variance * information / (1 + variance * information)
    }

    /// The covariance after the matches so far, `[n · n]`: one update for each pair that met.
    func covariance() -> [Double] {
        let size = names.count
        var covariance = [Double](repeating: 0, count: size * size)
        for index in 0..<size { covariance[index * size + index] = priorVariance }
        for (first, second, count) in played {
            learn(first, second, information: count * chanceProduct(strengths[first] - strengths[second]), &covariance)
        }
        return covariance
    }

    /// The covariance after one more observation of a difference (Sherman and Morrison).
    func learn(_ first: Int, _ second: Int, information: Double, _ covariance: inout [Double]) {
        let size = names.count
        let column = (0..<size).map { covariance[$0 * size + first] - covariance[$0 * size + second] }
        let scale = information / (1 + information * (column[first] - column[second]))
        for row in 0..<size where column[row] != 0 {
            for other in 0..<size { covariance[row * size + other] -= scale * column[row] * column[other] }
        }
    }

    /// p·(1 − p) for a difference in nats, by a rational bound of the exponential that is alike on every machine.
    private func chanceProduct(_ difference: Double) -> Double {
        let growth = Self.exponential(-abs(difference))
        return growth / ((1 + growth) * (1 + growth))
    }

    /// e^x for x at most 0: the Taylor series of a part small enough, squared up again. Below −40 it is 0.
    private static func exponential(_ exponent: Double) -> Double {
        guard exponent > -40 else { return 0 }
        let small = exponent / 64
        var (term, sum) = (1.0, 1.0)
        for order in 1...12 {
            term *= small / Double(order)
            sum += term
        }
        for _ in 0..<6 { sum *= sum }
        return sum
    }
}

/// Large fields: everyone once a sweep, the least certain first.
private struct BudgetSweep {
    private let field: RatedField
    private var variances: [Double]
    /// Places by strength, and where each stands in that order.
    private let byStrength: [Int]
    private let rank: [Int]
    /// The least certain last, so that the next is popped.
    private var queue: [Int] = []
    private var isFree: [Bool]

    private static let reach = 16

    init(_ field: RatedField) {
        self.field = field
        let indices = Array(field.names.indices)
        byStrength = indices.sorted { (field.strengths[$0], $0) < (field.strengths[$1], $1) }
        var rank = Array(repeating: 0, count: indices.count)
        for (place, index) in byStrength.enumerated() { rank[index] = place }
        self.rank = rank
        variances = Array(repeating: field.priorVariance, count: indices.count)
        isFree = Array(repeating: false, count: indices.count)
        for (first, second, count) in field.played { learn(first, second, field.information(first, second) * count / 2) }
    }

    /// The next meeting.
    mutating func next() -> (Int, Int) {
        while true {
            while let chooser = queue.popLast() {
                guard isFree[chooser], let partner = partner(of: chooser) else { continue }
                isFree[chooser] = false
                isFree[partner] = false
                learn(chooser, partner, field.information(chooser, partner))
                return (chooser, partner)
            }
            isFree = Array(repeating: true, count: isFree.count)
            queue = variances.indices.sorted { (variances[$0], -$0) < (variances[$1], -$1) }
        }
    }

    private func partner(of chooser: Int) -> Int? {
        let low = max(0, rank[chooser] - Self.reach)
        let high = min(byStrength.count - 1, rank[chooser] + Self.reach)
        var (best, partner) = (-1.0, Int?.none)
        for candidate in byStrength[low...high] where candidate != chooser && isFree[candidate] {
            let gain = RatedField.gain(variances[chooser] + variances[candidate], field.information(chooser, candidate))
            if gain > best { (best, partner) = (gain, candidate) }
        }
        return partner
    }

    private mutating func learn(_ first: Int, _ second: Int, _ information: Double) {
        let scale = information / (1 + information * (variances[first] + variances[second]))
        variances[first] -= scale * variances[first] * variances[first]
        variances[second] -= scale * variances[second] * variances[second]
    }
}
