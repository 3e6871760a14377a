import CKernels
import Foundation
import Testing

@Suite("Row kernels")
struct RowTests {
    private let widths = Array(1...20) + [31, 32, 33, 47, 64, 65, 100]

    @Test("rmsnorm equals its formula and does not depend on the batch", arguments: KernelPath.all)
    func rmsnorm(path: KernelPath) {
        let kernels = path.kernels
        var generator = Generator(state: 21)
        let m = 3, eps: Float = 1e-5
        for c in widths {
            let x = generator.floats(m * c, scale: 3), weight = generator.floats(c)
            var y = [Float](repeating: 0, count: m * c), r = [Float](repeating: 0, count: m)
            kernels.rmsnorm(&y, &r, x, weight, Int32(m), Int32(c), eps)
            let reference = rmsnormReference(x.map(Double.init), weight.map(Double.init), m: m, c: c, eps: Double(eps))
            #expect(difference(y, reference) < 1e-6, "c \(c)")
            var last = [Float](repeating: 0, count: c), lastR: Float = 0
            kernels.rmsnorm(&last, &lastR, Array(x[2 * c..<3 * c]), weight, 1, Int32(c), eps)
            #expect(sameBits(last, Array(y[2 * c..<3 * c])) && lastR == r[2], "c \(c)")
        }
    }

    private func rmsnormReference(_ x: [Double], _ weight: [Double], m: Int, c: Int, eps: Double) -> [Double] {
        (0..<m).flatMap { i in
            let row = x[i * c..<(i + 1) * c]
            let r = 1 / (row.reduce(0) { $0 + $1 * $1 } / Double(c) + eps).squareRoot()
            return zip(row, weight).map { $0 * $1 * r }
        }
    }

    @Test("the gradient of rmsnorm equals finite differences and is added", arguments: KernelPath.all)
    func rmsnormBackward(path: KernelPath) {
        let kernels = path.kernels
        var generator = Generator(state: 22)
        let m = 2, eps = 1e-5
        for c in [1, 3, 4, 7, 8, 9, 16, 17, 33] {
            let x = generator.floats(m * c), weight = generator.floats(c), dy = generator.floats(m * c)
            var y = [Float](repeating: 0, count: m * c), r = [Float](repeating: 0, count: m)
            kernels.rmsnorm(&y, &r, x, weight, Int32(m), Int32(c), Float(eps))
            var dx = [Float](repeating: 1, count: m * c), dweight = [Float](repeating: 2, count: c)
            kernels.rmsnorm_backward(&dx, &dweight, dy, x, weight, r, Int32(m), Int32(c))
            let x64 = x.map(Double.init), weight64 = weight.map(Double.init)
            let numericX = gradient(at: x64) {
                dot(dy, rmsnormReference($0, weight64, m: m, c: c, eps: eps))
            }
            let numericWeight = gradient(at: weight64) { dot(dy, rmsnormReference(x64, $0, m: m, c: c, eps: eps)) }
            #expect(difference(dx, numericX.map { $0 + 1 }) < 1e-4, "c \(c)")
            #expect(difference(dweight, numericWeight.map { $0 + 2 }) < 1e-5, "c \(c)")
        }
    }

    @Test("rope rotates pairs (i, i+d/2), and inverse undoes it", arguments: KernelPath.all)
    func rope(path: KernelPath) {
        let kernels = path.kernels
        var generator = Generator(state: 23)
        let position: [Int32] = [0, 5, 2, 9], heads = 3
        for d in [2, 4, 6, 8, 16, 18, 32, 34, 64] {
            let half = d / 2, stride = heads * d + 2
            let angle = (0..<10 * half).map { Double($0 / half) * pow(100, -Double($0 % half) / Double(half)) }
            let cosine = angle.map { Float(cos($0)) }, sine = angle.map { Float(sin($0)) }
            let x = generator.floats(4 * stride)
            var y = x
            kernels.rope(&y, Int32(stride), cosine, sine, position, 4, Int32(heads), Int32(d), 0)
            var expected = x.map(Double.init)
            for row in 0..<4 {
                for h in 0..<heads {
                    for i in 0..<half {
                        let at = row * stride + h * d + i, a = angle[Int(position[row]) * half + i]
                        expected[at] = Double(x[at]) * cos(a) - Double(x[at + half]) * sin(a)
                        expected[at + half] = Double(x[at + half]) * cos(a) + Double(x[at]) * sin(a)
                    }
                }
            }
            #expect(difference(y, expected) < 1e-6, "d \(d)")
            kernels.rope(&y, Int32(stride), cosine, sine, position, 4, Int32(heads), Int32(d), 1)
            #expect(difference(y, x.map(Double.init)) < 1e-6, "d \(d)")
        }
    }

