import Foundation

/// Ratings in points with what is known of their errors, before they become rows.
struct BoardEstimate: Sendable {
    enum Uncertainty: Sendable {
        case none
        /// In nats; who is provisional gets the wider of the two.
        case sandwich(BattleCovariance, isProvisional: [Bool])
        case fisher(BattleCovariance)
        /// In nats.
        case bootstrap(BattleBootstrap)
        /// Standard errors in points of ratings that know nothing of one another.
        case independent([Double])
        /// Replicates of all ratings in points `[replicates, players]`.
        case replicates(BattleBootstrap)
        /// In nats.
        case contextual(ContextualFit)
    }

    /// In points.
    var values: [Double]
    var uncertainty: Uncertainty
    /// Whose rating is exact by definition.
    var anchor: Int?

    /// Half the width of a rating's 95 % interval, or its ends.
    func ends(of player: Int) -> (low: Double, high: Double) {
        if let anchor {
            let ends = difference(player, anchor)
            return (values[anchor] + ends.low, values[anchor] + ends.high)
        }
        let value = values[player]
        switch uncertainty {
        case .none: return (value, value)
        case .sandwich(let covariance, let isProvisional):
            let sandwich = covariance.sandwich(player, player)
            return around(value, isProvisional[player] ? max(sandwich, covariance.fisher(player, player)) : sandwich)
        case .fisher(let covariance): return around(value, covariance.fisher(player, player))
        case .bootstrap(let sample):
            let ends = sample.interval { $0[player] }
            let shift = value - sampleValue(player)
            return (EloScale.pointsPerNat * ends.low + shift, EloScale.pointsPerNat * ends.high + shift)
        case .independent(let errors):
            return (value - Interval.z95 * errors[player], value + Interval.z95 * errors[player])
        case .replicates(let sample): return sample.interval { $0[player] }
        case .contextual(let fit): return around(value, fit.covariance[player * fit.size + player])
        }
    }

    /// The 95 % interval of one rating less another.
    func difference(_ one: Int, _ other: Int) -> (low: Double, high: Double) {
        let value = values[one] - values[other]
        if one == other { return (0, 0) }
        switch uncertainty {
        case .none: return (value, value)
        case .sandwich(let covariance, let isProvisional):
            let variances = covariance.difference(one, other)
            let isWide = isProvisional[one] || isProvisional[other]
            return around(value, isWide ? max(variances.fisher, variances.sandwich) : variances.sandwich)
        case .fisher(let covariance): return around(value, covariance.difference(one, other).fisher)
        case .bootstrap(let sample):
            let ends = sample.interval { $0[one] - $0[other] }
            return (EloScale.pointsPerNat * ends.low, EloScale.pointsPerNat * ends.high)
        case .independent(let errors):
            let half = Interval.z95 * (errors[one] * errors[one] + errors[other] * errors[other]).squareRoot()
            return (value - half, value + half)
        case .replicates(let sample): return sample.interval { $0[one] - $0[other] }
        case .contextual(let fit): return around(value, fit.difference(one, other))
        }
    }

    /// Strengths of the bootstrap have mean 0 as the fit's do: points less the board's zero.
    private func sampleValue(_ player: Int) -> Double { values[player] - zero[player] }

    /// Per player where its island's mean lies, in points.
    var zero: [Double] = []

    private func around(_ value: Double, _ variance: Double) -> (low: Double, high: Double) {
        let half = Interval.z95 * EloScale.pointsPerNat * max(0, variance).squareRoot()
        return (value - half, value + half)
    }

    /// More than any difference of the two can be off by: both half widths together.
    private func slack(_ one: (low: Double, high: Double), _ other: (low: Double, high: Double)) -> Double {
        (one.high - one.low + other.high - other.low) / 2
    }

    /// The places that each player of an island may have, and its group.
    ///
    /// - Parameter order: the island's players by falling rating.
    func places(_ order: [Int]) -> [(low: Int, high: Int, group: Int)] {
        var better = [Int](repeating: 0, count: order.count)
        var worse = better
        let own: [(low: Double, high: Double)]
        if case .none = uncertainty { own = [] } else { own = order.map { selfEnds($0) } }
        var groups: [Int] = []
        var leader = 0
        for i in order.indices {
            if i > 0 {
                let isBehind = isSurelyAbove(order, leader, i, own)
                groups.append((groups.last ?? 1) + (isBehind ? 1 : 0))
                if isBehind { leader = i }
            } else {
                groups.append(1)
            }
            for j in (i + 1)..<max(order.count, i + 1) where isSurelyAbove(order, i, j, own) {
                better[j] += 1
                worse[i] += 1
            }
        }
        return order.indices.map { (1 + better[$0], order.count - worse[$0], groups[$0]) }
    }

