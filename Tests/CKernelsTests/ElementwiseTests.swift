import CKernels
import Foundation
import Testing

@Suite("Elementwise kernels")
struct ElementwiseTests {
    private let counts = Array(0...40) + [63, 64, 65, 100]

    @Test("silu_multiply equals its formula over the whole range of gates", arguments: KernelPath.all)
    func siluMultiply(path: KernelPath) {
        var generator = Generator(state: 41)
        for count in counts {
            var gate = generator.floats(count, scale: 20)
            let up = generator.floats(count)
            for (i, extreme) in zip(gate.indices, [-200, 200, -88, 88, 0] as [Float]) { gate[i] = extreme }
            var y = [Float](repeating: 0, count: count)
            path.kernels.silu_multiply(&y, gate, up, count)
            let expected = (0..<count).map { Double(gate[$0]) / (1 + exp(-Double(gate[$0]))) * Double(up[$0]) }
            #expect(difference(y, expected) < 5e-7, "count \(count)")
        }
    }

    @Test("the exponential is within 2 ulp, from the smallest normal result to the largest", arguments: KernelPath.all)
    func exponentialAccuracy(path: KernelPath) {
        // log_prob_backward with coefficient −1 and log Σ exp = 0 writes exp(logit) for all but the target.
        let x = (0..<40_000).map { Float(-87.3 + 176.0 * Double($0) / 40_000) }
        var y = [Float(0)] + x
        path.kernels.log_prob_backward(&y, Int32(y.count), [0], [0], [-1], 1, Int32(y.count))
        let ulps = zip(x, y.dropFirst()).map { x, y in
            let expected = exp(Double(x))
            return abs(Double(y) - expected) / Double(Float(expected).ulp)
        }
        #expect(ulps.max()! < 2)
        var outside: [Float] = [0, 89, 1000, -104, -1000, -.infinity, .nan]
        path.kernels.log_prob_backward(&outside, 7, [0], [0], [-1], 1, 7)
        #expect(Array(outside[1..<6]) == [.infinity, .infinity, 0, 0, 0])
        #expect(outside[6].isNaN)
    }

    @Test("the gradient of silu_multiply equals finite differences and overwrites", arguments: KernelPath.all)
    func siluMultiplyBackward(path: KernelPath) {
        var generator = Generator(state: 42)
        for count in counts {
            let gate = generator.floats(count, scale: 8), up = generator.floats(count), dy = generator.floats(count)
            var dgate = [Float](repeating: .nan, count: count), dup = dgate
            path.kernels.silu_multiply_backward(&dgate, &dup, dy, gate, up, count)
            func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }
            let expectedGate = (0..<count).map { i -> Double in
                let x = Double(gate[i])
                return Double(dy[i]) * Double(up[i]) * (silu(x + 1e-5) - silu(x - 1e-5)) / 2e-5
            }
            #expect(difference(dgate, expectedGate) < 1e-6, "count \(count)")
            #expect(difference(dup, (0..<count).map { Double(dy[$0]) * silu(Double(gate[$0])) }) < 1e-6, "count \(count)")
        }
    }

    @Test("adamw follows its definition over three steps", arguments: KernelPath.all)
    func adamw(path: KernelPath) {
        var generator = Generator(state: 43)
        let (lr, beta1, beta2, eps, decay, scale) = (0.01, 0.9, 0.99, 1e-8, 0.1, 0.5)
        for count in counts {
            var p = generator.floats(count), m = [Float](repeating: 0, count: count), v = m
            var p64 = p.map(Double.init), m64 = [Double](repeating: 0, count: count), v64 = m64
            for step in 1...3 {
                let g = generator.floats(count)
                let c1 = 1 - pow(beta1, Double(step)), c2 = 1 - pow(beta2, Double(step))
                path.kernels.adamw(
                    &p, g, &m, &v, count, Float(scale), Float(lr), Float(beta1), Float(beta2), Float(eps), Float(decay),
                    Float(c1), Float(c2))
                for i in 0..<count {
                    let gradient = Double(g[i]) * scale
                    p64[i] *= 1 - lr * decay
                    m64[i] = beta1 * m64[i] + (1 - beta1) * gradient
                    v64[i] = beta2 * v64[i] + (1 - beta2) * gradient * gradient
                    p64[i] -= lr * (m64[i] / c1) / ((v64[i] / c2).squareRoot() + eps)
                }
            }
            #expect(difference(p, p64) < 1e-6, "count \(count)")
            #expect(difference(m, m64) < 1e-6 && difference(v, v64) < 1e-6, "count \(count)")
        }
    }

    @Test("sum_squares and axpy equal their formulas", arguments: KernelPath.all)
    func sums(path: KernelPath) {
        var generator = Generator(state: 44)
        for count in counts + [5000] {
            let x = generator.floats(count, scale: 30), y = generator.floats(count)
            let expected = x.reduce(0.0) { $0 + Double($1) * Double($1) }
            #expect(abs(path.kernels.sum_squares(x, count) - expected) <= 1e-13 * expected, "count \(count)")
            var result = y
            path.kernels.axpy(&result, x, 0.3, count)
            #expect(difference(result, (0..<count).map { Double(y[$0]) + Double(x[$0]) * Double(Float(0.3)) }) < 1e-6)
        }
    }
}
