import CKernels
import Testing

private let rowCounts = Array(1...16) + [27, 28, 29, 33]
private let outputCounts = [1, 3, 8, 15, 16, 17, 31, 32, 33, 64, 65, 130]
private let inputCounts = [1, 2, 3, 5, 8, 17, 31, 63, 64, 65, 66, 130]
private let greatest = (m: 33, n: 130, k: 130)

/// A narrow format: how its operands are made, and what their values have become.
private struct Format: Sendable, CustomTestStringConvertible {
    let isInt8: Bool
    var testDescription: String { isInt8 ? "int8" : "bfloat16" }
    static let all = [Format(isInt8: false), Format(isInt8: true)]

    func wordCount(_ kernels: agon_kernels, _ k: Int) -> Int {
        isInt8 ? kernels.quantised_count(Int32(k)) : (k + 1) / 2
    }

    func input(_ kernels: agon_kernels, _ x: [Float], ldx: Int, m: Int, k: Int) -> [Float] {
        let words = wordCount(kernels, k)
        var y = [Float](repeating: .nan, count: m * words)
        if isInt8 {
            kernels.quantise(&y, x, Int32(ldx), Int32(m), Int32(k))
        } else {
            kernels.to_bfloat16(&y, Int32(words), x, Int32(ldx), Int32(m), Int32(k))
        }
        return y
    }

    func weights(_ kernels: agon_kernels, _ w: [Float], ldw: Int, n: Int, k: Int) -> [Float] {
        let count = isInt8 ? kernels.packed_count_int8 : kernels.packed_count_bfloat16
        var panels = [Float](repeating: .nan, count: count!(Int32(n), Int32(k)))
        (isInt8 ? kernels.pack_int8 : kernels.pack_bfloat16)!(w, Int32(ldw), Int32(n), Int32(k), &panels)
        return panels
    }

    func product(
        _ kernels: agon_kernels, _ x: [Float], _ panels: [Float], m: Int, n: Int, k: Int, stride: Int? = nil,
        bias: [Float]? = nil, onto old: [Float]? = nil
    ) -> [Float] {
        let stride = stride ?? n
        var y = old ?? [Float](repeating: 77, count: m * stride)
        (isInt8 ? kernels.linear_int8 : kernels.linear_bfloat16)!(
            &y, Int32(stride), x, Int32(wordCount(kernels, k)), panels, Int32(m), Int32(n), Int32(k), bias,
            old == nil ? 0 : 1)
        return y
    }

    /// The values that a row of k keeps.
    func rounded(_ row: ArraySlice<Float>) -> [Double] {
        guard isInt8 else { return row.map { Double(bfloat16Reference($0)) } }
        var result: [Double] = []
        var start = row.startIndex
        while start < row.endIndex {
            let block = row[start..<min(start + 64, row.endIndex)]
            let top = block.reduce(0) { max($0, abs($1)) }
            let scale = Double(top) / 127
            result += block.map { top == 0 ? 0 : Double(($0 * (127 / top)).rounded(.toNearestOrEven)) * scale }
            start += 64
        }
        return result
    }
}

