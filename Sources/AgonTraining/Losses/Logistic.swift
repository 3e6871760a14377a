import Foundation

/// log σ(z) without overflow: min(z, 0) − log(1 + e^−|z|).
func logSigmoid(_ z: Double) -> Double { min(z, 0) - log1p(exp(-abs(z))) }

/// σ(z) = 1 / (1 + e^−z) without overflow on either side.
func sigmoid(_ z: Double) -> Double {
    let small = exp(-abs(z))
    return z >= 0 ? 1 / (1 + small) : small / (1 + small)
}

/// σ′(z) = σ(z) σ(−z).
func sigmoidSlope(_ z: Double) -> Double { sigmoid(z) * sigmoid(-z) }

/// log(1 − e^x) of an x below zero, in the form that keeps its digits near both ends (Mächler 2012).
func log1mexp(_ x: Double) -> Double { x > -0.693_147_180_559_945_3 ? log(-expm1(x)) : log1p(-exp(x)) }

extension Array where Element == Double {
    /// The mean, 0 of nothing.
    var mean: Double { isEmpty ? 0 : reduce(0, +) / Double(count) }

    /// The sample's standard deviation with n − 1 in the denominator, 0 of fewer than two values.
    var sampleDeviation: Double {
        guard count > 1 else { return 0 }
        let mean = mean
        return (reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)).squareRoot()
    }
}
