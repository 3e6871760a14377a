import Foundation

/// log σ(z) without overflow: min(z, 0) − log(1 + e^−|z|).
func logSigmoid(_ z: Double) -> Double { min(z, 0) - log1p(exp(-abs(z))) }

/// σ(z) = 1 / (1 + e^−z) without overflow on either side.
func sigmoid(_ z: Double) -> Double {
    let small = exp(-abs(z))
    return z >= 0 ? 1 / (1 + small) : small / (1 + small)
}