    private func isSurelyAbove(_ order: [Int], _ i: Int, _ j: Int, _ own: [(low: Double, high: Double)]) -> Bool {
        let value = values[order[i]] - values[order[j]]
        guard value > 0 else { return false }
        // Standard errors of a difference are at most the sum of both, so most pairs are settled without looking closer.
        switch uncertainty {
        case .none: return true
        case .sandwich, .fisher, .independent, .contextual: if value > slack(own[i], own[j]) { return true }
        case .bootstrap, .replicates: if value > 4 * slack(own[i], own[j]) { return true }
        }
        return difference(order[i], order[j]).low > 0
    }

    /// A rating's ends against the mean, whoever the anchor is.
    private func selfEnds(_ player: Int) -> (low: Double, high: Double) {
        var free = self
        free.anchor = nil
        return free.ends(of: player)
    }
}

extension Leaderboard {
    /// Rows of all players, island after island.
    static func rows(_ estimate: BoardEstimate, _ table: BattleTable, _ connectivity: Connectivity, minimum: Int) -> [Row] {
        var tally = table.names.map { _ in (wins: 0.0, ties: 0.0, losses: 0.0, opponents: 0) }
        for pair in table.pairs {
            let (first, second) = (Int(pair.first), Int(pair.second))
            tally[first].wins += pair.wins
            tally[second].wins += pair.losses
            tally[first].losses += pair.losses
            tally[second].losses += pair.wins
            for player in [first, second] {
                tally[player].ties += pair.ties
                tally[player].opponents += 1
            }
        }
        var islands = [[Int]](repeating: [], count: connectivity.islandCount)
        for player in table.names.indices { islands[connectivity.island[player]].append(player) }
        let provisional = isProvisional(table, connectivity, minimum: minimum)
        var rows: [Row] = []
        for players in islands {
            let order = players.sorted { (-estimate.values[$0], table.names[$0]) < (-estimate.values[$1], table.names[$1]) }
            let places = estimate.places(order)
            var rank = 1
            for (index, player) in order.enumerated() {
                if index > 0, estimate.values[player] < estimate.values[order[index - 1]] { rank = index + 1 }
                let ends = estimate.ends(of: player)
                let own = tally[player]
                rows.append(
                    Row(
                        name: table.names[player],
                        rating: Interval(
                            value: estimate.values[player], low: ends.low, high: ends.high,
                            count: Int((own.wins + own.ties + own.losses).rounded())), rank: rank,
                        rankLow: min(places[index].low, rank), rankHigh: max(places[index].high, rank),
                        group: places[index].group, wins: own.wins, ties: own.ties, losses: own.losses,
                        opponentCount: own.opponents, island: connectivity.island[player],
                        isWinless: connectivity.isWinless[player], isPerfect: connectivity.isPerfect[player],
                        isSeparated: connectivity.isSeparated[player], isProvisional: provisional[player]))
            }
        }
        return rows
    }

    /// Per player, whether it is separated or has played too little.
    static func isProvisional(_ table: BattleTable, _ connectivity: Connectivity, minimum: Int) -> [Bool] {
        var units = [Double](repeating: 0, count: table.names.count)
        for pair in table.singles {
            units[Int(pair.first)] += pair.weight
            units[Int(pair.second)] += pair.weight
        }
        var toucher = [Int](repeating: -1, count: table.names.count)
        for room in 0..<table.roomCount {
            for battle in table.roomBattles[table.roomStarts[room]..<table.roomStarts[room + 1]] {
                let pair = table.pairs[Int(battle.pair)]
                for player in [Int(pair.first), Int(pair.second)] where toucher[player] != room {
                    toucher[player] = room
                    units[player] += 1
                }
            }
        }
        return units.indices.map { connectivity.isSeparated[$0] || units[$0] < Double(minimum) }
    }
}
