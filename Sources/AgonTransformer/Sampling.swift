import AgonCore
import Foundation

/// How the drawing options act on logits: `repetitionPenalty` first, then the filters in this order: temperature, `topK`,
/// `topP`, `minP`, `typicalP`, each on what the one before has kept. Tokens that equal the last one kept stay with it, so
/// that the set does not depend on a sort.
extension SamplingOptions {
    func check() throws(TransformerError) {
        func fail(_ name: String, _ range: String, _ value: String) -> TransformerError {
            TransformerError(.invalidRequest, "\(name) must be \(range), but is \(value).")
        }
        guard temperature.isFinite, temperature >= 0 else { throw fail("temperature", "0 or more", "\(temperature)") }
        guard topK >= 0 else { throw fail("top_k", "0 or more", "\(topK)") }
        guard topP > 0, topP <= 1 else { throw fail("top_p", "above 0 and at most 1", "\(topP)") }
        guard minP >= 0, minP <= 1 else { throw fail("min_p", "between 0 and 1", "\(minP)") }
        guard typicalP > 0, typicalP <= 1 else { throw fail("typical_p", "above 0 and at most 1", "\(typicalP)") }
        guard repetitionPenalty > 0, repetitionPenalty.isFinite else {
            throw fail("repetition_penalty", "above 0", "\(repetitionPenalty)")
        }
    }

    /// Whether tokens are drawn from other logits than the model's: from those that `prepare` makes.
    var changesLogits: Bool { repetitionPenalty != 1 || (typicalP < 1 && temperature > 0) }

    /// Logits that are ready for the noise: what was said is penalised, what `typicalP` drops is −∞.
    ///
    /// - Parameters:
    ///   - logits: `[count]`, a copy of the model's.
    ///   - original: the model's, from which a token that was said often is penalised once.
    ///   - said: prompt and completion so far.
    /// - Returns: the least logit that the other filters keep.
    func prepare(
        _ logits: UnsafeMutablePointer<Float>, of original: UnsafePointer<Float>, count: Int,
        said: ArraySlice<Int32>, scratch: inout [Float]
    ) -> Float {
        if repetitionPenalty != 1 {
            let penalty = Float(repetitionPenalty)
            for token in said where Int(token) < count {
                let logit = original[Int(token)]
                logits[Int(token)] = logit > 0 ? logit / penalty : logit * penalty
            }
        }
        let floor = floor(of: logits, count: count, scratch: &scratch)
        if typicalP < 1, temperature > 0 { dropUntypical(logits, count, atLeast: floor) }
        return floor
    }

    /// Sets what `typicalP` does not keep to −∞.
    ///
    /// With x = logit / temperature, −log p − H is the mean of x under p minus x: no token needs a logarithm.
    private func dropUntypical(_ logits: UnsafeMutablePointer<Float>, _ count: Int, atLeast floor: Float) {
        var greatest = -Float.infinity
        for index in 0..<count { greatest = max(greatest, logits[index]) }
        var (total, sum) = (0.0, 0.0)
        for index in 0..<count where logits[index] >= floor {
            let weight = weight(logits[index], greatest)
            total += weight
            if weight > 0 { sum += weight * Double(logits[index]) }
        }
        let mean = sum / total
        let bound = typicalBound(logits, count, atLeast: floor, greatest, mean: mean, needed: typicalP * total)
        for index in 0..<count where abs(Double(logits[index]) - mean) > bound { logits[index] = -.infinity }
    }

