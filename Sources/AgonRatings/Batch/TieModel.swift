import Foundation

/// What a tie says about two players.
///
/// Boards made under different tie models must not be compared: the same battles with 20 % ties can spread over 464
/// points by `half`, 478 by `raoKupper` and 617 by `davidson`.
public enum TieModel: String, Sendable, Hashable, Codable, CaseIterable {
    /// A tie is half a win: simple, robust, and no likelihood (nothing says how probable a tie is).
    case half
    /// A tie is likelier the nearer two players are: P(tie) = ν·√(P(win)·P(loss)).
    ///
    /// - Source: Davidson 1970, JASA 65, pp. 317–328.
    case davidson
    /// A judge cannot tell differences below a threshold: P(win) = σ(d − ln θ), P(loss) = σ(−d − ln θ).
    ///
    /// - Source: Rao and Kupper 1967, JASA 62, pp. 194–204.
    case raoKupper = "rao-kupper"
}

/// One battle of a pair by one tie model; everything by d, the first's strength less the second's, in nats.
protocol PairLikelihood: Sendable {
    /// - Parameter tie: ln ν or ln θ; not read by models without a parameter.
    init(tie: Double)
    /// Whether the model has a parameter of its own to be estimated along.
    static var hasTieParameter: Bool { get }
    /// The log-likelihood of a pair's battles and its derivatives.
    func terms(_ d: Double, _ pair: BattleTable.Pair) -> PairTerms
    /// The log-likelihood of a pair's battles.
    func logLikelihood(_ d: Double, _ pair: BattleTable.Pair) -> Double
    /// The derivatives of ln p of an outcome by d and by the tie parameter.
    func score(_ d: Double, _ outcome: BattleOutcome) -> SIMD2<Double>
    /// P(win), P(tie), P(loss) of the first.
    func probabilities(_ d: Double) -> (win: Double, tie: Double, loss: Double)
}

/// Derivatives of a log-likelihood by d and by the tie parameter; second ones negated, so that they are not negative.
struct PairTerms {
    var slope: Double
    var curvature: Double
    var tieSlope = 0.0
    var tieCurvature = 0.0
    /// −∂²/∂d∂tie.
    var cross = 0.0
}

/// σ(x) = 1 / (1 + e^−x).
@inline(__always) func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// ln σ(x) without overflow.
@inline(__always) func logLogistic(_ x: Double) -> Double { min(x, 0) - log1p(exp(-abs(x))) }

struct HalfTies: PairLikelihood {
    static let hasTieParameter = false

    init(tie: Double) {}

    @inline(__always) func terms(_ d: Double, _ pair: BattleTable.Pair) -> PairTerms {
        let p = logistic(d)
        let weight = pair.weight
        return PairTerms(slope: pair.points - weight * p, curvature: weight * p * (1 - p))
    }

    func logLikelihood(_ d: Double, _ pair: BattleTable.Pair) -> Double {
        pair.points * logLogistic(d) + (pair.weight - pair.points) * logLogistic(-d)
    }

    func score(_ d: Double, _ outcome: BattleOutcome) -> SIMD2<Double> { [outcome.score - logistic(d), 0] }

    func probabilities(_ d: Double) -> (win: Double, tie: Double, loss: Double) { (logistic(d), 0, logistic(-d)) }
}

/// With Z = 2·cosh(d/2) + ν: P = e^(d/2)/Z, ν/Z, e^(−d/2)/Z. Jointly concave in the strengths and ln ν.
struct Davidson: PairLikelihood {
    static let hasTieParameter = true
    let nu: Double
    let logNu: Double

    init(tie: Double) {
        nu = exp(tie)
        logNu = tie
    }

    @inline(__always) func terms(_ d: Double, _ pair: BattleTable.Pair) -> PairTerms {
        let p = probabilities(d)
        let weight = pair.weight
        let mean = (p.win - p.loss) / 2
        return PairTerms(
            slope: (pair.wins - pair.losses) / 2 - weight * mean,
            curvature: weight * ((p.win + p.loss) / 4 - mean * mean), tieSlope: pair.ties - weight * p.tie,
            tieCurvature: weight * p.tie * (1 - p.tie), cross: -weight * p.tie * mean)
    }

    func logLikelihood(_ d: Double, _ pair: BattleTable.Pair) -> Double {
        let half = abs(d) / 2
        let logZ = half + log(1 + exp(-2 * half) + nu * exp(-half))
        return (pair.wins - pair.losses) * d / 2 + pair.ties * logNu - pair.weight * logZ
    }

    func score(_ d: Double, _ outcome: BattleOutcome) -> SIMD2<Double> {
        let p = probabilities(d)
        let own: Double = outcome == .win ? 0.5 : outcome == .loss ? -0.5 : 0
        return [own - (p.win - p.loss) / 2, (outcome == .tie ? 1 : 0) - p.tie]
    }

    @inline(__always) func probabilities(_ d: Double) -> (win: Double, tie: Double, loss: Double) {
        // Divided by e^(|d|/2), so that nothing overflows.
        let small = exp(-abs(d))
        let middle = nu * exp(-abs(d) / 2)
        let z = 1 + small + middle
        return d >= 0 ? (1 / z, middle / z, small / z) : (small / z, middle / z, 1 / z)
    }
}

/// With η = ln θ: ln L = (w + t)·ln σ(d − η) + (l + t)·ln σ(−d − η) + t·ln(e^(2η) − 1). Jointly concave for η > 0.
struct RaoKupper: PairLikelihood {
    static let hasTieParameter = true
    let threshold: Double

    init(tie: Double) { threshold = tie }

    @inline(__always) func terms(_ d: Double, _ pair: BattleTable.Pair) -> PairTerms {
        let (win, loss) = (logistic(d - threshold), logistic(-d - threshold))
        let (above, below) = (pair.wins + pair.ties, pair.losses + pair.ties)
        let (one, other) = (above * win * (1 - win), below * loss * (1 - loss))
        let share = 1 / -expm1(-2 * threshold)
        return PairTerms(
            slope: above * (1 - win) - below * (1 - loss), curvature: one + other,
            tieSlope: 2 * pair.ties * share - above * (1 - win) - below * (1 - loss),
            tieCurvature: one + other + 4 * pair.ties * share * (share - 1), cross: other - one)
    }

    func logLikelihood(_ d: Double, _ pair: BattleTable.Pair) -> Double {
        let ties = pair.ties > 0 ? pair.ties * (2 * threshold + log(-expm1(-2 * threshold))) : 0
        return (pair.wins + pair.ties) * logLogistic(d - threshold)
            + (pair.losses + pair.ties) * logLogistic(-d - threshold) + ties
    }

    func score(_ d: Double, _ outcome: BattleOutcome) -> SIMD2<Double> {
        let (win, loss) = (logistic(d - threshold), logistic(-d - threshold))
        switch outcome {
        case .win: return [1 - win, win - 1]
        case .loss: return [loss - 1, loss - 1]
        case .tie: return [loss - win, 2 / -expm1(-2 * threshold) - (1 - win) - (1 - loss)]
        }
    }

    func probabilities(_ d: Double) -> (win: Double, tie: Double, loss: Double) {
        let (win, loss) = (logistic(d - threshold), logistic(-d - threshold))
        return (win, max(0, 1 - win - loss), loss)
    }
}
