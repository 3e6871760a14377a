import CKernels
import Foundation
import Testing

/// The definition, with the platform's logarithm.
private func reference(_ logits: [Float], temperature: Float, floor: Float, key: UInt64) -> Int32 {
    func mix(_ value: UInt64) -> UInt64 {
        var z = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    var best: (token: Int32, score: Double) = (-1, -.infinity)
    for j in logits.indices where logits[j] >= floor {
        let hash = mix(mix(key) &+ 0x9E37_79B9_7F4A_7C15 &* UInt64(j + 1))
        let u = (Double(hash >> 11) + 0.5) * 0x1p-53
        let score = Double(logits[j]) / Double(temperature) - log(-log(u))
        if best.token < 0 || score > best.score { best = (Int32(j), score) }
    }
    return best.token
}

@Suite("Gumbel sampling")
struct GumbelTests {
    @Test("every path draws the token that the definition draws")
    func sameTokens() {
        var generator = Generator(state: 51)
        for v in [1, 2, 3, 5, 15, 16, 17, 33, 100, 1000] {
            for temperature: Float in [0.3, 1, 2.5] {
                for round in 0..<(v < 100 ? 40 : 5) {
                    let logits = generator.floats(v, scale: 3), key = generator.next()
                    let floor: Float = round % 2 == 0 ? -.infinity : 0
                    let expected = reference(logits, temperature: temperature, floor: floor, key: key)
                    for path in KernelPath.all {
                        let token = path.kernels.gumbel_argmax(logits, Int32(v), temperature, floor, key)
                        #expect(token == expected, "v \(v), temperature \(temperature), key \(key)")
                    }
                }
            }
        }
    }

    @Test("the paths agree on equal, huge and tiny logits", arguments: [0.0, 1e30, -1e30, 1e-30] as [Float])
    func extremeLogits(value: Float) {
        let logits = [Float](repeating: value, count: 37)
        for key in 0..<50 as Range<UInt64> {
            for temperature in [1e-6, 1, 1e6] as [Float] {
                let tokens = KernelPath.all.map { $0.kernels.gumbel_argmax(logits, 37, temperature, -.infinity, key) }
                #expect(Set(tokens) == [reference(logits, temperature: temperature, floor: -.infinity, key: key)])
            }
        }
    }

    @Test("the frequencies are those of the softmax", arguments: KernelPath.all)
    func frequencies(path: KernelPath) {
        let logits: [Float] = [0, 1, -1, 2, 0.5, -3, 1.5], temperature: Float = 1.3
        let weights = logits.map { exp(Double($0 / temperature)) }
        let draws = 20_000
        var counts = [Int](repeating: 0, count: logits.count)
        for key in 0..<UInt64(draws) {
            counts[Int(path.kernels.gumbel_argmax(logits, Int32(logits.count), temperature, -.infinity, key))] += 1
        }
        let total = weights.reduce(0, +)
        let chiSquare = zip(counts, weights).reduce(0.0) { sum, pair in
            let expected = Double(draws) * pair.1 / total
            return sum + (Double(pair.0) - expected) * (Double(pair.0) - expected) / expected
        }
        #expect(chiSquare < 22.5, "6 degrees of freedom: 22.46 is exceeded once in 1000 draws")
    }

    @Test("a token's noise does not depend on the vocabulary", arguments: KernelPath.all)
    func noiseAddressedByToken(path: KernelPath) {
        var generator = Generator(state: 52)
        for _ in 0..<50 {
            let logits = generator.floats(60), key = generator.next()
            let token = path.kernels.gumbel_argmax(logits, 60, 1, -.infinity, key)
            let shorter = path.kernels.gumbel_argmax(logits, token + 1, 1, -.infinity, key)
            #expect(token == shorter)
        }
    }

    @Test("temperature 0 takes the greatest logit, ties to the lower id", arguments: KernelPath.all)
    func greedy(path: KernelPath) {
        let logits: [Float] = [1, 3, -2, 3, 2]
        #expect(path.kernels.gumbel_argmax(logits, 5, 0, -.infinity, 1) == 1)
        #expect(path.kernels.gumbel_argmax(logits, 1, 0, -.infinity, 1) == 0)
    }

    @Test("logits below the floor and NaN are never drawn, and nothing left gives −1", arguments: KernelPath.all)
    func floor(path: KernelPath) {
        var logits = [Float](repeating: 5, count: 20)
        logits[13] = 6
        for key in 0..<40 as Range<UInt64> {
            #expect(path.kernels.gumbel_argmax(logits, 20, 1, 5.5, key) == 13)
            #expect(path.kernels.gumbel_argmax(logits, 20, 1, 7, key) == -1)
        }
        logits = [Float](repeating: .nan, count: 20)
        #expect(path.kernels.gumbel_argmax(logits, 20, 1, -.infinity, 1) == -1)
        #expect(path.kernels.gumbel_argmax(logits, 20, 0, -.infinity, 1) == -1)
        logits[4] = -1
        #expect(path.kernels.gumbel_argmax(logits, 20, 0, -.infinity, 1) == 4)
    }
}
