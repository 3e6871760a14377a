import CKernels
import Testing

private let greatest = (m: 40, n: 70, k: 70)
private let rowCounts = Array(1...16) + [27, 28, 29, 33, 40]
private let outputCounts = [1, 2, 3, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 48, 63, 64, 65, 70]
private let inputCounts = [1, 2, 3, 5, 8, 16, 17, 31, 33, 64, 70]

/// One set of operands. A smaller product is a corner of it, so one reference serves all shapes of one k.
private struct Operands {
    let x: [Float], w: [Float], bias: [Float]

    init() {
        var generator = Generator(state: 11)
        x = generator.floats(greatest.m * greatest.k)
        w = generator.floats(greatest.n * greatest.k)
        bias = generator.floats(greatest.n)
    }

    /// x·wᵀ over the first k inputs, all rows and outputs.
    func product(k: Int) -> [Double] {
        x.withUnsafeBufferPointer { x in
            w.withUnsafeBufferPointer { w in
                var y = [Double](repeating: 0, count: greatest.m * greatest.n)
                for i in 0..<greatest.m {
                    for j in 0..<greatest.n {
                        var sum = 0.0
                        for c in 0..<k { sum += Double(x[i * greatest.k + c]) * Double(w[j * greatest.k + c]) }
                        y[i * greatest.n + j] = sum
                    }
                }
                return y
            }
        }
    }

    static let shared = Operands()
    static let products = Dictionary(uniqueKeysWithValues: inputCounts.map { ($0, shared.product(k: $0)) })
}

@Suite("Matrix products")
struct LinearTests {
    private let operands = Operands.shared

    private func packed(_ kernels: agon_kernels, n: Int, k: Int) -> [Float] {
        var panels = [Float](repeating: .nan, count: kernels.packed_count(Int32(n), Int32(k)))
        kernels.pack(operands.w, Int32(greatest.k), Int32(n), Int32(k), &panels)
        return panels
    }

    @Test("linear equals the plain product for all small shapes and writes nothing beside it", arguments: KernelPath.all)
    func allShapes(path: KernelPath) {
        let kernels = path.kernels
        let stride = greatest.n + 3
        for k in inputCounts {
            let reference = Operands.products[k]!
            let tolerance = 1e-6 + 2e-7 * Double(k)
            for n in outputCounts {
                let panels = packed(kernels, n: n, k: k)
                for m in rowCounts {
                    var y = [Float](repeating: 77, count: m * stride)
                    kernels.linear(
                        &y, Int32(stride), operands.x, Int32(greatest.k), panels, Int32(m), Int32(n), Int32(k), nil, 0)
                    let wrong = y.withUnsafeBufferPointer { y in
                        reference.withUnsafeBufferPointer { reference in
                            var wrong = 0
                            for i in 0..<m {
                                for j in 0..<n
                                where !(abs(Double(y[i * stride + j]) - reference[i * greatest.n + j]) < tolerance) {
                                    wrong += 1
                                }
                                for j in n..<stride where y[i * stride + j] != 77 { wrong += 1 }
                            }
                            return wrong
                        }
                    }
                    #expect(wrong == 0, "m \(m), n \(n), k \(k)")
                }
            }
        }
    }

    @Test("a row has the same bits alone and in every batch", arguments: KernelPath.all)
    func batchInvariance(path: KernelPath) {
        let kernels = path.kernels
        for (n, k) in [(1, 70), (9, 33), (33, 64), (64, 17), (70, 70)] {
            let panels = packed(kernels, n: n, k: k)
            var alone: [Float] = []
            for i in 0..<greatest.m {
                var row = [Float](repeating: 0, count: n)
                let x = Array(operands.x[i * greatest.k..<(i + 1) * greatest.k])
                kernels.linear(&row, Int32(n), x, Int32(k), panels, 1, Int32(n), Int32(k), operands.bias, 0)
                alone += row
            }
            for m in rowCounts {
                var batch = [Float](repeating: 0, count: m * n)
                kernels.linear(
                    &batch, Int32(n), operands.x, Int32(greatest.k), panels, Int32(m), Int32(n), Int32(k),
                    operands.bias, 0)
                #expect(sameBits(batch, Array(alone[0..<m * n])), "m \(m), n \(n), k \(k)")
            }
        }
    }

