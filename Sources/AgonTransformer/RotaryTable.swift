import Foundation

/// Cosines and sines of the rotary angles, `[positions, D/2]` each.
///
/// Pair i of a head at position t turns by t · theta^(−2i/D) radians (Su et al. 2021, arXiv:2104.09864, eq. 15), or
/// slower where the config scales its frequencies.
/// Angles are computed in double precision: at position 10⁵ a float32 product would be off by 0.006 radians.
// Safety: written in `init` only, freed with the object.
final class RotaryTable: @unchecked Sendable {
    let positionCount: Int
    let cosine: Floats
    let sine: Floats

    init(_ config: ModelConfig, positionCount: Int) {
        self.positionCount = positionCount
        let half = config.headSize / 2
        cosine = FloatMemory.allocate(positionCount * half).baseAddress!
        sine = FloatMemory.allocate(positionCount * half).baseAddress!
        let frequencies = config.rotaryFrequencies
        for position in 0..<positionCount {
            for (i, frequency) in frequencies.enumerated() {
                let angle = Double(position) * frequency
                cosine[position * half + i] = Float(cos(angle))
                sine[position * half + i] = Float(sin(angle))
            }
        }
    }

    deinit {
        cosine.deallocate()
        sine.deallocate()
    }

    /// This table if it is long enough, else a longer one.
    func covering(_ count: Int, _ config: ModelConfig) -> RotaryTable {
        count <= positionCount
            ? self : RotaryTable(config, positionCount: max(count, min(2 * count, config.maxPositionCount)))
    }
}
