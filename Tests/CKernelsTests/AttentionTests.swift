import CKernels
import Foundation
import Testing

/// Operands of one causal attention, with rows wider than the heads need, and its reference in double.
private struct Attention {
    let t: Int, offset: Int, heads: Int, kvHeads: Int, d: Int
    var q: [Float], k: [Float], v: [Float]

    var ldq: Int { heads * d + 1 }
    var ldkv: Int { kvHeads * d + 2 }
    var scale: Double { 1 / Double(d).squareRoot() }

    init(t: Int, offset: Int = 0, heads: Int, kvHeads: Int, d: Int, seed: UInt64 = 31) {
        (self.t, self.offset, self.heads, self.kvHeads, self.d) = (t, offset, heads, kvHeads, d)
        var generator = Generator(state: seed)
        q = generator.floats(t * (heads * d + 1), scale: 2)
        k = generator.floats((offset + t) * (kvHeads * d + 2), scale: 2)
        v = generator.floats((offset + t) * (kvHeads * d + 2))
    }

    /// out[t, heads·d] and log Σ exp [t, heads] by the definition.
    func reference(q: [Double], k: [Double], v: [Double]) -> (out: [Double], logSumExp: [Double]) {
        var out: [Double] = [], logSumExp: [Double] = []
        for i in 0..<t {
            for h in 0..<heads {
                let kv = h / (heads / kvHeads) * d, query = i * ldq + h * d
                let scores = (0...offset + i).map { j in
                    scale * (0..<d).reduce(0.0) { $0 + q[query + $1] * k[j * ldkv + kv + $1] }
                }
                let top = scores.max()!
                let sum = scores.reduce(0) { $0 + exp($1 - top) }
                logSumExp.append(top + log(sum))
                for e in 0..<d {
                    out.append(scores.indices.reduce(0.0) { $0 + exp(scores[$1] - top) / sum * v[$1 * ldkv + kv + e] })
                }
            }
        }
        return (out, logSumExp)
    }

    var reference: (out: [Double], logSumExp: [Double]) {
        reference(q: q.map(Double.init), k: k.map(Double.init), v: v.map(Double.init))
    }

    /// Query rows first ..< first+count through the kernel, the earlier rows already being in k and v.
    func run(_ kernels: agon_kernels, first: Int = 0, count: Int? = nil) -> (out: [Float], logSumExp: [Float]) {
        let rows = count ?? t
        var out = [Float](repeating: 9, count: rows * heads * d), lse = [Float](repeating: 9, count: rows * heads)
        var scores = [Float](repeating: .nan, count: offset + first + rows)
        q.withUnsafeBufferPointer { q in
            kernels.attention(
                &out, Int32(heads * d), &lse, q.baseAddress! + first * ldq, Int32(ldq), k, Int32(ldkv), v, Int32(ldkv),
                Int32(rows), Int32(offset + first), Int32(heads), Int32(kvHeads), Int32(d), Float(scale), &scores)
        }
        return (out, lse)
    }
}

@Suite("Attention")
struct AttentionTests {
    @Test("attention equals its definition over lengths, head sizes and groups", arguments: KernelPath.all)
    func forward(path: KernelPath) {
        for (heads, kvHeads, d) in [(1, 1, 1), (2, 1, 3), (4, 2, 8), (3, 3, 16), (2, 2, 17), (2, 1, 32), (1, 1, 70)] {
            for (t, offset) in [(1, 0), (2, 0), (3, 4), (9, 0), (17, 0), (5, 30), (20, 15), (1, 70)] {
                let attention = Attention(t: t, offset: offset, heads: heads, kvHeads: kvHeads, d: d)
                let result = attention.run(path.kernels), expected = attention.reference
                #expect(difference(result.out, expected.out) < 2e-6, "t \(t), offset \(offset), heads \(heads), d \(d)")
                #expect(difference(result.logSumExp, expected.logSumExp) < 2e-6, "t \(t), offset \(offset), d \(d)")
            }
        }
    }

    @Test("every small length, offset and head size is right, in both directions", arguments: KernelPath.all)
    func allSmallShapes(path: KernelPath) {
        var generator = Generator(state: 34)
        for d in Array(1...20) + [23, 24, 25, 31, 32, 33, 48, 63, 64, 65] {
            for t in Array(1...9) + [15, 16, 17] {
                let offset = t % 3 * (d % 5)
                let forward = Attention(t: t, offset: offset, heads: 2, kvHeads: 1 + t % 2, d: d, seed: UInt64(64 * d + t))
                let result = forward.run(path.kernels), expected = forward.reference
                #expect(difference(result.out, expected.out) < 2e-6, "t \(t), offset \(offset), d \(d)")
                #expect(difference(result.logSumExp, expected.logSumExp) < 2e-6, "t \(t), offset \(offset), d \(d)")
                let whole = Attention(t: t, heads: 2, kvHeads: 1 + t % 2, d: d, seed: UInt64(64 * d + t))
                let dout = generator.floats(t * 2 * d)
                let gradient = backward(path.kernels, whole, dout: dout), wanted = backwardReference(whole, dout: dout)
                #expect(difference(gradient.q, wanted.q) < 1e-5, "t \(t), d \(d)")
                #expect(difference(gradient.k, wanted.k) < 1e-5, "t \(t), d \(d)")
                #expect(difference(gradient.v, wanted.v) < 1e-5, "t \(t), d \(d)")
            }
        }
    }