    @Test("log_sum_exp and entropy equal their formulas, also for large logits", arguments: KernelPath.all)
    func logSumExpAndEntropy(path: KernelPath) {
        let kernels = path.kernels
        var generator = Generator(state: 24)
        for v in widths {
            for scale: Float in [0.1, 5, 300] {
                let m = 3, stride = v + 2
                let logits = generator.floats(m * stride, scale: scale)
                var lse = [Float](repeating: 0, count: m), entropy = [Float](repeating: 0, count: m)
                kernels.log_sum_exp(&lse, logits, Int32(stride), Int32(m), Int32(v))
                kernels.entropy(&entropy, logits, Int32(stride), lse, Int32(m), Int32(v))
                for i in 0..<m {
                    let row = logits[i * stride..<i * stride + v].map(Double.init)
                    let top = row.max()!
                    let expected = top + log(row.reduce(0) { $0 + exp($1 - top) })
                    #expect(abs(Double(lse[i]) - expected) <= 3e-7 * max(1, abs(expected)), "v \(v), scale \(scale)")
                    let h = row.reduce(0) { $0 - exp($1 - expected) * ($1 - expected) }
                    #expect(abs(Double(entropy[i]) - h) <= 1e-6 * Double(max(scale, 1)) * max(1, h), "v \(v), scale \(scale)")
                }
                var last: Float = 0
                kernels.log_sum_exp(&last, Array(logits[2 * stride..<3 * stride]), Int32(stride), 1, Int32(v))
                #expect(last == lse[2])
            }
        }
    }

    @Test("log_prob_backward writes coefficient · (onehot − softmax)", arguments: KernelPath.all)
    func logProbBackward(path: KernelPath) {
        let kernels = path.kernels
        var generator = Generator(state: 25)
        for v in widths {
            let m = 3
            let logits = generator.floats(m * v, scale: 4)
            let target = (0..<m).map { _ in Int32(generator.next() % UInt64(v)) }
            let coefficient: [Float] = [1, -0.5, 0.25]
            var lse = [Float](repeating: 0, count: m), gradient = logits
            kernels.log_sum_exp(&lse, logits, Int32(v), Int32(m), Int32(v))
            kernels.log_prob_backward(&gradient, Int32(v), lse, target, coefficient, Int32(m), Int32(v))
            let expected = (0..<m * v).map { e -> Double in
                let row = logits[e / v * v..<(e / v + 1) * v].map(Double.init)
                let p = exp(Double(logits[e])) / row.reduce(0) { $0 + exp($1) }
                return Double(coefficient[e / v]) * ((Int(target[e / v]) == e % v ? 1 : 0) - p)
            }
            #expect(difference(gradient, expected) < 1e-6, "v \(v)")
        }
    }
}

/// Central differences of a double-precision function.
func gradient(at point: [Double], of function: ([Double]) -> Double) -> [Double] {
    var moved = point
    return point.indices.map { i in
        moved[i] = point[i] + 1e-5
        let above = function(moved)
        moved[i] = point[i] - 1e-5
        let below = function(moved)
        moved[i] = point[i]
        return (above - below) / 2e-5
    }
}

func dot(_ a: [Float], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * $1.1 } }
