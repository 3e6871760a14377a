import CKernels
import Testing

/// One instruction set that this processor has. Every test of a kernel takes it as its argument.
struct KernelPath: Sendable, CustomTestStringConvertible {
    let index: UInt32

    static let all: [KernelPath] = (0..<4).map(KernelPath.init).filter { agon_kernels_for(agon_path($0.index)) != nil }

    var kernels: agon_kernels { agon_kernels_for(agon_path(index)).pointee }
    var testDescription: String { String(cString: kernels.name) }
}

/// SplitMix64, so that every run tests the same numbers.
struct Generator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// `count` floats, uniform in ±scale.
    mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
        (0..<count).map { _ in (Float(next() >> 40) / 8_388_608 - 1) * scale }
    }
}

/// The greatest |a − b| / (1 + |b|); a NaN on either side counts as infinite.
func difference(_ a: [Float], _ b: [Double]) -> Double {
    guard a.count == b.count else { return .infinity }
    var worst = 0.0
    for i in a.indices {
        let d = abs(Double(a[i]) - b[i]) / (1 + abs(b[i]))
        if !(d <= worst) { worst = d.isNaN ? .infinity : d }
    }
    return worst
}

func sameBits(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern }
}

@Suite("Kernel tables")
struct KernelTableTests {
    @Test("the portable table is always there and the best path has a table")
    func tables() {
        #expect(agon_kernels_for(AGON_PATH_PORTABLE) != nil)
        #expect(agon_kernels_for(agon_path_best()) != nil)
        #expect(agon_kernels_for(agon_path(7)) == nil)
        #expect(KernelPath.all.map(\.testDescription).first == "portable")
    }
}
