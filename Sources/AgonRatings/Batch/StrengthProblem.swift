import Foundation

/// The equations of a table by one tie model.
///
/// The unknowns are the strengths in nats and, where the tie model has one, its parameter behind them. Strengths are
/// known only up to a common shift of each island; their mean is 0 on each. With a prior of precision λ on every
/// strength of an island the mode has mean 0 by itself.
struct StrengthProblem<Model: PairLikelihood>: Sendable {
    struct Solution: Sendable {
        /// Strengths with mean 0, then the tie parameter.
        var values: [Double]
        var iterationCount: Int

        func tie(_ count: Int) -> Double { values.count > count ? values[count] : 0 }
    }

    /// First and second derivatives at some values, the pairs' curvatures apart.
    struct Derivatives: Sendable {
        var gradient: [Double]
        /// Per pair.
        var curvature: [Double]
        var diagonal: [Double]
        /// Second derivatives by the tie parameter and each strength; empty without parameter.
        var border: [Double]
        var tieCurvature: Double
    }

    let pairs: [BattleTable.Pair]
    /// Per player, from 0.
    let island: [Int]
    /// Players of each island.
    let islandSizes: [Int]
    /// Per island λ in nats⁻²; 0 for none.
    let precision: [Double]

    init(pairs: [BattleTable.Pair], island: [Int], precision: [Double]) {
        self.pairs = pairs
        self.island = island
        self.precision = precision
        islandSizes = island.reduce(into: [Int](repeating: 0, count: precision.count)) { $0[$1] += 1 }
    }

    var playerCount: Int { island.count }
    var size: Int { playerCount + (Model.hasTieParameter ? 1 : 0) }

    /// Above this many unknowns Newton's equations are solved by conjugate gradients.
    static var denseLimit: Int { 192 }

    /// Newton's method from `start`, or from the log-odds of each player's score.
    ///
    /// The log-likelihood is concave, so a full step is taken unless the slope along it has turned by more than it was:
    /// then it overshot and is halved. No logarithms are needed for that.
    func solve(from start: [Double]? = nil) throws(RatingError) -> Solution {
        var values = start ?? startingValues()
        var now = derivatives(values)
        for iteration in 1...100 {
            let step = try newtonStep(now)
            let promised = dot(step, now.gradient)
            var share = 1.0
            var next = values
            var reached = now
            while true {
                next = values.indices.map { values[$0] + share * step[$0] }
                if isAdmissible(next) {
                    reached = derivatives(next)
                    if dot(step, reached.gradient) >= -0.9 * promised || share < 1e-9 { break }
                }
                share /= 2
            }
            values = next
            now = reached
            let largest = step.reduce(0) { max($0, abs($1)) }
            // The error after a Newton step is of the order of its square.
            if share == 1, largest < 1e-7 { return Solution(values: centred(values), iterationCount: iteration) }
        }
        throw RatingError(
            .notSolvable, "The strengths of \(playerCount) players did not converge over \(pairs.count) pairs of them.")
    }

    /// The log-likelihood, without the prior.
    func logLikelihood(_ values: [Double]) -> Double {
        let model = Model(tie: tie(values))
        return pairs.reduce(0) { $0 + model.logLikelihood(values[Int($1.first)] - values[Int($1.second)], $1) }
    }

    func tie(_ values: [Double]) -> Double { Model.hasTieParameter ? values[playerCount] : 0 }

    /// The threshold of Rao and Kupper stays positive.
    func isAdmissible(_ values: [Double]) -> Bool { !(Model.self is RaoKupper.Type) || tie(values) > 0 }

