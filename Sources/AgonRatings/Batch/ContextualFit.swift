import Foundation

/// Bradley–Terry with covariates of each game: what a longer answer, nicer markup or the first move are worth, and how
/// strong everybody is without them.
///
///     p = σ(r_first − r_second + Σ_k β_k · x_k)
///     loss = mean over games of −(s ln p + (1 − s) ln (1 − p)) + penalty/2 · Σ β²
///
/// Each x_k is divided by its standard deviation over the games, so β_k is per standard deviation; a constant one (1 for
/// "sits first") stays as it is. A tie is half a win. Strengths have mean 0.
///
/// - Source: Li et al. 2024, Does style matter? Disentangling style and substance in Chatbot Arena; Bradley and Terry 1952.
public struct ContextualFit: Sendable {
    /// What a fit may be told.
    public struct Options: Sendable, Hashable, Codable {
        /// Of the squared coefficients, on the mean loss.
        public var penalty: Double
        /// Covariates lose their mean as well. Their sides are then no longer alike: seat and sign matter.
        public var isCentred: Bool
        /// The prior's standard deviation in points where strengths would be infinite.
        public var fallbackDeviation: Double

        public init(penalty: Double = 0, isCentred: Bool = false, fallbackDeviation: Double = 1000) {
            self.penalty = penalty
            self.isCentred = isCentred
            self.fallbackDeviation = fallbackDeviation
        }
    }

    public let table: BattleTable
    public let connectivity: Connectivity
    public let priorDeviations: [Double?]
    /// In nats, players in the table's order.
    public let strengths: [Double]
    public let covariateNames: [String]
    /// In nats per standard deviation.
    public let coefficients: [Double]
    /// What each covariate was divided by.
    public let scales: [Double]
    /// Sandwich covariance `[players + covariates]²` in nats², game by game independent.
    let covariance: [Double]

    var size: Int { strengths.count + coefficients.count }

    /// - Throws: `invalidLog` for rooms of more than two seats or a covariate that is not finite; `notSolvable` where
    ///   covariates tell nothing apart that the players do not.
    public init(_ log: BattleLog, options: Options = Options()) async throws(RatingError) {
        for index in 0..<log.roomCount where log.room(index).count != 2 {
            throw RatingError(
                .invalidLog, "Room \(index) has \(log.room(index).count) seats: covariates are for games of two.")
        }
        if let index = log.covariates.firstIndex(where: { !$0.isFinite }) {
            throw RatingError(
                .invalidLog, "Game \(index / log.covariateNames.count) has a covariate that is no finite number.")
        }
        let table = log.table()
        let connectivity = Connectivity(table)
        let needsPrior = connectivity.mainNeedsPrior
        let priors = needsPrior.map { $0 ? options.fallbackDeviation : nil }
        let design = Design(log, table, isCentred: options.isCentred)
        let count = Double(max(log.roomCount, 1))
        var precision = connectivity.island.map { island in
            priors[island].map { pow(EloScale.pointsPerNat / $0, 2) } ?? 0
        }
        precision += [Double](repeating: options.penalty * count, count: log.covariateNames.count)
        let solved = try design.solve(precision: precision, island: connectivity.island)
        guard let inverse = await DenseInverse.inverse(of: solved.information, size: design.size) else {
            throw RatingError(.notSolvable, "The covariates and players of the log are not independent of one another.")
        }
        covariance = await DenseInverse.sandwich(inverse, design.scoreProducts(solved.values), size: design.size)
        self.table = table
        self.connectivity = connectivity
        priorDeviations = priors
        strengths = Array(solved.values.prefix(table.names.count))
        coefficients = Array(solved.values.dropFirst(table.names.count))
        covariateNames = log.covariateNames
        scales = design.scales
    }

    /// The coefficients in rating points per standard deviation, with their 95 % intervals.
    public var effects: [Leaderboard.Effect] {
        coefficients.indices.map { index in
            let place = strengths.count + index
            return Leaderboard.Effect(
                name: covariateNames[index],
                points: Interval(
                    value: EloScale.pointsPerNat * coefficients[index],
                    standardError: EloScale.pointsPerNat * max(0, covariance[place * size + place]).squareRoot(),
                    count: table.battleCount))
        }
    }

    /// The variance of the difference of two strengths, in nats².
    func difference(_ one: Int, _ other: Int) -> Double {
        covariance[one * size + one] + covariance[other * size + other] - 2 * covariance[one * size + other]
    }

    /// Games as rows: two players, a score, and scaled covariates.
    private struct Design: Sendable {
        let first: [Int32]
        let second: [Int32]
        let scores: [Double]
        /// `[games, covariates]`.
        let features: [Double]
        let scales: [Double]
        let playerCount: Int
        let featureCount: Int

        var size: Int { playerCount + featureCount }

