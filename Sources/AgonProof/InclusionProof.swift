public import AgonCore

/// That one pair is among those of a round which an arena has signed for, checked with nothing else at hand.
public struct InclusionProof: Sendable, Hashable, Codable {
    /// The pair's hash, in hexadecimal.
    public var pair: String
    /// Its place among the round's pairs, from 0.
    public var index: Int
    /// The hashes from the pair to the root, the lowest first.
    public var path: [String]
    /// The round's statement, whose `pairsRoot` and `pairCount` the path leads to.
    public var round: SealedStatement

    /// - Parameter pairs: the hashes of all of the round's pairs.
    /// - Precondition: there is a pair at `index`.
    public init(of index: Int, among pairs: [[UInt8]], round: SealedStatement) {
        (self.index, self.round) = (index, round)
        pair = Hexadecimal.text(pairs[index])
        path = MerkleTree(pairs).path(to: index).map { Hexadecimal.text($0) }
    }

    /// Whether the path leads to the root that the statement names, and the statement is signed as it says.
    public var isValid: Bool {
        let hashes = path.compactMap(Hexadecimal.bytes)
        guard let leaf = Hexadecimal.bytes(pair), hashes.count == path.count,
            let root = MerkleTree.root(of: leaf, at: index, in: round.statement.pairCount, path: hashes)
        else { return false }
        return Hexadecimal.text(root) == round.statement.pairsRoot && round.statement.hash == round.seal.hash
            && round.seal.isGenuine
    }
}
