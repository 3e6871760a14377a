import AgonCore
import Foundation

/// The equations of a Bradley–Terry fit: matches counted per pair of rated players, the anchor fixed at 0.
struct StrengthSystem {
    /// All matches of two players.
    struct Pair {
        /// Unknowns, or the anchor as nil. Never both nil.
        var first: Int?
        var second: Int?
        /// Sum of weights.
        var weight = 0.0
        /// Weighted points of `first`.
        var points = 0.0
    }

    struct Solution {
        /// Per unknown, nats above the anchor.
        var strengths: [Double]
        /// Of the negative second derivative of the log posterior.
        var factor: CholeskyFactor
    }

    /// Per player its unknown; nil for the anchor and for who is not rated.
    let unknown: [Int?]
    let isRated: [Bool]
    let size: Int
    let pairs: [Pair]
    /// 1/τ² in nats⁻².
    let priorPrecision: Double

    init(graph: MatchGraph, isRated: [Bool], priorPrecision: Double) {
        self.isRated = isRated
        self.priorPrecision = priorPrecision
        unknown = StrengthSystem.ordered(graph, isRated: isRated)
        size = unknown.reduce(0) { $0 + ($1 == nil ? 0 : 1) }
        pairs = graph.pairs.compactMap { [unknown] pair in
            guard isRated[pair.first] && isRated[pair.second] else { return nil }
            return Pair(
                first: unknown[pair.first], second: unknown[pair.second], weight: pair.weight, points: pair.points)
        }
    }

    /// Versions that played in the same rounds stand together and those that met everybody last, which keeps the
    /// factor's envelope narrow.
    private static func ordered(_ graph: MatchGraph, isRated: [Bool]) -> [Int?] {
        let free = graph.players.indices.filter { isRated[$0] && $0 != graph.anchor }
        let degrees = free.map { graph.opponentCount[$0] }.sorted()
        let common = degrees.isEmpty ? 0 : degrees[degrees.count / 2]
        func key(_ player: Int) -> (Int, Int, Int) {
            (graph.opponentCount[player] > 2 * common ? 1 : 0, graph.players[player].version, player)
        }
        var unknown = [Int?](repeating: nil, count: graph.players.count)
        for (place, player) in free.sorted(by: { key($0) < key($1) }).enumerated() { unknown[player] = place }
        return unknown
    }

    /// Newton's method with halved steps where a full one overshoots.
    func solve() throws(RatingError) -> Solution {
        var strengths = [Double](repeating: 0, count: size)
        var posterior = logPosterior(strengths)
        for _ in 0..<100 {
            let (gradient, hessian) = derivatives(strengths)
            guard let factor = CholeskyFactor(hessian, size: size) else { break }
            let step = factor.solve(gradient)
            var share = 1.0
            var next = strengths
            var reached = posterior
            repeat {
                next = zip(strengths, step).map { $0 + share * $1 }
                reached = logPosterior(next)
                share /= 2
            } while reached < posterior - 1e-12 * (1 + abs(posterior)) && share > 1e-9
            strengths = next
            posterior = reached
            let largest = step.reduce(0) { max($0, abs($1)) }
            if largest < 1e-9 { return Solution(strengths: strengths, factor: factor) }
        }
        throw RatingError(
            .notSolvable, "The strengths of \(size) policies did not converge over \(pairs.count) pairs of them.")
    }

    /// σ of the difference of a pair's strengths.
    func expectedScore(_ pair: Pair, _ strengths: [Double]) -> Double {
        1 / (1 + exp(-difference(pair, strengths)))
    }

    private func difference(_ pair: Pair, _ strengths: [Double]) -> Double {
        (pair.first.map { strengths[$0] } ?? 0) - (pair.second.map { strengths[$0] } ?? 0)
    }

    private func logPosterior(_ strengths: [Double]) -> Double {
        var sum = 0.0
        for pair in pairs {
            let d = difference(pair, strengths)
            let logOdds = max(0, -d) + log1p(exp(-abs(d)))
            sum -= pair.points * logOdds + (pair.weight - pair.points) * (logOdds + d)
        }
        return strengths.reduce(sum) { $0 - priorPrecision / 2 * $1 * $1 }
    }

    /// The gradient `[size]` and the negative second derivative `[size, size]` of the log posterior.
    private func derivatives(_ strengths: [Double]) -> (gradient: [Double], hessian: [Double]) {
        var gradient = strengths.map { -priorPrecision * $0 }
        var hessian = [Double](repeating: 0, count: size * size)
        for index in 0..<size { hessian[index * size + index] = priorPrecision }
        for pair in pairs {
            let p = expectedScore(pair, strengths)
            let residual = pair.points - pair.weight * p
            let information = pair.weight * p * (1 - p)
            if let first = pair.first {
                gradient[first] += residual
                hessian[first * size + first] += information
            }
            if let second = pair.second {
                gradient[second] -= residual
                hessian[second * size + second] += information
            }
            if let first = pair.first, let second = pair.second {
                hessian[max(first, second) * size + min(first, second)] -= information
            }
        }
        return (gradient, hessian)
    }
}
