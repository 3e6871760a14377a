import Foundation

/// How a model's rotary frequencies were changed after pre-training, to reach longer texts.
///
/// With the plain frequency f of a pair and its wavelength w = 2π/f in tokens:
///
///     linear   f / factor
///     llama3   f                                   where w < L / highFrequencyFactor
///              f / factor                          where w > L / lowFrequencyFactor
///              (1 − s) · f / factor + s · f        between, s = (L/w − low) / (high − low)
///
/// with L the positions of pre-training. Kinds that depend on a text's length (`dynamic`) or also scale the
/// attention (`yarn`, `longrope`) are not here; a folder that asks for them is refused.
/// - Source: Chen et al. 2023, arXiv:2306.15595, §2.3 (linear); Llama 3.1's reference code (llama3).
public enum RotaryScaling: Sendable, Equatable {
    /// All frequencies divided by the factor.
    case linear(factor: Double)
    /// Long wavelengths divided by the factor, short ones left, those between interpolated.
    case llama3(
        factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalPositionCount: Int)

    /// The frequency that a pair of plain frequency f, in radians per token, turns with.
    func scaled(_ frequency: Double) -> Double {
        switch self {
        case .linear(let factor): return frequency / factor
        case .llama3(let factor, let low, let high, let positionCount):
            let waves = Double(positionCount) * frequency / (2 * .pi)
            if waves > high { return frequency }
            if waves < low { return frequency / factor }
            let smooth = (waves - low) / (high - low)
            return (1 - smooth) * frequency / factor + smooth * frequency
        }
    }

    /// - Throws: `invalidConfig`, naming the first value out of its range.
    func check() throws(TransformerError) {
        func positive(_ name: String, _ value: Double) throws(TransformerError) {
            guard value.isFinite, value > 0 else {
                throw TransformerError(.invalidConfig, "The rope's \(name) must be positive, but is \(value).")
            }
        }
        switch self {
        case .linear(let factor): try positive("factor", factor)
        case .llama3(let factor, let low, let high, let positionCount):
            try positive("factor", factor)
            try positive("low_freq_factor", low)
            try positive("high_freq_factor", high)
            try positive("original_max_position_embeddings", Double(positionCount))
            guard high > low else {
                throw TransformerError(
                    .invalidConfig,
                    "The rope's high_freq_factor (\(high)) must be greater than its low_freq_factor (\(low)).")
            }
        }
    }
}

extension ModelConfig {
    /// Radians per token of each of a head's D/2 pairs.
    var rotaryFrequencies: [Double] {
        (0..<headSize / 2).map { pair in
            let plain = pow(ropeTheta, -2 * Double(pair) / Double(headSize))
            return ropeScaling?.scaled(plain) ?? plain
        }
    }
}