    @Test("an output has the same bits whichever outputs are computed beside it", arguments: KernelPath.all)
    func splitInvariance(path: KernelPath) {
        let kernels = path.kernels
        let (m, n, k) = (13, 70, 64)
        var whole = [Float](repeating: 0, count: m * n)
        kernels.linear(
            &whole, Int32(n), operands.x, Int32(greatest.k), packed(kernels, n: n, k: k), Int32(m), Int32(n), Int32(k),
            nil, 0)
        for part in [1, 17, 32, 40] {
            var y = [Float](repeating: 0, count: m * part)
            kernels.linear(
                &y, Int32(part), operands.x, Int32(greatest.k), packed(kernels, n: part, k: k), Int32(m), Int32(part),
                Int32(k), nil, 0)
            let expected = (0..<m).flatMap { i in whole[i * n..<i * n + part] }
            #expect(sameBits(y, expected), "first \(part) outputs")
        }
    }

    @Test("bias and the old value are added", arguments: KernelPath.all)
    func biasAndAccumulate(path: KernelPath) {
        let kernels = path.kernels
        let (m, n, k) = (7, 33, 17)
        let old = Array(operands.w[0..<m * n])
        let product = Operands.products[k]!
        for (bias, accumulate) in [(true, 0), (false, 1), (true, 1)] {
            var y = old
            operands.bias.withUnsafeBufferPointer {
                kernels.linear(
                    &y, Int32(n), operands.x, Int32(greatest.k), packed(kernels, n: n, k: k), Int32(m), Int32(n),
                    Int32(k), bias ? $0.baseAddress : nil, Int32(accumulate))
            }
            let expected = (0..<m * n).map { e in
                product[e / n * greatest.n + e % n] + (bias ? Double(operands.bias[e % n]) : 0)
                    + (accumulate == 1 ? Double(old[e]) : 0)
            }
            #expect(difference(y, expected) < 1e-5)
        }
    }

    @Test("the transposed panels, biases and old values are right for all small shapes", arguments: KernelPath.all)
    func transposedShapes(path: KernelPath) {
        let kernels = path.kernels
        var generator = Generator(state: 15)
        let dy = generator.floats(7 * 40), old = generator.floats(7 * 70)
        for n in Array(1...9) + [15, 16, 17, 31, 32, 33, 40] {
            for k in outputCounts {
                var panels = [Float](repeating: .nan, count: kernels.packed_count(Int32(k), Int32(n)))
                kernels.pack_transposed(operands.w, Int32(greatest.k), Int32(n), Int32(k), &panels)
                for m in [1, 2, 3, 7] {
                    var dx = Array(old.prefix(m * k))
                    kernels.linear(
                        &dx, Int32(k), dy, Int32(n), panels, Int32(m), Int32(k), Int32(n), operands.bias, Int32(m % 2))
                    var expected = [Double](repeating: 0, count: m * k)
                    for i in 0..<m {
                        for c in 0..<k {
                            var sum = Double(operands.bias[c]) + (m % 2 == 1 ? Double(old[i * k + c]) : 0)
                            for j in 0..<n { sum += Double(dy[i * n + j]) * Double(operands.w[j * greatest.k + c]) }
                            expected[i * k + c] = sum
                        }
                    }
                    #expect(difference(dx, expected) < 1e-5, "m \(m), n \(n), k \(k)")
                }
            }
        }
    }