    @Test("long sequences and heads wider than a block are right as well", arguments: KernelPath.all)
    func long(path: KernelPath) {
        for attention in [
            Attention(t: 2, offset: 200, heads: 1, kvHeads: 1, d: 16), Attention(t: 3, offset: 5, heads: 2, kvHeads: 1, d: 300),
            Attention(t: 70, offset: 0, heads: 1, kvHeads: 1, d: 4),
        ] {
            let result = attention.run(path.kernels), expected = attention.reference
            #expect(difference(result.out, expected.out) < 3e-6)
            #expect(difference(result.logSumExp, expected.logSumExp) < 2e-6)
        }
    }

    @Test("decoding one token, or any chunk, has the bits of the whole prefill", arguments: KernelPath.all)
    func decodeEqualsPrefill(path: KernelPath) {
        let kernels = path.kernels
        for (heads, kvHeads, d) in [(1, 1, 5), (4, 2, 16), (3, 1, 24), (2, 2, 64)] {
            let t = 150
            let attention = Attention(t: t, heads: heads, kvHeads: kvHeads, d: d)
            let whole = attention.run(kernels)
            for i in 0..<t {
                let one = attention.run(kernels, first: i, count: 1)
                #expect(sameBits(one.out, Array(whole.out[i * heads * d..<(i + 1) * heads * d])), "row \(i), d \(d)")
                #expect(sameBits(one.logSumExp, Array(whole.logSumExp[i * heads..<(i + 1) * heads])), "row \(i), d \(d)")
            }
            for (first, count) in [(0, 7), (3, 20), (61, 70), (149, 1), (100, 50)] {
                let chunk = attention.run(kernels, first: first, count: count)
                #expect(sameBits(chunk.out, Array(whole.out[first * heads * d..<(first + count) * heads * d])))
            }
        }
    }

    @Test("log_sum_exp may be left out", arguments: KernelPath.all)
    func withoutLogSumExp(path: KernelPath) {
        let attention = Attention(t: 5, heads: 2, kvHeads: 1, d: 8)
        var out = [Float](repeating: 9, count: 5 * 16), scores = [Float](repeating: 0, count: 5)
        path.kernels.attention(
            &out, 16, nil, attention.q, Int32(attention.ldq), attention.k, Int32(attention.ldkv), attention.v,
            Int32(attention.ldkv), 5, 0, 2, 1, 8, Float(attention.scale), &scores)
        #expect(sameBits(out, attention.run(path.kernels).out))
    }

    /// The kernel's gradients on top of ones, with `dout` as the gradient of the output.
    private func backward(_ kernels: agon_kernels, _ a: Attention, dout: [Float]) -> (q: [Float], k: [Float], v: [Float]) {
        let forward = a.run(kernels)
        var dq = [Float](repeating: 1, count: a.q.count), dk = [Float](repeating: 1, count: a.k.count)
        var dv = dk, scratch = [Float](repeating: .nan, count: 8 * a.t)
        let ldo = Int32(a.heads * a.d), ldq = Int32(a.ldq), ldkv = Int32(a.ldkv)
        kernels.attention_backward(
            &dq, ldq, &dk, ldkv, &dv, ldkv, dout, ldo, forward.out, ldo, forward.logSumExp, a.q, ldq, a.k, ldkv, a.v,
            ldkv, Int32(a.t), Int32(a.heads), Int32(a.kvHeads), Int32(a.d), Float(a.scale), &scratch)
        return (dq, dk, dv)
    }

    @Test("the gradients equal finite differences of the definition and are added", arguments: KernelPath.all)
    func backwardEqualsFiniteDifferences(path: KernelPath) {
        for (t, heads, kvHeads, d) in [(1, 1, 1, 2), (5, 2, 1, 3), (6, 2, 2, 5)] {
            let a = Attention(t: t, heads: heads, kvHeads: kvHeads, d: d)
            var generator = Generator(state: 32)
            let dout = generator.floats(t * heads * d)
            let result = backward(path.kernels, a, dout: dout)
            let q = a.q.map(Double.init), k = a.k.map(Double.init), v = a.v.map(Double.init)
            let dq = gradient(at: q) { dot(dout, a.reference(q: $0, k: k, v: v).out) }
            let dk = gradient(at: k) { dot(dout, a.reference(q: q, k: $0, v: v).out) }
            let dv = gradient(at: v) { dot(dout, a.reference(q: q, k: k, v: $0).out) }
            #expect(difference(result.q, dq.map { $0 + 1 }) < 5e-6, "t \(t), d \(d)")
            #expect(difference(result.k, dk.map { $0 + 1 }) < 5e-6, "t \(t), d \(d)")
            #expect(difference(result.v, dv.map { $0 + 1 }) < 5e-6, "t \(t), d \(d)")
        }
    }