    private func startingValues() -> [Double] {
        var points = [Double](repeating: 0, count: playerCount)
        var games = points
        var ties = 0.0
        for pair in pairs {
            points[Int(pair.first)] += pair.points
            points[Int(pair.second)] += pair.weight - pair.points
            games[Int(pair.first)] += pair.weight
            games[Int(pair.second)] += pair.weight
            ties += pair.ties
        }
        var values = zip(points, games).map { log(($0 + 0.5) / ($1 - $0 + 0.5)) }
        if Model.hasTieParameter {
            let share = 2 * ties / games.reduce(0, +)
            // What fits two equal players.
            values.append(
                Model.self is Davidson.Type ? log(2 * share / (1 - share)) : log((1 + share) / (1 - share)))
        }
        return centred(values)
    }

    func centred(_ values: [Double]) -> [Double] {
        var means = [Double](repeating: 0, count: islandSizes.count)
        for player in 0..<playerCount { means[island[player]] += values[player] }
        for index in means.indices { means[index] /= Double(islandSizes[index]) }
        var result = values
        for player in 0..<playerCount { result[player] -= means[island[player]] }
        return result
    }

    func derivatives(_ values: [Double]) -> Derivatives {
        let model = Model(tie: tie(values))
        var gradient = [Double](repeating: 0, count: size)
        var diagonal = gradient
        for player in 0..<playerCount {
            diagonal[player] = precision[island[player]]
            gradient[player] = -diagonal[player] * values[player]
        }
        var border = [Double](repeating: 0, count: Model.hasTieParameter ? playerCount : 0)
        var tieSlope = 0.0
        var tieCurvature = 0.0
        let curvature = [Double](unsafeUninitializedCapacity: pairs.count) { buffer, count in
            for index in pairs.indices {
                let pair = pairs[index]
                let (first, second) = (Int(pair.first), Int(pair.second))
                let terms = model.terms(values[first] - values[second], pair)
                buffer.initializeElement(at: index, to: terms.curvature)
                gradient[first] += terms.slope
                gradient[second] -= terms.slope
                diagonal[first] += terms.curvature
                diagonal[second] += terms.curvature
                if Model.hasTieParameter {
                    tieSlope += terms.tieSlope
                    tieCurvature += terms.tieCurvature
                    border[first] += terms.cross
                    border[second] -= terms.cross
                }
            }
            count = pairs.count
        }
        if Model.hasTieParameter { (gradient[playerCount], diagonal[playerCount]) = (tieSlope, tieCurvature) }
        return Derivatives(
            gradient: gradient, curvature: curvature, diagonal: diagonal, border: border, tieCurvature: tieCurvature)
    }

    /// The first derivatives alone.
    func gradient(_ values: [Double]) -> [Double] {
        let model = Model(tie: tie(values))
        var gradient = [Double](repeating: 0, count: size)
        for player in 0..<playerCount { gradient[player] = -precision[island[player]] * values[player] }
        pairs.withUnsafeBufferPointer { pairs in
            for pair in pairs {
                let (first, second) = (Int(pair.first), Int(pair.second))
                let terms = model.terms(values[first] - values[second], pair)
                gradient[first] += terms.slope
                gradient[second] -= terms.slope
                if Model.hasTieParameter { gradient[playerCount] += terms.tieSlope }
            }
        }
        return gradient
    }

    private func newtonStep(_ at: Derivatives) throws(RatingError) -> [Double] {
        if size <= Self.denseLimit, let factor = CholeskyFactor(information(at), size: size) {
            return centred(factor.solve(at.gradient))
        }
        // What is left of the step's error, a ten thousandth, is the next step's to correct.
        if let step = conjugateGradients(at, target: at.gradient, tolerance: 1e-4) { return centred(step) }
        guard size <= BattleFit.denseCovarianceLimit, let factor = CholeskyFactor(information(at), size: size) else {
            throw RatingError(
                .notSolvable,
                "The Newton step of \(playerCount) players did not converge; they hang together by too few battles.")
        }
        return centred(factor.solve(at.gradient))
    }