    @Test("the transposed panels give the product with w itself", arguments: KernelPath.all)
    func transposed(path: KernelPath) {
        let kernels = path.kernels
        var generator = Generator(state: 12)
        for (m, n, k) in [(1, 1, 1), (5, 7, 3), (6, 16, 32), (9, 33, 17), (15, 65, 40), (3, 40, 70)] {
            let dy = generator.floats(m * n)
            var panels = [Float](repeating: .nan, count: kernels.packed_count(Int32(k), Int32(n)))
            kernels.pack_transposed(operands.w, Int32(greatest.k), Int32(n), Int32(k), &panels)
            var dx = [Float](repeating: 0, count: m * k)
            kernels.linear(&dx, Int32(k), dy, Int32(n), panels, Int32(m), Int32(k), Int32(n), nil, 0)
            let expected = (0..<m * k).map { e in
                (0..<n).reduce(0.0) { $0 + Double(dy[e / k * n + $1]) * Double(operands.w[$1 * greatest.k + e % k]) }
            }
            #expect(difference(dx, expected) < 1e-5, "m \(m), n \(n), k \(k)")
        }
    }
}

@Suite("Gradient of the weights")
struct LinearWeightGradientTests {
    @Test("linear_dw adds the plain outer products for all small shapes", arguments: KernelPath.all)
    func allShapes(path: KernelPath) {
        let kernels = path.kernels
        var generator = Generator(state: 13)
        let x = generator.floats(greatest.m * greatest.k), dy = generator.floats(greatest.m * greatest.n)
        let old = generator.floats(greatest.n * greatest.k)
        var reference = old.map(Double.init)
        for m in 1...greatest.m {
            for j in 0..<greatest.n {
                let factor = Double(dy[(m - 1) * greatest.n + j])
                for c in 0..<greatest.k {
                    reference[j * greatest.k + c] += factor * Double(x[(m - 1) * greatest.k + c])
                }
            }
            guard [1, 2, 3, 8, 17, 40].contains(m) else { continue }
            for n in outputCounts {
                for k in inputCounts {
                    var dw = old
                    kernels.linear_dw(
                        &dw, Int32(greatest.k), dy, Int32(greatest.n), x, Int32(greatest.k), Int32(m), Int32(n),
                        Int32(k))
                    let wrong = dw.withUnsafeBufferPointer { dw in
                        reference.withUnsafeBufferPointer { reference in
                            var wrong = 0
                            for j in 0..<greatest.n {
                                let row = j * greatest.k
                                for c in row..<row + (j < n ? k : 0) where !(abs(Double(dw[c]) - reference[c]) < 1e-5) {
                                    wrong += 1
                                }
                                for c in row + (j < n ? k : 0)..<row + greatest.k where dw[c] != old[c] { wrong += 1 }
                            }
                            return wrong
                        }
                    }
                    #expect(wrong == 0, "m \(m), n \(n), k \(k)")
                }
            }
        }
    }

    @Test("an element has the same bits whichever part of dw is computed, over many row blocks", arguments: KernelPath.all)
    func splitInvariance(path: KernelPath) {
        let kernels = path.kernels
        var generator = Generator(state: 14)
        let (m, n, k) = (600, 29, 40)
        let x = generator.floats(m * k), dy = generator.floats(m * n)
        var whole = [Float](repeating: 0, count: n * k)
        kernels.linear_dw(&whole, Int32(k), dy, Int32(n), x, Int32(k), Int32(m), Int32(n), Int32(k))
        for first in [1, 6, 13, 28] {
            var parts = [Float](repeating: 0, count: n * k)
            kernels.linear_dw(&parts, Int32(k), dy, Int32(n), x, Int32(k), Int32(m), Int32(first), Int32(k))
            parts.withUnsafeMutableBufferPointer { parts in
                dy.withUnsafeBufferPointer { dy in
                    kernels.linear_dw(
                        parts.baseAddress! + first * k, Int32(k), dy.baseAddress! + first, Int32(n), x, Int32(k),
                        Int32(m), Int32(n - first), Int32(k))
                }
            }
            #expect(sameBits(parts, whole), "split at \(first)")
        }
        let corner = (0..<m).reduce(0.0) { $0 + Double(x[$1 * k]) * Double(dy[$1 * n]) }
        #expect(abs(Double(whole[0]) - corner) < 1e-4)
    }
}
