import CKernels

/// Attention of a group's sequences, cut into units that threads compute independently of one another: one key/value
/// head of one family, a family being a sequence and those after it that share its beginning.
///
/// Log Σ exp of the scores lies as `[K][rows, H/K]`, so that each head's part is a matrix of its own.
struct AttentionUnits {
    private let batch: RaggedBatch
    private let group: RaggedBatch.Group
    private let config: ModelConfig
    private let kernels: Kernels
    private let families: [Range<Int>]
    /// Query heads of one key/value head.
    private let share: Int

    init(_ group: RaggedBatch.Group, of batch: RaggedBatch, _ config: ModelConfig, kernels: Kernels) {
        self.batch = batch
        self.group = group
        self.config = config
        self.kernels = kernels
        share = config.headCount / config.keyValueHeadCount
        var families: [Range<Int>] = []
        for sequence in group.sequences {
            if batch.spans[sequence].sharedCount > 0, let last = families.last {
                families[families.count - 1] = last.lowerBound..<sequence + 1
            } else {
                families.append(sequence..<sequence + 1)
            }
        }
        self.families = families
    }

    private var scale: Float { 1 / Float(config.headSize).squareRoot() }

    private func forEach(cost: Int, _ body: (_ sequence: RaggedBatch.Span, _ head: Int, _ thread: Int) -> Void) {
        let heads = config.keyValueHeadCount
        kernels.deal(families.count * heads, nanoseconds: group.rows.count * config.querySize * cost) { unit, thread in
            for sequence in families[unit / heads] where batch.spans[sequence].count > 0 {
                body(batch.spans[sequence], unit % heads, thread)
            }
        }
    }

    /// Floats of a thread's scratch in the forward pass: a sequence's keys and values of one head, and its scores.
    static func forwardScratch(_ config: ModelConfig, length: Int) -> Int {
        length * (2 * config.headSize + 1)
    }

    /// - Parameters:
    ///   - out: `[rows, H·D]`, log Σ exp `[K][rows, H/K]`; fused `[rows, H·D + 2·K·D]`.
    ///   - scratch: `forwardScratch` floats for each thread.
    func forward(_ out: Floats, logSum: Floats, fused: Floats, scratch: Floats) {
        let (q, width, d) = (config.querySize, config.fusedSize, config.headSize)
        let scratchCount = Self.forwardScratch(config, length: batch.longest)
        forEach(cost: 1) { span, head, thread in
            let row = span.first - group.rows.lowerBound
            let scores = scratch + thread * scratchCount
            var (keys, values, stride) = (fused + row * width + q + head * d, Floats?.none, width)
            if span.sharedCount > 0 {
                keys = scores + batch.longest
                stride = 2 * d
                gather(span, keys, from: fused + q + head * d, width, count: d, stride: stride)
                gather(
                    span, keys + d, from: fused + q + config.keyValueSize + head * d, width, count: d, stride: stride)
                values = keys + d
            }
            kernels.table.pointee.attention(
                out + row * q + head * share * d, Int32(q), logSum + (head * group.rows.count + row) * share,
                fused + row * width + head * share * d, Int32(width), keys, Int32(stride),
                values ?? keys + config.keyValueSize, Int32(stride), Int32(span.count), Int32(span.sharedCount),
                Int32(share), 1, Int32(d), scale, scores)
        }
    }

    /// Copies `count` columns of a sequence's rows, its shared beginning's first.
    private func gather(
        _ span: RaggedBatch.Span, _ to: Floats, from base: Floats, _ width: Int, count: Int, stride: Int
    ) {
        for position in 0..<span.length {
            let row = span.row(position) - group.rows.lowerBound
            (to + position * stride).update(from: base + row * width, count: count)
        }
    }

    /// Floats of a thread's scratch in the backward pass: a sequence's queries, keys, values and result of one head
    /// with their gradients, its log Σ exp, and the kernel's own.
    static func backwardScratch(_ config: ModelConfig, length: Int) -> Int {
        let share = config.headCount / config.keyValueHeadCount
        return length * (4 * (share + 1) * config.headSize + share + 8)
    }

