import CKernels
import Testing

@Suite("Adapter kernels")
struct AdapterKernelTests {
    private let widths = Array(1...40) + [63, 64, 65]

    @Test("scale_columns multiplies each column by its gain and leaves the bias out", arguments: KernelPath.all)
    func scaleColumns(path: KernelPath) {
        var generator = Generator(state: 51)
        for n in widths {
            let (m, ld) = (3, n + 2)
            let y = generator.floats(m * ld), gain = generator.floats(n), bias = generator.floats(n)
            var (plain, shifted) = (y, y)
            path.kernels.scale_columns(&plain, Int32(ld), gain, nil, Int32(m), Int32(n))
            path.kernels.scale_columns(&shifted, Int32(ld), gain, bias, Int32(m), Int32(n))
            func expected(_ bias: [Float]?) -> [Double] {
                y.indices.map { index in
                    let column = index % ld
                    guard column < n else { return Double(y[index]) }
                    let shift = Double(bias?[column] ?? 0)
                    return (Double(y[index]) - shift) * Double(gain[column]) + shift
                }
            }
            #expect(difference(plain, expected(nil)) < 1e-6, "\(n) columns")
            #expect(difference(shifted, expected(bias)) < 1e-6, "\(n) columns")
        }
    }

    @Test("column_dots adds the sum over the rows", arguments: KernelPath.all)
    func columnDots(path: KernelPath) {
        var generator = Generator(state: 52)
        for n in widths {
            let (m, lda, ldb) = (7, n + 1, n + 3)
            let a = generator.floats(m * lda), b = generator.floats(m * ldb), start = generator.floats(n)
            var sum = start
            path.kernels.column_dots(&sum, a, Int32(lda), b, Int32(ldb), Int32(m), Int32(n))
            let expected = (0..<n).map { column in
                (0..<m).reduce(Double(start[column])) { sum, row in
                    sum + Double(a[row * lda + column]) * Double(b[row * ldb + column])
                }
            }
            #expect(difference(sum, expected) < 1e-6, "\(n) columns")
        }
    }

    @Test("dropout drops its share, scales the rest and is the same on every path")
    func dropout() {
        let x = [Float](repeating: 1, count: 20_000)
        for probability in [Float(0), 0.1, 0.5, 0.9] {
            let made = KernelPath.all.map { path in
                var y = [Float](repeating: .nan, count: x.count)
                path.kernels.dropout(&y, x, Int32(x.count), probability, 17)
                return y
            }
            let zeros = made[0].count { $0 == 0 }
            #expect(abs(Float(zeros) / Float(x.count) - probability) < 0.02)
            #expect(made[0].allSatisfy { $0 == 0 || $0 == 1 / (1 - probability) })
            #expect(made.allSatisfy { sameBits($0, made[0]) })
            var (other, inPlace) = (x, x)
            KernelPath.all[0].kernels.dropout(&other, x, Int32(x.count), probability, 18)
            inPlace.withUnsafeMutableBufferPointer {
                KernelPath.all[0].kernels.dropout($0.baseAddress, $0.baseAddress, Int32(x.count), probability, 17)
            }
            #expect(sameBits(inPlace, made[0]))
            if probability > 0 { #expect(!sameBits(other, made[0])) }
        }
    }
}