    /// Per island what is added to every element of its strengths' information, so that their common shift has one as
    /// well: it changes no difference of strengths.
    func gauges(_ at: Derivatives) -> [Double] {
        var sums = [Double](repeating: 0, count: islandSizes.count)
        for player in 0..<playerCount { sums[island[player]] += at.diagonal[player] }
        return sums.indices.map { index in
            guard precision[index] == 0 else { return 0 }
            return sums[index] > 0 ? sums[index] / Double(islandSizes[index] * islandSizes[index]) : 1
        }
    }

    /// Per island what the inverse of the information holds too much in every element, by the gauge or the prior.
    func shifts(_ at: Derivatives) -> [Double] {
        gauges(at).enumerated().map { index, gauge in
            let count = Double(islandSizes[index])
            return gauge > 0 ? 1 / (gauge * count * count) : 1 / (precision[index] * count)
        }
    }

    /// The negative second derivative `[size, size]`, row-major, both triangles, positive definite by the gauge.
    func information(_ at: Derivatives) -> [Double] {
        let size = size
        var matrix = [Double](repeating: 0, count: size * size)
        let gauges = gauges(at)
        for row in 0..<playerCount where gauges[island[row]] > 0 {
            for column in 0..<playerCount where island[column] == island[row] {
                matrix[row * size + column] = gauges[island[row]]
            }
        }
        for index in 0..<size { matrix[index * size + index] += at.diagonal[index] }
        for (index, pair) in pairs.enumerated() {
            matrix[Int(pair.first) * size + Int(pair.second)] -= at.curvature[index]
            matrix[Int(pair.second) * size + Int(pair.first)] -= at.curvature[index]
        }
        for (player, value) in at.border.enumerated() {
            matrix[player * size + playerCount] = value
            matrix[playerCount * size + player] = value
        }
        return matrix
    }

    /// The solution of H·x = target by conjugate gradients with H's diagonal in front; nil where it does not converge.
    ///
    /// - Source: Hestenes and Stiefel 1952, J. Research NBS 49(6).
    func conjugateGradients(_ at: Derivatives, target: [Double], tolerance: Double = 1e-12) -> [Double]? {
        var solution = [Double](repeating: 0, count: size)
        var residual = target
        var direction = [Double](repeating: 0, count: size)
        var product = direction
        var last = 0.0
        let goal = tolerance * tolerance * zip(target, at.diagonal).reduce(0) { $0 + $1.0 * $1.0 / max($1.1, 1e-300) }
        for iteration in 0..<(10 * size + 100) {
            let scaled = zip(residual, at.diagonal).map { $0 / max($1, 1e-300) }
            let now = dot(residual, scaled)
            if now <= goal { return solution }
            let share = iteration == 0 ? 0 : now / last
            for index in 0..<size { direction[index] = scaled[index] + share * direction[index] }
            multiply(at, direction, into: &product)
            let length = now / dot(direction, product)
            guard length.isFinite else { return nil }
            for index in 0..<size {
                solution[index] += length * direction[index]
                residual[index] -= length * product[index]
            }
            last = now
        }
        return nil
    }

    /// H·x, without the gauge.
    private func multiply(_ at: Derivatives, _ x: [Double], into product: inout [Double]) {
        for index in 0..<size { product[index] = index < playerCount ? precision[island[index]] * x[index] : 0 }
        at.curvature.withUnsafeBufferPointer { curvature in
            pairs.withUnsafeBufferPointer { pairs in
                for index in pairs.indices {
                    let (first, second) = (Int(pairs[index].first), Int(pairs[index].second))
                    let flow = curvature[index] * (x[first] - x[second])
                    product[first] += flow
                    product[second] -= flow
                }
            }
        }
        guard Model.hasTieParameter else { return }
        for player in 0..<playerCount {
            product[player] += at.border[player] * x[playerCount]
            product[playerCount] += at.border[player] * x[player]
        }
        product[playerCount] += at.tieCurvature * x[playerCount]
    }
}

/// Σ left · right.
func dot(_ left: [Double], _ right: [Double]) -> Double {
    var sum = 0.0
    for index in left.indices { sum += left[index] * right[index] }
    return sum
}
