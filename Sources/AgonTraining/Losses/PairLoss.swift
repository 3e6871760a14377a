import Foundation

/// What the losses read of one pair. Log-probabilities are sums over own tokens, in nats.
struct PairPoint {
    /// c = log π_θ − log π_ref of the chosen side.
    let chosenLogRatio: Double
    /// d, the same of the rejected side.
    let rejectedLogRatio: Double
    /// n⁺, n⁻: own tokens of each side.
    let chosenCount: Double
    let rejectedCount: Double
    /// How probable it is that the chosen side is the better one.
    let label: Double
    let beta: Double
    let options: PreferenceLossOptions

    private var divergence: PreferenceDivergence { options.divergence ?? .reverseKL }

    /// u and v with their derivatives in c and d: the divergence's scores.
    var scores: (chosen: (value: Double, slope: Double), rejected: (value: Double, slope: Double)) {
        (divergence.score(chosenLogRatio), divergence.score(rejectedLogRatio))
    }
}

/// A pair's loss with its derivatives with respect to the summed log π_θ of each side.
struct PairLoss {
    var loss = 0.0
    var chosenGradient = 0.0
    var rejectedGradient = 0.0

    /// - Precondition: the type has a loss per pair and reads log-ratios, so it is neither of `aot*` nor `sft`.
    static func of(_ type: PreferenceLossType, at point: PairPoint) -> PairLoss {
        switch type {
        case .sigmoid: logisticLoss(point, smoothing: 0)
        case .cdpo: logisticLoss(point, smoothing: point.options.labelSmoothing ?? 0)
        case .hinge: marginLoss(point) { z in (max(0, 1 - z), z < 1 ? -1 : 0) }
        case .exoPair: exoPairLoss(point)
        case .robust: robustLoss(point)
        case .discopop: discopopLoss(point)
        case .ipo: ipoLoss(point)
        case .sigmoidNorm: sigmoidNormLoss(point)
        case .ncaPair: ncaPairLoss(point)
        case .bcoPair: bcoPairLoss(point)
        case .sppoHard: sppoHardLoss(point)
        case .apoZero: apoZeroLoss(point)
        case .apoDown: apoDownLoss(point)
        case .aot, .aotUnpaired, .sft: preconditionFailure("\(type.rawValue) is no loss of one pair's log-ratios")
        }
    }
}

/// A loss of z = β(g(c) − g(d)).
private func marginLoss(_ p: PairPoint, _ function: (Double) -> (value: Double, slope: Double)) -> PairLoss {
    let (chosen, rejected) = p.scores
    let loss = function(p.beta * (chosen.value - rejected.value))
    return PairLoss(
        loss: loss.value, chosenGradient: loss.slope * p.beta * chosen.slope,
        rejectedGradient: -loss.slope * p.beta * rejected.slope)
}

/// −p log σ(z′) − (1 − p) log σ(−z′) with z′ = z + α(n⁺ − n⁻) − βλ·max(0, −c), and p the label after smoothing.
private func logisticLoss(_ p: PairPoint, smoothing: Double) -> PairLoss {
    let (chosen, rejected) = p.scores
    let label = p.label * (1 - smoothing) + (1 - p.label) * smoothing
    let penalty = p.beta * (p.options.dpopLambda ?? 0)
    let z = p.beta * (chosen.value - rejected.value) + (p.options.lengthAlpha ?? 0) * (p.chosenCount - p.rejectedCount)
        - penalty * max(0, -p.chosenLogRatio)
    let slope = (1 - label) * sigmoid(z) - label * sigmoid(-z)
    let opposite = label == 1 ? 0 : (1 - label) * logSigmoid(-z)
    return PairLoss(
        loss: -label * logSigmoid(z) - opposite,
        chosenGradient: slope * (p.beta * chosen.slope + (p.chosenLogRatio < 0 ? penalty : 0)),
        rejectedGradient: -slope * p.beta * rejected.slope)
}

private func exoPairLoss(_ p: PairPoint) -> PairLoss {
    let epsilon = p.options.labelSmoothing ?? 0
    return marginLoss(p) { z in
        let (high, low) = (logSigmoid(z) - log1p(-epsilon), logSigmoid(-z) - log(epsilon))
        // The two log σ change by σ(−z) and −σ(z), which their weights σ(z) and σ(−z) cancel.
        return (sigmoid(z) * high + sigmoid(-z) * low, sigmoidSlope(z) * (high - low))
    }
}

