import CKernels

/// Loops over the rows of a matrix, shared by the team. Shapes are in the C header.
extension Kernels {
    @inline(__always)
    func norm(_ y: Floats, _ rstd: Floats, _ x: Floats, weight: Floats, rows: Int, _ config: ModelConfig) {
        let c = config.hiddenSize
        share(rows, nanoseconds: rows * c / 8) { part in
            table.pointee.rmsnorm(
                y + part.lowerBound * c, rstd + part.lowerBound, x + part.lowerBound * c, weight, Int32(part.count),
                Int32(c), config.normEpsilon)
        }
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
        let width = config.fusedSize
        share(rows, nanoseconds: rows * width / 8) { part in
            table.pointee.rope(
                fused + part.lowerBound * width, Int32(width), rotary.cosine, rotary.sine, positions + part.lowerBound,
                Int32(part.count), Int32(config.headCount + config.keyValueHeadCount), Int32(config.headSize),
                inverse ? 1 : 0)
        }
    }

    /// y = silu(gate)·up.
    @inline(__always)
    func siluMultiply(_ y: Floats, _ gate: Floats, _ up: Floats, count: Int) {
        share(count, unit: 16, nanoseconds: count / 4) { part in
            let at = part.lowerBound
            table.pointee.silu_multiply(y + at, gate + at, up + at, part.count)
        }
    }

    /// dgate and dup are written.
    @inline(__always)
    func siluMultiplyBackward(_ dgate: Floats, _ dup: Floats, dy: Floats, _ gate: Floats, _ up: Floats, count: Int) {
        share(count, unit: 16, nanoseconds: count / 4) { part in
            let at = part.lowerBound
            table.pointee.silu_multiply_backward(dgate + at, dup + at, dy + at, gate + at, up + at, part.count)
        }
    }

    /// Log Σ exp of each row of logits `[rows, V]`.
    @inline(__always)
    func logSumExp(_ result: Floats, _ logits: Floats, rows: Int, _ v: Int) {
        share(rows, nanoseconds: rows * v / 4) { part in
            table.pointee.log_sum_exp(
                result + part.lowerBound, logits + part.lowerBound * v, Int32(v), Int32(part.count), Int32(v))
        }
    }

    /// Entropy of each row of logits `[rows, V]` in nats.
    @inline(__always)
    func entropy(_ result: Floats, _ logits: Floats, logSum: Floats, rows: Int, _ v: Int) {
        share(rows, nanoseconds: rows * v / 4) { part in
            table.pointee.entropy(
                result + part.lowerBound, logits + part.lowerBound * v, Int32(v), logSum + part.lowerBound,
                Int32(part.count), Int32(v))
        }
    }

    /// Logits `[rows, V]` become coefficient · (onehot(target) − softmax).
    @inline(__always)
    func logProbBackward(
        _ logits: Floats, logSum: Floats, targets: UnsafePointer<Int32>, coefficients: Floats, rows: Int, _ v: Int
    ) {
        share(rows, nanoseconds: rows * v / 4) { part in
            let at = part.lowerBound
            table.pointee.log_prob_backward(
                logits + at * v, Int32(v), logSum + at, targets + at, coefficients + at, Int32(part.count), Int32(v))
        }
    }
}
