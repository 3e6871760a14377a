import CKernels

/// Keys (after rotation) and values of sequences that are being continued, one slot for each.
///
/// Memory is `[slot][layer]`, then `[K][capacity, D]` of keys and of values: a head's keys are one stretch that attention
/// reads from beginning to end, in the order of the kernels' `attention_cached`. A slot remembers the tokens it holds, also
/// after its sequence has ended: until it is taken again, others that begin alike copy from it.
struct KeyValueCache {
    let capacity: Int
    private let headSize: Int
    private let headCount: Int
    private let layerCount: Int
    private let kernels: Kernels
    private let memory: SpareMemory.Loan
    private let base: Floats
    /// Tokens whose keys and values each slot holds.
    var tokens: [[Int32]]
    /// The policy that computed them: another one's are different numbers.
    var policies: [Int]

    init(_ config: ModelConfig, kernels: Kernels, slotCount: Int, capacity: Int) {
        self.capacity = capacity
        self.kernels = kernels
        headSize = config.headSize
        headCount = config.keyValueHeadCount
        layerCount = config.layerCount
        keyStride = kernels.table.pointee.cached_keys_count(Int32(capacity), Int32(headSize))
        let page = FloatMemory.pageSize / MemoryLayout<Float>.stride
        valueStride = min(keyStride, (capacity * headSize + page - 1) / page * page)
        memory = SpareMemory.Loan(slotCount * layerCount * headCount * (keyStride + valueStride))
        base = memory.base
        tokens = Array(repeating: [], count: slotCount)
        policies = Array(repeating: 0, count: slotCount)
    }

    /// Floats of one head's keys, and of its values: whole pages where they are large (`FloatMemory.pageSize`).
    private let keyStride, valueStride: Int

    private func keys(slot: Int, layer: Int, head: Int) -> Floats {
        base + (slot * layerCount + layer) * headCount * (keyStride + valueStride) + head * keyStride
    }

    private func values(slot: Int, layer: Int, head: Int) -> Floats {
        keys(slot: slot, layer: layer, head: headCount) + head * valueStride
    }

    /// Takes the keys and values of `count` positions of one head, from rows of `stride` floats.
    func store(
        _ key: Floats, _ value: Floats, stride: Int, slot: Int, layer: Int, head: Int, first: Int, count: Int
    ) {
        kernels.table.pointee.cache_keys(
            keys(slot: slot, layer: layer, head: head), key, Int32(stride), Int32(first), Int32(count),
            Int32(headSize))
        let into = values(slot: slot, layer: layer, head: head) + first * headSize
        for row in 0..<count { (into + row * headSize).update(from: value + row * stride, count: headSize) }
    }

    /// Attention of neighbouring key/value heads for `count` query rows, whose own keys are stored.
    ///
    /// - Parameters:
    ///   - out, query: where the first of these heads' columns begin, rows of `ldo` and `ldq` floats.
    ///   - share: query heads of one key/value head.
    func attend(
        _ out: Floats, _ ldo: Int, _ query: Floats, _ ldq: Int, slot: Int, layer: Int, heads: Range<Int>, share: Int,
        first: Int, count: Int
    ) {
        kernels.table.pointee.attention_cached(
            out, Int32(ldo), query, Int32(ldq), keys(slot: slot, layer: layer, head: heads.lowerBound),
            values(slot: slot, layer: layer, head: heads.lowerBound), keyStride, valueStride, Int32(count),
            Int32(first), Int32(heads.count * share), Int32(heads.count), Int32(headSize),
            1 / Float(headSize).squareRoot())
    }

    /// Copies the first `count` positions of a slot.
    mutating func copyPrefix(_ count: Int, from source: Int, to target: Int) {
        if source != target {
            for layer in 0..<layerCount {
                for head in 0..<headCount {
                    // Keys are copied block by block, the last one with whatever follows in it.
                    let keyCount = kernels.table.pointee.cached_keys_count(Int32(count), Int32(headSize))
                    keys(slot: target, layer: layer, head: head)
                        .update(from: keys(slot: source, layer: layer, head: head), count: keyCount)
                    values(slot: target, layer: layer, head: head)
                        .update(from: values(slot: source, layer: layer, head: head), count: count * headSize)
                }
            }
        }
        tokens[target] = Array(tokens[source].prefix(count))
        policies[target] = policies[source]
    }

    /// The slot that shares the longest beginning with a text of the same policy, and that length; nil where none
    /// shares a token.
    func longestPrefix(of text: ArraySlice<Int32>, policy: Int) -> (slot: Int, count: Int)? {
        var best: (slot: Int, count: Int)?
        for (slot, held) in tokens.enumerated() where policies[slot] == policy {
            let count = sharedPrefix(held[...], text)
            if count > best?.count ?? 0 { best = (slot, count) }
        }
        return best
    }
}

/// How many tokens two texts share at their beginning.
func sharedPrefix(_ a: ArraySlice<Int32>, _ b: ArraySlice<Int32>) -> Int {
    a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
            var count = 0
            while count < a.count, count < b.count, a[count] == b[count] { count += 1 }
            return count
        }
    }
}