    /// dq, dk, dv by the chain rule in double: ds = p · (dp − Σ p·dp) · scale.
    private func backwardReference(_ a: Attention, dout: [Float]) -> (q: [Double], k: [Double], v: [Double]) {
        let q = a.q.map(Double.init), k = a.k.map(Double.init), v = a.v.map(Double.init), g = dout.map(Double.init)
        var dq = q.map { _ in 1.0 }, dk = k.map { _ in 1.0 }, dv = v.map { _ in 1.0 }
        let logSumExp = a.reference.logSumExp
        for i in 0..<a.t {
            for h in 0..<a.heads {
                let kv = h / (a.heads / a.kvHeads) * a.d, query = i * a.ldq + h * a.d, o = (i * a.heads + h) * a.d
                let p = (0...i).map { j in
                    exp(a.scale * (0..<a.d).reduce(0.0) { $0 + q[query + $1] * k[j * a.ldkv + kv + $1] }
                        - logSumExp[i * a.heads + h])
                }
                let dp = (0...i).map { j in (0..<a.d).reduce(0.0) { $0 + g[o + $1] * v[j * a.ldkv + kv + $1] } }
                let mean = zip(p, dp).reduce(0.0) { $0 + $1.0 * $1.1 }
                for j in 0...i {
                    let ds = p[j] * (dp[j] - mean) * a.scale, row = j * a.ldkv + kv
                    for e in 0..<a.d {
                        dq[query + e] += ds * k[row + e]
                        dk[row + e] += ds * q[query + e]
                        dv[row + e] += p[j] * g[o + e]
                    }
                }
            }
        }
        return (dq, dk, dv)
    }

    @Test("the gradients equal the chain rule in double over lengths and head sizes", arguments: KernelPath.all)
    func backwardEqualsChainRule(path: KernelPath) {
        for (t, heads, kvHeads, d) in [
            (2, 2, 1, 16), (4, 1, 1, 17), (7, 4, 2, 8), (16, 1, 1, 32), (19, 3, 1, 12), (70, 1, 1, 5), (6, 1, 1, 140),
        ] {
            let a = Attention(t: t, heads: heads, kvHeads: kvHeads, d: d, seed: UInt64(t))
            var generator = Generator(state: 33)
            let dout = generator.floats(t * heads * d)
            let result = backward(path.kernels, a, dout: dout), expected = backwardReference(a, dout: dout)
            #expect(difference(result.q, expected.q) < 1e-5, "t \(t), heads \(heads), d \(d)")
            #expect(difference(result.k, expected.k) < 1e-5, "t \(t), heads \(heads), d \(d)")
            #expect(difference(result.v, expected.v) < 1e-5, "t \(t), heads \(heads), d \(d)")
        }
    }
}

@Suite("Attention over a cache")
struct CachedAttentionTests {
    /// The rows of `attention` through a cache that is filled in two parts.
    private func run(_ kernels: agon_kernels, _ a: Attention, first: Int, count: Int) -> [Float] {
        let capacity = first + count + 5
        let keyCount = kernels.cached_keys_count(Int32(capacity), Int32(a.d))
        var keys = [Float](repeating: .nan, count: a.kvHeads * keyCount), values = keys
        var out = [Float](repeating: 9, count: count * a.heads * a.d)
        for head in 0..<a.kvHeads {
            for (start, end) in [(0, first), (first, first + count)] {
                a.k.withUnsafeBufferPointer { k in
                    keys.withUnsafeMutableBufferPointer { keys in
                        kernels.cache_keys(
                            keys.baseAddress! + head * keyCount, k.baseAddress! + start * a.ldkv + head * a.d,
                            Int32(a.ldkv), Int32(start), Int32(end - start), Int32(a.d))
                    }
                }
            }
            for row in 0..<first + count {
                for i in 0..<a.d {
                    values[head * keyCount + row * a.d + i] = a.v[row * a.ldkv + head * a.d + i]
                }
            }
        }
        a.q.withUnsafeBufferPointer { q in
            kernels.attention_cached(
                &out, Int32(a.heads * a.d), q.baseAddress! + first * a.ldq, Int32(a.ldq), keys, values, keyCount,
                keyCount, Int32(count), Int32(first), Int32(a.heads), Int32(a.kvHeads), Int32(a.d), Float(a.scale))
        }
        return out
    }

    @Test("it has the bits of attention, for one token and for chunks", arguments: KernelPath.all)
    func sameBitsAsAttention(path: KernelPath) {
        let kernels = path.kernels
        for (heads, kvHeads, d) in [(1, 1, 5), (4, 2, 16), (9, 3, 64), (4, 4, 32), (40, 40, 8), (6, 1, 70), (2, 2, 150)] {
            let t = 150
            let attention = Attention(t: t, heads: heads, kvHeads: kvHeads, d: d)
            for (first, count) in [(0, 1), (0, 33), (1, 1), (63, 1), (64, 1), (100, 50), (149, 1), (60, 9)] {
                let expected = attention.run(kernels, first: first, count: count).out
                #expect(
                    sameBits(run(kernels, attention, first: first, count: count), expected),
                    "heads \(heads), d \(d), rows \(first) and \(count) on")
            }
        }
    }
}