        init(_ log: BattleLog, _ table: BattleTable, isCentred: Bool) {
            let numbers = log.names.map { Int32(table.index(of: $0) ?? 0) }
            first = stride(from: 0, to: log.seats.count, by: 2).map { numbers[Int(log.seats[$0])] }
            second = stride(from: 0, to: log.seats.count, by: 2).map { numbers[Int(log.seats[$0 + 1])] }
            scores = stride(from: 0, to: log.seats.count, by: 2).map {
                BattleOutcome(Int32(log.ranks[$0]), Int32(log.ranks[$0 + 1])).score
            }
            playerCount = table.names.count
            let count = log.covariateNames.count
            featureCount = count
            var features = log.covariates
            var scales = [Double](repeating: 1, count: count)
            let rows = Double(max(log.roomCount, 1))
            for column in 0..<count {
                let places = stride(from: column, to: features.count, by: count)
                let mean = places.reduce(0) { $0 + features[$1] } / rows
                let variance = places.reduce(0) { $0 + (features[$1] - mean) * (features[$1] - mean) } / rows
                if variance > 1e-24 * (1 + mean * mean) { scales[column] = variance.squareRoot() }
                let shift = isCentred && scales[column] != 1 ? mean : 0
                for place in places { features[place] = (features[place] - shift) / scales[column] }
            }
            self.features = features
            self.scales = scales
        }

        private func logOdds(_ game: Int, _ values: [Double]) -> Double {
            var sum = values[Int(first[game])] - values[Int(second[game])]
            for column in 0..<featureCount {
                sum += values[playerCount + column] * features[game * featureCount + column]
            }
            return sum
        }

        /// Σ over games of `weight` · x·xᵀ with x the row of the design, `[size, size]`.
        private func squares(_ weight: (Int) -> Double) -> [Double] {
            let size = size
            var matrix = [Double](repeating: 0, count: size * size)
            for game in scores.indices {
                let w = weight(game)
                let (i, j) = (Int(first[game]), Int(second[game]))
                matrix[i * size + i] += w
                matrix[j * size + j] += w
                matrix[i * size + j] -= w
                matrix[j * size + i] -= w
                for column in 0..<featureCount {
                    let part = w * features[game * featureCount + column]
                    let place = playerCount + column
                    for (player, value) in [(i, part), (j, -part)] {
                        matrix[player * size + place] += value
                        matrix[place * size + player] += value
                    }
                    for other in 0..<featureCount {
                        matrix[place * size + playerCount + other] += part * features[game * featureCount + other]
                    }
                }
            }
            return matrix
        }

        func scoreProducts(_ values: [Double]) -> [Double] {
            squares { game in
                let residual = scores[game] - logistic(logOdds(game, values))
                return residual * residual
            }
        }

        /// Newton's method; the information comes with the gauge of each island that has no prior.
        func solve(
            precision: [Double], island: [Int]
        ) throws(RatingError) -> (values: [Double], information: [Double]) {
            var values = [Double](repeating: 0, count: size)
            guard !scores.isEmpty else { return (values, unitMatrix()) }
            var last = objective(values, precision)
            for _ in 0..<100 {
                var gradient = values.indices.map { -precision[$0] * values[$0] }
                for game in scores.indices {
                    let residual = scores[game] - logistic(logOdds(game, values))
                    gradient[Int(first[game])] += residual
                    gradient[Int(second[game])] -= residual
                    for column in 0..<featureCount {
                        gradient[playerCount + column] += residual * features[game * featureCount + column]
                    }
                }
                var information = squares { game in
                    let p = logistic(logOdds(game, values))
                    return p * (1 - p)
                }
                for index in 0..<size { information[index * size + index] += precision[index] }
                for i in 0..<playerCount where precision[i] == 0 {
                    for j in 0..<playerCount where island[j] == island[i] { information[i * size + j] += 1 }
                }
                guard let factor = CholeskyFactor(information, size: size) else { break }
                let step = factor.solve(gradient)
                var share = 1.0
                var next = values
                var reached = last
                repeat {
                    next = zip(values, step).map { $0 + share * $1 }
                    reached = objective(next, precision)
                    share /= 2
                } while reached < last - 1e-12 * (1 + abs(last)) && share > 1e-9
                (values, last) = (next, reached)
                if step.allSatisfy({ abs($0) < 1e-9 }) { return (values, information) }
            }
            throw RatingError(
                .notSolvable, "The strengths of \(playerCount) players with \(featureCount) covariates did not converge.")
        }

        private func unitMatrix() -> [Double] {
            (0..<(size * size)).map { $0 / max(size, 1) == $0 % max(size, 1) ? 1 : 0 }
        }

        private func objective(_ values: [Double], _ precision: [Double]) -> Double {
            var sum = 0.0
            for game in scores.indices {
                let x = logOdds(game, values)
                sum += scores[game] * logLogistic(x) + (1 - scores[game]) * logLogistic(-x)
            }
            for index in values.indices { sum -= precision[index] / 2 * values[index] * values[index] }
            return sum
        }
    }
}
