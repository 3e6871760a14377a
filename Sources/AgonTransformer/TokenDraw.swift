import AgonCore
import CKernels

/// Draws tokens from logits: the one place where generation decides, and where a replay decides again.
///
/// One owner, one thread; the memory is reused from token to token.
struct TokenDraw {
    private let kernels: Kernels
    private var scratch: [Float] = []
    private var changed: [Float] = []

    init(kernels: Kernels) { self.kernels = kernels }

    /// The token of a position.
    ///
    /// - Parameters:
    ///   - logits: the model's `[V]`; they stay as they are.
    ///   - count: tokens from this id on are never drawn.
    ///   - key: the completion's.
    ///   - position: counted from the start of the completion.
    ///   - said: prompt and completion so far.
    mutating func token(
        of logits: UnsafePointer<Float>, count: Int, sampling: SamplingOptions, key: UInt64, position: Int,
        said: ArraySlice<Int32>
    ) -> Int32 {
        let key = mixBits(key ^ mixBits(UInt64(position) &+ 0x9E37_79B9_7F4A_7C15))
        let (table, temperature) = (kernels.table, Float(sampling.temperature))
        guard sampling.changesLogits else {
            let floor = sampling.floor(of: logits, count: count, scratch: &scratch)
            return table.pointee.gumbel_argmax(logits, Int32(count), temperature, floor, key)
        }
        var own: [Float] = []
        swap(&own, &changed)
        defer { swap(&own, &changed) }
        own.removeAll(keepingCapacity: true)
        own.append(contentsOf: UnsafeBufferPointer(start: logits, count: count))
        return own.withUnsafeMutableBufferPointer { own in
            guard let own = own.baseAddress else { return 0 }
            let floor = sampling.prepare(own, of: logits, count: count, said: said, scratch: &scratch)
            return table.pointee.gumbel_argmax(own, Int32(count), temperature, floor, key)
        }
    }
}
