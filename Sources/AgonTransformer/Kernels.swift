import CKernels
import Foundation

/// One set of compute kernels: the float loops of the engine for one instruction set.
///
/// All paths agree to rounding, none to the bit with another. A run that is to be replayed exactly must
/// name its path: it is part of what a checkpoint's record states.
public struct Kernels: @unchecked Sendable {
    // Safety: the table is a constant of the C module, with static lifetime and without state; the team is Sendable.
    let table: UnsafePointer<agon_kernels>

    /// `portable`, `avx2`, `avx512` or `avx512_bf16`; the last has the bits of `avx512` in float32.
    public let name: String

    /// Threads that share its loops; nil for the caller's alone.
    var team: WorkerTeam?
    /// What the operands of a training pass's products are rounded to: float32, or bfloat16 with float32 weights kept
    /// beside it. Sums, norms, softmax, gradients, the optimiser and the products of an adapter's own matrices are float32
    /// in both.
    public var products = WeightFormat.float32

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

    /// The names of all paths, whatever this processor can run.
    public static var allNames: [String] { paths.map(\.name) }

    /// Every path that this processor can run, slowest first.
    public static var allAvailable: [Kernels] {
        paths.compactMap { agon_kernels_for($0.path) }.map(Kernels.init)
    }
}

typealias Floats = UnsafeMutablePointer<Float>