    /// Adds the gradients of queries, keys and values to dfused, given that of the result.
    ///
    /// - Parameter scratch: `backwardScratch` floats for each thread.
    func backward(
        _ dfused: Floats, dout: Floats, out: Floats, logSum: Floats, fused: Floats, scratch: Floats
    ) {
        let (q, d) = (config.querySize, config.headSize)
        let scratchCount = Self.backwardScratch(config, length: batch.longest)
        forEach(cost: 4) { span, head, thread in
            let work = scratch + thread * scratchCount
            let columns = (query: head * share * d, key: q + head * d, value: q + config.keyValueSize + head * d)
            let sums = logSum + head * group.rows.count * share
            guard span.sharedCount > 0 else {
                let row = span.first - group.rows.lowerBound
                let (x, dx) = (fused + row * config.fusedSize, dfused + row * config.fusedSize)
                let at = row * q + columns.query
                run(
                    span.length, width: config.fusedSize, dq: dx + columns.query, dk: dx + columns.key,
                    dv: dx + columns.value, dout: dout + at, out: out + at, resultWidth: q,
                    logSum: sums + row * share, q: x + columns.query, k: x + columns.key, v: x + columns.value, work)
                return
            }
            backwardShared(span, columns, dfused, dout: dout, out: out, sums: sums, fused: fused, work)
        }
    }

    /// The same for a sequence whose beginning is another one's: its rows are put together first, and what it adds to
    /// the shared ones goes to the rows that they were taken from.
    private func backwardShared(
        _ span: RaggedBatch.Span, _ columns: (query: Int, key: Int, value: Int), _ dfused: Floats, dout: Floats,
        out: Floats, sums: Floats, fused: Floats, _ work: Floats
    ) {
        let (q, d, width, length) = (config.querySize, config.headSize, config.fusedSize, span.length)
        let (queryWidth, all) = (share * d, (share + 2) * d)
        let x = work + 8 * length
        let dx = x + length * all
        let result = dx + length * all
        let dresult = result + length * queryWidth
        let logSum = dresult + length * queryWidth
        gather(span, x, from: fused + columns.query, width, count: queryWidth, stride: all)
        gather(span, x + queryWidth, from: fused + columns.key, width, count: d, stride: all)
        gather(span, x + queryWidth + d, from: fused + columns.value, width, count: d, stride: all)
        gather(span, result, from: out + columns.query, q, count: queryWidth, stride: queryWidth)
        gather(span, logSum, from: sums, share, count: share, stride: share)
        // The shared rows' own results have had their gradient with the sequence that they belong to.
        dresult.update(repeating: 0, count: span.sharedCount * queryWidth)
        let own = span.first - group.rows.lowerBound
        for index in 0..<span.count {
            (dresult + (span.sharedCount + index) * queryWidth)
                .update(from: dout + (own + index) * q + columns.query, count: queryWidth)
        }
        dx.update(repeating: 0, count: length * all)
        run(
            length, width: all, dq: dx, dk: dx + queryWidth, dv: dx + queryWidth + d, dout: dresult, out: result,
            resultWidth: queryWidth, logSum: logSum, q: x, k: x + queryWidth, v: x + queryWidth + d, work)
        for position in 0..<length {
            let row = dfused + (span.row(position) - group.rows.lowerBound) * width
            let from = dx + position * all
            if position < span.sharedCount {
                kernels.table.pointee.axpy(row + columns.key, from + queryWidth, 1, d)
                kernels.table.pointee.axpy(row + columns.value, from + queryWidth + d, 1, d)
            } else {
                (row + columns.query).update(from: from, count: queryWidth)
                (row + columns.key).update(from: from + queryWidth, count: d)
                (row + columns.value).update(from: from + queryWidth + d, count: d)
            }
        }
    }

    private func run(
        _ length: Int, width: Int, dq: Floats, dk: Floats, dv: Floats, dout: Floats, out: Floats, resultWidth: Int,
        logSum: Floats, q: Floats, k: Floats, v: Floats, _ scratch: Floats
    ) {
        let (ld, ldo) = (Int32(width), Int32(resultWidth))
        kernels.table.pointee.attention_backward(
            dq, ld, dk, ld, dv, ld, dout, ldo, out, ldo, logSum, q, ld, k, ld, v, ld, Int32(length), Int32(share), 1,
            Int32(config.headSize), scale, scratch)
    }
}