    /// How far from the mean the last logit lies that `typicalP` keeps.
    ///
    /// - Parameter needed: the weight that those kept must reach together.
    private func typicalBound(
        _ logits: UnsafePointer<Float>, _ count: Int, atLeast floor: Float, _ greatest: Float, mean: Double, needed: Double
    ) -> Double {
        // Bands around the mean are summed, each as wide as all before it; only the one in which enough is reached is
        // sorted.
        var (mass, inner, outer) = (0.0, -1.0, max(temperature / 4, 1e-30))
        var band: [(deviation: Double, weight: Double)] = []
        while true {
            band.removeAll(keepingCapacity: true)
            for index in 0..<count where logits[index] >= floor {
                let deviation = abs(Double(logits[index]) - mean)
                if deviation > inner, deviation <= outer { band.append((deviation, weight(logits[index], greatest))) }
            }
            let within = band.reduce(0) { $0 + $1.weight }
            if mass + within >= needed || outer == .infinity { break }
            mass += within
            (inner, outer) = (outer, outer > 1e30 ? .infinity : 2 * outer)
        }
        band.sort { $0.deviation == $1.deviation ? $0.weight < $1.weight : $0.deviation < $1.deviation }
        for token in band {
            mass += token.weight
            if mass >= needed { return token.deviation }
        }
        // Rounding: all of the band are needed, or none is a number.
        return band.last?.deviation ?? .infinity
    }

    /// The least logit that the filters before `typicalP` keep, −∞ where they keep all.
    ///
    /// - Parameter scratch: reused from token to token.
    func floor(of logits: UnsafePointer<Float>, count: Int, scratch: inout [Float]) -> Float {
        guard temperature > 0, (topK > 0 && topK < count) || topP < 1 || minP > 0 else { return -.infinity }
        var floor = -Float.infinity
        var greatest = -Float.infinity
        for index in 0..<count { greatest = max(greatest, logits[index]) }
        if topK > 0, topK < count { floor = Self.kthLargest(topK, logits, count, &scratch) }
        if topP < 1 { floor = max(floor, nucleusFloor(logits, count, atLeast: floor, greatest, &scratch)) }
        if minP > 0 { floor = max(floor, greatest + Float(temperature * log(minP))) }
        // Rounding of the last line must not exclude the greatest itself.
        return min(floor, greatest)
    }

    /// The k-th largest value, by a heap whose root is the least of the k largest seen.
    private static func kthLargest(
        _ k: Int, _ values: UnsafePointer<Float>, _ count: Int, _ heap: inout [Float]
    ) -> Float {
        heap.removeAll(keepingCapacity: true)
        heap.append(contentsOf: UnsafeBufferPointer(start: values, count: k))
        heap.sort()
        heap.withUnsafeMutableBufferPointer { heap in
            for index in k..<count where values[index] > heap[0] {
                let value = values[index]
                var hole = 0
                while true {
                    var child = 2 * hole + 1
                    guard child < k else { break }
                    if child + 1 < k, heap[child + 1] < heap[child] { child += 1 }
                    guard heap[child] < value else { break }
                    heap[hole] = heap[child]
                    hole = child
                }
                heap[hole] = value
            }
        }
        return heap[0]
    }

    /// The logit of the last token of the smallest set that reaches `topP`.
    private func nucleusFloor(
        _ logits: UnsafePointer<Float>, _ count: Int, atLeast floor: Float, _ greatest: Float, _ kept: inout [Float]
    ) -> Float {
        var total = 0.0
        for index in 0..<count where logits[index] >= floor { total += weight(logits[index], greatest) }
        // Only the head of the distribution is sorted; the window doubles until it holds enough of the mass.
        var window = Float(8 * temperature)
        while true {
            let bound = max(floor, greatest - window)
            kept.removeAll(keepingCapacity: true)
            var mass = 0.0
            for index in 0..<count where logits[index] >= bound {
                kept.append(logits[index])
                mass += weight(logits[index], greatest)
            }
            if mass >= topP * total || bound == floor { break }
            window = window > 1e30 ? .infinity : window * 2
        }
        kept.sort(by: >)
        var mass = 0.0
        for logit in kept {
            mass += weight(logit, greatest)
            if mass >= topP * total { return logit }
        }
        // None is kept where no logit is a number; then nothing can be drawn either.
        return kept.last ?? floor
    }

    private func weight(_ logit: Float, _ greatest: Float) -> Double {
        exp(Double(logit - greatest) / temperature)
    }
}
