/// Keys (after rotation) and values of sequences that are being continued, one slot for each.
///
/// Memory is `[slot][layer][key, value][K][capacity, D]`: a head's keys are one stretch that attention reads from
/// beginning to end. A slot remembers the tokens it holds, also after its
/// sequence has ended: until it is taken again, others that begin alike copy from it.
struct KeyValueCache {
    let capacity: Int
    private let headSize: Int
    private let headCount: Int
    private let layerCount: Int
    private let memory: FloatBuffer
    private let base: Floats
    /// Tokens whose keys and values each slot holds.
    var tokens: [[Int32]]
    /// The policy that computed them: another one's are different numbers.
    var policies: [Int]

    init(_ config: ModelConfig, slotCount: Int, capacity: Int) {
        self.capacity = capacity
        headSize = config.headSize
        headCount = config.keyValueHeadCount
        layerCount = config.layerCount
        memory = FloatBuffer()
        base = memory.reserve(slotCount * layerCount * 2 * capacity * config.keyValueSize)
        tokens = Array(repeating: [], count: slotCount)
        policies = Array(repeating: 0, count: slotCount)
    }

    /// Keys `[capacity, D]` of one head.
    func keys(slot: Int, layer: Int, head: Int) -> Floats {
        base + (((slot * layerCount + layer) * 2) * headCount + head) * capacity * headSize
    }

    /// Values `[capacity, D]` of one head.
    func values(slot: Int, layer: Int, head: Int) -> Floats {
        keys(slot: slot, layer: layer, head: headCount + head)
    }

    /// Copies the first `count` positions of a slot.
    mutating func copyPrefix(_ count: Int, from source: Int, to target: Int) {
        if source != target {
            for layer in 0..<layerCount {
                for head in 0..<2 * headCount {
                    keys(slot: target, layer: layer, head: head)
                        .update(from: keys(slot: source, layer: layer, head: head), count: count * headSize)
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
