/// What the losses read of one pair. Log-probabilities are sums over own tokens, in nats.
struct PairPoint {
    /// c = log π_θ − log π_ref of the chosen side.
    let chosenLogRatio: Double
    /// d, the same of the rejected side.
    let rejectedLogRatio: Double
    /// log π_θ of the chosen side.
    let chosenLogProb: Double
    /// n⁺, n⁻: own tokens of each side.
    let chosenCount: Double
    let rejectedCount: Double
    /// Mean of n⁺ over the batch: makes a token mean over the batch a mean over pairs.
    let meanChosenCount: Double
    let beta: Double
}

/// A pair's loss with its derivatives with respect to the summed log π_θ of each side.
struct PairLoss {
    var loss = 0.0
    var chosenGradient = 0.0
    var rejectedGradient = 0.0

    static func of(_ type: PreferenceLossType, at point: PairPoint) -> PairLoss {
        switch type {
        case .sigmoid: sigmoidLoss(point)
        case .hinge: hingeLoss(point)
        case .ipo: ipoLoss(point)
        case .sigmoidNorm: sigmoidNormLoss(point)
        case .ncaPair: ncaPairLoss(point)
        case .bcoPair: bcoPairLoss(point)
        case .sppoHard: sppoHardLoss(point)
        case .apoZero: apoZeroLoss(point)
        case .apoDown: apoDownLoss(point)
        case .sft: sftLoss(point)
        }
    }
}

private func sigmoidLoss(_ p: PairPoint) -> PairLoss {
    let margin = p.beta * (p.chosenLogRatio - p.rejectedLogRatio)
    let slope = p.beta * sigmoid(-margin)
    return PairLoss(loss: -logSigmoid(margin), chosenGradient: -slope, rejectedGradient: slope)
}

private func hingeLoss(_ p: PairPoint) -> PairLoss {
    let margin = p.beta * (p.chosenLogRatio - p.rejectedLogRatio)
    let slope = margin < 1 ? p.beta : 0
    return PairLoss(loss: max(0, 1 - margin), chosenGradient: -slope, rejectedGradient: slope)
}

private func ipoLoss(_ p: PairPoint) -> PairLoss {
    let distance =
        p.chosenLogRatio / p.chosenCount - p.rejectedLogRatio / p.rejectedCount - 1 / (2 * p.beta)
    return PairLoss(
        loss: distance * distance, chosenGradient: 2 * distance / p.chosenCount,
        rejectedGradient: -2 * distance / p.rejectedCount)
}

private func sigmoidNormLoss(_ p: PairPoint) -> PairLoss {
    let margin = p.beta * (p.chosenLogRatio / p.chosenCount - p.rejectedLogRatio / p.rejectedCount)
    let slope = p.beta * sigmoid(-margin)
    return PairLoss(
        loss: -logSigmoid(margin), chosenGradient: -slope / p.chosenCount, rejectedGradient: slope / p.rejectedCount)
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

private func sftLoss(_ p: PairPoint) -> PairLoss {
    PairLoss(loss: -p.chosenLogProb / p.meanChosenCount, chosenGradient: -1 / p.meanChosenCount)
}

/// σ′(z) = σ(z) σ(−z).
private func sigmoidSlope(_ z: Double) -> Double { sigmoid(z) * sigmoid(-z) }
