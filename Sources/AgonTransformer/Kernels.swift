import CKernels
import Foundation

/// One set of compute kernels: the float loops of the engine for one instruction set.
///
/// All paths agree to rounding, none to the bit with another. A run that is to be replayed exactly must
/// name its path: it is part of what a checkpoint's record states.
public struct Kernels: @unchecked Sendable {
    // Safety: the table is a constant of the C module, with static lifetime and without state.
    let table: UnsafePointer<agon_kernels>

    /// `portable`, `avx2`, `avx512` or `avx512_bf16`; the last has the bits of `avx512` in float32.
    public let name: String

    private init(_ table: UnsafePointer<agon_kernels>) {
        self.table = table
        name = String(cString: table.pointee.name)
    }

    private static let paths: [(name: String, path: agon_path)] = [
        ("portable", AGON_PATH_PORTABLE), ("avx2", AGON_PATH_AVX2), ("avx512", AGON_PATH_AVX512),
        ("avx512_bf16", AGON_PATH_AVX512_BF16),
    ]

    private static let atStart: Result<Kernels, TransformerError> = Result { () throws(TransformerError) in
        try select(named: ProcessInfo.processInfo.environment["AGON_KERNELS"])
    }

    /// The path of this process: what `AGON_KERNELS` names, or the fastest that the processor has.
    ///
    /// Decided at the first use and never again, so that one process never mixes two paths.
    ///
    /// - Throws: `unknownKernels` where `AGON_KERNELS` names no path or one that the processor lacks.
    public static var current: Kernels {
        get throws(TransformerError) { try atStart.get() }
    }

    /// The path of a name; nil or an empty name selects the fastest.
    ///
    /// - Throws: `unknownKernels`, listing the names that would work here.
    public static func select(named name: String?) throws(TransformerError) -> Kernels {
        let known = allAvailable.map(\.name).joined(separator: ", ")
        guard let name, !name.isEmpty else {
            guard let table = agon_kernels_for(agon_path_best()) else {
                throw TransformerError(.unknownKernels, "This build contains no kernels for this processor.")
            }
            return Kernels(table)
        }
        guard let kernels = named(name) else {
            let isKnown = paths.contains { $0.name == name }
            throw TransformerError(
                .unknownKernels,
                isKnown
                    ? "This processor cannot run the kernels \"\(name)\" (AGON_KERNELS); it has \(known)."
                    : "There are no kernels named \"\(name)\" (AGON_KERNELS); this processor has \(known).")
        }
        return kernels
    }

    /// The path of a name, or nil where the name is unknown or the processor lacks it.
    public static func named(_ name: String) -> Kernels? {
        paths.first { $0.name == name }.flatMap { agon_kernels_for($0.path) }.map(Kernels.init)
    }

    /// Every path that this processor can run, slowest first.
    public static var allAvailable: [Kernels] {
        paths.compactMap { agon_kernels_for($0.path) }.map(Kernels.init)
    }
}

typealias Floats = UnsafeMutablePointer<Float>

/// A weight matrix `[outputs, inputs]` in the order that the path's `linear` reads.
struct PackedMatrix {
    let memory: Floats
    let outputs: Int
    let inputs: Int
    /// `[outputs]`, added to every row of the product; nil where the layer has none.
    var bias: Floats?

    /// The matrix alone.
    var withoutBias: PackedMatrix { PackedMatrix(memory: memory, outputs: outputs, inputs: inputs, bias: nil) }
}

/// The table's functions with Swift's integers. Shapes are in the C header.
extension Kernels {
    func packedCount(outputs: Int, inputs: Int) -> Int { table.pointee.packed_count(Int32(outputs), Int32(inputs)) }

    /// Packs w `[outputs, inputs]`.
    func pack(_ w: Floats, into packed: PackedMatrix) {
        table.pointee.pack(w, Int32(packed.inputs), Int32(packed.outputs), Int32(packed.inputs), packed.memory)
    }

    /// Packs wᵀ, w being `[inputs, outputs]` of the packed matrix.
    func packTransposed(_ w: Floats, into packed: PackedMatrix) {
        table.pointee.pack_transposed(
            w, Int32(packed.outputs), Int32(packed.inputs), Int32(packed.outputs), packed.memory)
    }

    @inline(__always)
    func linear(
        _ y: Floats, _ ldy: Int, _ x: Floats, _ ldx: Int, _ w: PackedMatrix, rows: Int, accumulate: Bool = false
    ) {
        table.pointee.linear(
            y, Int32(ldy), x, Int32(ldx), w.memory, Int32(rows), Int32(w.outputs), Int32(w.inputs), w.bias,
            accumulate ? 1 : 0)
    }

    /// dw `[outputs, inputs]` += dyᵀ·x, all dense; nothing where dw is nil, the matrix being frozen.
    @inline(__always)
    func linearGradient(_ dw: Floats?, _ dy: Floats, outputs: Int, _ x: Floats, inputs: Int, rows: Int) {
        guard let dw else { return }
        table.pointee.linear_dw(
            dw, Int32(inputs), dy, Int32(outputs), x, Int32(inputs), Int32(rows), Int32(outputs), Int32(inputs))
    }

    @inline(__always)
    func norm(_ y: Floats, _ rstd: Floats, _ x: Floats, weight: Floats, rows: Int, _ config: ModelConfig) {
        table.pointee.rmsnorm(y, rstd, x, weight, Int32(rows), Int32(config.hiddenSize), config.normEpsilon)
    }

    @inline(__always)
    func normBackward(
        _ dx: Floats, _ dweight: Floats, dy: Floats, x: Floats, weight: Floats, rstd: Floats, rows: Int, channels: Int
    ) {
        table.pointee.rmsnorm_backward(dx, dweight, dy, x, weight, rstd, Int32(rows), Int32(channels))
    }

    /// Turns the queries and keys of fused rows `[rows, H·D + 2·K·D]`, or turns them back.
    @inline(__always)
    func rotate(
        _ fused: Floats, _ rotary: RotaryTable, _ positions: UnsafePointer<Int32>, rows: Int, _ config: ModelConfig,
        inverse: Bool = false
    ) {
        table.pointee.rope(
            fused, Int32(config.fusedSize), rotary.cosine, rotary.sine, positions, Int32(rows),
            Int32(config.headCount + config.keyValueHeadCount), Int32(config.headSize), inverse ? 1 : 0)
    }
}