private func robustLoss(_ p: PairPoint) -> PairLoss {
    let epsilon = p.options.labelSmoothing ?? 0
    let scale = 1 / (1 - 2 * epsilon)
    return marginLoss(p) { z in
        let flipped = epsilon == 0 ? 0 : epsilon * logSigmoid(-z)
        return (
            scale * (flipped - (1 - epsilon) * logSigmoid(z)),
            -scale * (epsilon * sigmoid(z) + (1 - epsilon) * sigmoid(-z))
        )
    }
}

private func discopopLoss(_ p: PairPoint) -> PairLoss {
    let tau = p.options.discopopTau ?? 0.05
    return marginLoss(p) { z in
        let (share, logistic) = (sigmoid(z / tau), -logSigmoid(z))
        // e^−z overflows for a pair that is far on the wrong side, where its share is zero: their product is finite.
        let exponential = exp(-z + logSigmoid(z / tau))
        let mixed = (1 - share) * logistic + exponential
        let slope = -(1 - share) * sigmoid(-z) - exponential
            + (exp(-z + logSigmoid(z / tau) + logSigmoid(-z / tau)) - sigmoidSlope(z / tau) * logistic) / tau
        return (mixed, slope)
    }
}

private func ipoLoss(_ p: PairPoint) -> PairLoss {
    let (chosen, rejected) = p.scores
    let distance = chosen.value / p.chosenCount - rejected.value / p.rejectedCount - 1 / (2 * p.beta)
    return PairLoss(
        loss: distance * distance, chosenGradient: 2 * distance * chosen.slope / p.chosenCount,
        rejectedGradient: -2 * distance * rejected.slope / p.rejectedCount)
}

private func sigmoidNormLoss(_ p: PairPoint) -> PairLoss {
    let (chosen, rejected) = p.scores
    let margin = p.beta * (chosen.value / p.chosenCount - rejected.value / p.rejectedCount)
    let slope = p.beta * sigmoid(-margin)
    return PairLoss(
        loss: -logSigmoid(margin), chosenGradient: -slope * chosen.slope / p.chosenCount,
        rejectedGradient: slope * rejected.slope / p.rejectedCount)
}

private func ncaPairLoss(_ p: PairPoint) -> PairLoss {
    let (chosen, rejected) = (p.beta * p.chosenLogRatio, p.beta * p.rejectedLogRatio)
    return PairLoss(
        loss: -logSigmoid(chosen) - 0.5 * logSigmoid(-chosen) - 0.5 * logSigmoid(-rejected),
        chosenGradient: p.beta * (0.5 * sigmoid(chosen) - sigmoid(-chosen)),
        rejectedGradient: p.beta * 0.5 * sigmoid(rejected))
}

private func bcoPairLoss(_ p: PairPoint) -> PairLoss {
    let (chosen, rejected) = (p.beta * p.chosenLogRatio, p.beta * p.rejectedLogRatio)
    return PairLoss(
        loss: -logSigmoid(chosen) - logSigmoid(-rejected), chosenGradient: -p.beta * sigmoid(-chosen),
        rejectedGradient: p.beta * sigmoid(rejected))
}

private func sppoHardLoss(_ p: PairPoint) -> PairLoss {
    let target = 1 / (2 * p.beta)
    let (chosen, rejected) = (p.chosenLogRatio - target, p.rejectedLogRatio + target)
    return PairLoss(
        loss: chosen * chosen + rejected * rejected, chosenGradient: 2 * chosen, rejectedGradient: 2 * rejected)
}

private func apoZeroLoss(_ p: PairPoint) -> PairLoss {
    let (chosen, rejected) = (p.beta * p.chosenLogRatio, p.beta * p.rejectedLogRatio)
    return PairLoss(
        loss: sigmoid(-chosen) + sigmoid(rejected), chosenGradient: -p.beta * sigmoidSlope(chosen),
        rejectedGradient: p.beta * sigmoidSlope(rejected))
}

private func apoDownLoss(_ p: PairPoint) -> PairLoss {
    let chosen = p.beta * p.chosenLogRatio
    let margin = p.beta * (p.chosenLogRatio - p.rejectedLogRatio)
    return PairLoss(
        loss: sigmoid(chosen) + sigmoid(-margin),
        chosenGradient: p.beta * (sigmoidSlope(chosen) - sigmoidSlope(margin)),
        rejectedGradient: p.beta * sigmoidSlope(margin))
}
