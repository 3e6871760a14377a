import Crypto

/// A tree of hashes over some leaves: its root stands for all of them, and a path of log₂ n hashes shows that one leaf is
/// among them.
///
///     leaf = SHA-256(0x00 ‖ data)      node = SHA-256(0x01 ‖ left ‖ right)
///
/// The two prefixes keep a node from being shown as a leaf. A level of odd length hands its last hash up as it is.
///
/// - Source: Laurie, Langley and Kasper 2013, RFC 6962, §2.1.
public struct MerkleTree: Sendable {
    /// The leaves' hashes first, the root alone last; empty without leaves.
    private let levels: [[[UInt8]]]

    /// - Parameter leaves: the data of each, of any length.
    public init(_ leaves: [[UInt8]]) {
        guard !leaves.isEmpty else {
            levels = []
            return
        }
        var levels = [leaves.map(MerkleTree.leaf)]
        while let last = levels.last, last.count > 1 {
            levels.append(
                stride(from: 0, to: last.count, by: 2).map { index in
                    index + 1 < last.count ? MerkleTree.node(last[index], last[index + 1]) : last[index]
                })
        }
        self.levels = levels
    }

    /// 32 bytes; without leaves the SHA-256 of nothing.
    public var root: [UInt8] { levels.last?[0] ?? Array(SHA256.hash(data: [UInt8]())) }

    /// The hashes that lead from a leaf to the root, the lowest first.
    /// - Precondition: there is a leaf at `index`.
    public func path(to index: Int) -> [[UInt8]] {
        precondition(levels.first?.indices.contains(index) == true, "the tree has no leaf \(index)")
        var (place, path) = (index, [[UInt8]]())
        for level in levels.dropLast() {
            if level.indices.contains(place ^ 1) { path.append(level[place ^ 1]) }
            place >>= 1
        }
        return path
    }

    /// The root that a leaf and its path lead to; nil where the path has another length than the tree of that size asks for.
    public static func root(of data: [UInt8], at index: Int, in count: Int, path: [[UInt8]]) -> [UInt8]? {
        guard (0..<count).contains(index) else { return nil }
        var (hash, place, width) = (leaf(data), index, count)
        var rest = path[...]
        while width > 1 {
            if place ^ 1 < width {
                guard let other = rest.popFirst() else { return nil }
                hash = place & 1 == 1 ? node(other, hash) : node(hash, other)
            }
            (place, width) = (place >> 1, (width + 1) >> 1)
        }
        return rest.isEmpty ? hash : nil
    }

    private static func leaf(_ data: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: [0] + data)) }

    private static func node(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: [1] + left + right)) }
}
