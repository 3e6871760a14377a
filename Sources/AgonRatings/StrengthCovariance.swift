import AgonCore

/// Variances of differences between fitted strengths, in nats².
struct StrengthCovariance {
    let system: StrengthSystem
    let factor: CholeskyFactor
    let scores: ClusteredScores

    /// The variance of Σ contrast · strength, by the model and by the sandwich.
    ///
    /// - Parameter contrast: one factor per unknown; the anchor's strength is 0 and has no variance.
    func variances(of contrast: [Double]) -> (model: Double, sandwich: Double) {
        let solved = factor.solve(contrast)
        let model = zip(contrast, solved).reduce(0) { $0 + $1.0 * $1.1 }
        return (model, scores.quadraticForm(solved))
    }

    /// The variance of one player's strength less another's, by player index.
    func variances(of player: Int, over other: Int) -> (model: Double, sandwich: Double) {
        var contrast = [Double](repeating: 0, count: system.size)
        if let place = system.unknown[player] { contrast[place] += 1 }
        if let place = system.unknown[other] { contrast[place] -= 1 }
        return variances(of: contrast)
    }
}