/// x rounded to the nearest bfloat16, ties to even.
private func bfloat16Reference(_ x: Float) -> Float {
    guard x.isFinite else { return x }
    let bits = x.bitPattern
    return Float(bitPattern: (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF_0000)
}

@Suite("Products of bfloat16 and int8")
struct NarrowProductTests {
    private let x: [Float], w: [Float], bias: [Float]

    init() {
        var generator = Generator(state: 41)
        x = generator.floats(greatest.m * greatest.k)
        w = generator.floats(greatest.n * greatest.k)
        bias = generator.floats(greatest.n)
    }

    /// Rounded operands of the first k inputs and their product, all rows and outputs.
    private func reference(_ format: Format, k: Int) -> [Double] {
        let rows = (0..<greatest.m).map { format.rounded(x[$0 * greatest.k..<$0 * greatest.k + k]) }
        let outputs = (0..<greatest.n).map { format.rounded(w[$0 * greatest.k..<$0 * greatest.k + k]) }
        return rows.flatMap { row in
            outputs.map { output in
                var sum = 0.0
                for i in 0..<k { sum += row[i] * output[i] }
                return sum
            }
        }
    }

    @Test(
        "the product equals that of the rounded operands for all small shapes, and nothing beside it is written",
        arguments: KernelPath.all, Format.all)
    private func allShapes(path: KernelPath, format: Format) {
        let kernels = path.kernels
        for k in inputCounts {
            let reference = reference(format, k: k)
            for n in outputCounts {
                let panels = format.weights(kernels, w, ldw: greatest.k, n: n, k: k)
                for m in rowCounts {
                    let input = format.input(kernels, x, ldx: greatest.k, m: m, k: k)
                    let y = format.product(kernels, input, panels, m: m, n: n, k: k, stride: n + 3)
                    var wrong = 0
                    for i in 0..<m {
                        for j in 0..<n + 3 {
                            let value = Double(y[i * (n + 3) + j])
                            let expected = j < n ? reference[i * greatest.n + j] : 77
                            if !(abs(value - expected) < 1e-6 + 2e-7 * Double(k)) { wrong += 1 }
                        }
                    }
                    #expect(wrong == 0, "m \(m), n \(n), k \(k)")
                }
            }
        }
    }

    @Test("a row has the same bits alone and in every batch", arguments: KernelPath.all, Format.all)
    private func batchInvariance(path: KernelPath, format: Format) {
        let kernels = path.kernels
        for (n, k) in [(1, 70), (33, 64), (130, 130)] {
            let panels = format.weights(kernels, w, ldw: greatest.k, n: n, k: k)
            var alone: [Float] = []
            for i in 0..<greatest.m {
                let row = Array(x[i * greatest.k..<i * greatest.k + k])
                alone += format.product(
                    kernels, format.input(kernels, row, ldx: k, m: 1, k: k), panels, m: 1, n: n, k: k)
            }
            for m in rowCounts {
                let input = format.input(kernels, x, ldx: greatest.k, m: m, k: k)
                let batch = format.product(kernels, input, panels, m: m, n: n, k: k)
                #expect(sameBits(batch, Array(alone[0..<m * n])), "m \(m), n \(n), k \(k)")
            }
        }
    }

    @Test("an output has the same bits whichever outputs are computed beside it", arguments: KernelPath.all, Format.all)
    private func splitInvariance(path: KernelPath, format: Format) {
        let kernels = path.kernels
        let (m, n, k) = (13, 130, 66)
        let input = format.input(kernels, x, ldx: greatest.k, m: m, k: k)
        let whole = format.product(
            kernels, input, format.weights(kernels, w, ldw: greatest.k, n: n, k: k), m: m, n: n, k: k)
        for part in [1, 17, 32, 100] {
            let panels = format.weights(kernels, w, ldw: greatest.k, n: part, k: k)
            let y = format.product(kernels, input, panels, m: m, n: part, k: k)
            #expect(sameBits(y, (0..<m).flatMap { whole[$0 * n..<$0 * n + part] }), "first \(part) outputs")
        }
    }

    @Test("bias and the old value are added", arguments: KernelPath.all, Format.all)
    private func biasAndAccumulate(path: KernelPath, format: Format) {
        let kernels = path.kernels
        let (m, n, k) = (7, 33, 17)
        let panels = format.weights(kernels, w, ldw: greatest.k, n: n, k: k)
        let input = format.input(kernels, x, ldx: greatest.k, m: m, k: k)
        let plain = format.product(kernels, input, panels, m: m, n: n, k: k)
        let old = Array(w[0..<m * n])
        let y = format.product(kernels, input, panels, m: m, n: n, k: k, bias: bias, onto: old)
        #expect(difference(y, (0..<m * n).map { Double(plain[$0]) + Double(bias[$0 % n]) + Double(old[$0]) }) < 1e-6)
    }

    @Test("a value that is not finite never looks finite in a product", arguments: KernelPath.all, Format.all)
    private func nonFinite(path: KernelPath, format: Format) {
        let kernels = path.kernels
        let panels = format.weights(kernels, w, ldw: greatest.k, n: 33, k: 70)
        for value in [Float.nan, .infinity, -.infinity, Float(bitPattern: 0x7FFF_FFFF)] {
            var row = Array(x[0..<70])
            row[66] = value
            let y = format.product(
                kernels, format.input(kernels, row, ldx: 70, m: 1, k: 70), panels, m: 1, n: 33, k: 70)
            #expect(y.allSatisfy { !$0.isFinite }, "\(value)")
        }
    }

    @Test("zeros stay zeros, and int8 sums have the same bits on paths of one rounding")
    func int8AcrossPaths() {
        let format = Format(isInt8: true)
        let fused = KernelPath.all.filter { $0.testDescription != "portable" }
        let results = fused.map { path -> [Float] in
            let kernels = path.kernels
            let panels = format.weights(kernels, w, ldw: greatest.k, n: 65, k: 130)
            return format.product(
                kernels, format.input(kernels, x, ldx: greatest.k, m: 9, k: 130), panels, m: 9, n: 65, k: 130)
        }
        for result in results { #expect(sameBits(result, results[0])) }
        let kernels = KernelPath.all[0].kernels
        let panels = format.weights(kernels, w, ldw: greatest.k, n: 5, k: 70)
        let zeros = format.input(kernels, [Float](repeating: 0, count: 70), ldx: 70, m: 1, k: 70)
        #expect(format.product(kernels, zeros, panels, m: 1, n: 5, k: 70) == [0, 0, 0, 0, 0])
    }

    @Test("the transposed bfloat16 panels give the product with w itself", arguments: KernelPath.all)
    func transposed(path: KernelPath) {
        let kernels = path.kernels
        let format = Format(isInt8: false)
        var generator = Generator(state: 42)
        for (m, n, k) in [(1, 1, 1), (5, 7, 3), (6, 16, 32), (9, 33, 17), (15, 65, 40), (3, 40, 130)] {
            let dy = generator.floats(m * n)
            var panels = [Float](repeating: .nan, count: kernels.packed_count_bfloat16(Int32(k), Int32(n)))
            kernels.pack_transposed_bfloat16(w, Int32(greatest.k), Int32(n), Int32(k), &panels)
            let dx = format.product(
                kernels, format.input(kernels, dy, ldx: n, m: m, k: n), panels, m: m, n: k, k: n)
            let expected = (0..<m * k).map { e in
                (0..<n).reduce(0.0) {
                    $0 + Double(bfloat16Reference(dy[e / k * n + $1]))
                        * Double(bfloat16Reference(w[$1 * greatest.k + e % k]))
                }
            }
            #expect(difference(dx, expected) < 1e-5, "m \(m), n \(n), k \(k)")
        }
    }

    @Test("the bfloat16 gradient of the weights adds the outer products of the rounded rows", arguments: KernelPath.all)
    func weightGradient(path: KernelPath) {
        let kernels = path.kernels
        var generator = Generator(state: 43)
        for (m, n, k) in [(1, 1, 1), (2, 14, 33), (3, 15, 7), (8, 29, 130), (33, 130, 65), (601, 6, 20)] {
            let dy = generator.floats(m * n), x = generator.floats(m * k), old = generator.floats(n * k)
            func rows(_ values: [Float], _ width: Int) -> [Float] {
                var y = [Float](repeating: .nan, count: (m + 1) / 2 * width)
                kernels.to_bfloat16_rows(&y, values, Int32(width), Int32(m), Int32(width))
                return y
            }
            var dw = old
            kernels.linear_dw_bfloat16(
                &dw, Int32(k), rows(dy, n), Int32(n), rows(x, k), Int32(k), Int32(m), Int32(n), Int32(k))
            let (dy64, x64) = (dy.map { Double(bfloat16Reference($0)) }, x.map { Double(bfloat16Reference($0)) })
            let expected = (0..<n * k).map { e in
                (0..<m).reduce(Double(old[e])) { $0 + dy64[$1 * n + e / k] * x64[$1 * k + e % k] }
            }
            #expect(difference(dw, expected) < 2e-5, "m \(m), n \(n), k \(k)")
        }
    }

    @Test("the bfloat16 path has the bits of the AVX-512 path in float32")
    func float32Bits() {
        let wide = KernelPath.all.filter { $0.testDescription.hasPrefix("avx512") }.map(\.kernels)
        let results = wide.map { kernels -> [Float] in
            var panels = [Float](repeating: 0, count: kernels.packed_count(130, 130))
            var y = [Float](repeating: 0, count: 33 * 130), dw = w
            kernels.pack(w, 130, 130, 130, &panels)
            kernels.linear(&y, 130, x, 130, panels, 33, 130, 130, bias, 0)
            kernels.linear_dw(&dw, 130, y, 130, x, 130, 33, 130, 130)
            return y + dw
        }
        for result in results { #expect(sameBits(result, results[0])) }
    }
}
