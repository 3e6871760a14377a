import CKernels

/// The loops over whole parameter buffers that an optimiser needs.
extension Kernels {
    /// One AdamW step over neighbouring parameters, in place.
    ///
    ///     p ← p · (1 − lr · decay)
    ///     g ← gradient · gradientScale
    ///     m ← β1 m + (1 − β1) g,   v ← β2 v + (1 − β2) g²
    ///     p ← p − lr · (m / correction1) / (√(v / correction2) + epsilon)
    ///
    /// - Parameters:
    ///   - corrections: 1 − β1ᵗ and 1 − β2ᵗ with t from 1.
    /// - Precondition: the four buffers have the same length.
    public func adamW(
        _ parameters: UnsafeMutableBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Float>,
        mean: UnsafeMutableBufferPointer<Float>, meanSquare: UnsafeMutableBufferPointer<Float>, gradientScale: Float,
        learningRate: Float, beta1: Float, beta2: Float, epsilon: Float, decay: Float, corrections: (Float, Float)
    ) {
        let count = parameters.count
        precondition(
            gradient.count == count && mean.count == count && meanSquare.count == count,
            "an optimiser step needs buffers of one length")
        guard let p = parameters.baseAddress, let g = gradient.baseAddress, let m = mean.baseAddress,
            let v = meanSquare.baseAddress
        else { return }
        share(count, unit: 16, nanoseconds: count / 4) { part in
            let at = part.lowerBound
            table.pointee.adamw(
                p + at, g + at, m + at, v + at, part.count, gradientScale, learningRate, beta1, beta2, epsilon, decay,
                corrections.0, corrections.1)
        }
    }

    /// Σ x² in double, in an order that depends on the length only.
    public func sumOfSquares(_ x: UnsafeMutableBufferPointer<Float>) -> Double {
        guard let base = x.baseAddress else { return 0 }
        return table.pointee.sum_squares(base, x.count)
    }

    /// sum ← sum + x, element by element.
    ///
    /// - Precondition: both have the same length.
    public func add(_ x: UnsafeMutableBufferPointer<Float>, to sum: UnsafeMutableBufferPointer<Float>) {
        precondition(x.count == sum.count, "a sum of two buffers needs one length")
        guard let from = x.baseAddress, let into = sum.baseAddress else { return }
        table.pointee.axpy(into, from, 1, x.count)
    }
}
