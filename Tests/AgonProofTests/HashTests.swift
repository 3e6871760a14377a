import AgonCore
import Foundation
import Testing

@testable import AgonProof

/// Hashes and trees against `Fixtures/make.py`, which computes them from their descriptions.
@Suite struct HashTests {
    struct Golden: Decodable {
        var roots: [String]
        var paths: [[String]]
        var rollout, pair, link, genesis: String
    }

    static let link = ChainLink(
        run: "sums-1-aa", agent: "ada", round: 3, position: 2, parentVersion: 2, parent: "p", base: "b", form: "f",
        manifest: "m", itemCount: 1, configuration: ["learning_rate": "0.0002", "beta": "0.1"], seed: "00000000000000ff",
        kernels: "avx2", engine: 1, product: "0.1.0", child: nil, playsVersion: 2, plays: "p", previous: "q")
    let golden: Golden
    let leaves = (0..<9).map { Array(repeating: UInt8($0), count: $0) }

    init() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/golden.json")
        golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    }

    @Test("roots and paths are those of RFC 6962") func merkle() {
        for count in 0...9 {
            #expect(Hexadecimal.text(MerkleTree(Array(leaves.prefix(count))).root) == golden.roots[count])
        }
        let tree = MerkleTree(Array(leaves.prefix(7)))
        for index in 0..<7 { #expect(tree.path(to: index).map { Hexadecimal.text($0) } == golden.paths[index]) }
    }

    @Test("every leaf of every small tree leads to its root, and nothing else does") func inclusion() {
        for count in 1...9 {
            let tree = MerkleTree(Array(leaves.prefix(count)))
            for index in 0..<count {
                let path = tree.path(to: index)
                #expect(MerkleTree.root(of: leaves[index], at: index, in: count, path: path) == tree.root)
                #expect(MerkleTree.root(of: [9, 9], at: index, in: count, path: path) != tree.root)
                #expect(MerkleTree.root(of: leaves[index], at: index, in: count, path: path + [tree.root]) == nil)
                #expect(MerkleTree.root(of: leaves[index], at: count, in: count, path: path) == nil)
                if count > 1 { #expect(MerkleTree.root(of: leaves[index], at: (index + 1) % count, in: count, path: path) != tree.root) }
            }
        }
        // A node is no leaf.
        let (two, inner) = (MerkleTree([[1], [2]]), MerkleTree([[1], [2], [3]]).path(to: 2)[0])
        #expect(two.root == inner && MerkleTree([two.root]).root != two.root)
    }

    @Test("rollouts, pairs, links and beginnings have the hashes of their descriptions") func content() {
        let addresses = [
            RolloutAddress(room: 5, seat: 1, policy: PolicyID(agent: "ada", version: 2)),
            RolloutAddress(room: 6, seat: 0, policy: PolicyID(agent: "básho", version: 0)),
        ]
        let sequences = [
            TokenSequence(tokens: [7, -1, 70000], own: [false, true, true]),
            TokenSequence(tokens: Array(0..<40), own: (0..<40).map { $0 % 3 == 0 }),
        ]
        let rollouts = zip(addresses, zip(sequences, ["said", ""])).map { ContentHash.rollout($1.0, text: $1.1, round: 3, at: $0) }
        #expect(Hexadecimal.text(rollouts[0]) == golden.rollout)
        let pair = PreferencePair(
            round: 3, promptID: "p1", chosen: addresses[0], rejected: addresses[1], judge: JudgeID(name: "taste", version: 4), label: 0.75)
        #expect(Hexadecimal.text(ContentHash.item(.pair(pair), rollouts: rollouts)) == golden.pair)
        #expect(Self.link.hash == golden.link)
        #expect(ChainLink.genesis(run: "sums-1-aa", agent: "ada", base: "b") == golden.genesis)
    }

    @Test("every field of a link changes its hash and is named") func fields() {
        let changes: [(String, (inout ChainLink) -> Void)] = [
            ("run", { $0.run = "x" }), ("agent", { $0.agent = "x" }), ("round", { $0.round = 9 }), ("position", { $0.position = 9 }),
            ("parent_version", { $0.parentVersion = 9 }), ("parent", { $0.parent = "x" }), ("base", { $0.base = "x" }),
            ("form", { $0.form = "x" }), ("manifest", { $0.manifest = "x" }), ("item_count", { $0.itemCount = 9 }),
            ("configuration.beta", { $0.configuration["beta"] = "0.2" }), ("configuration.max_kl", { $0.configuration["max_kl"] = "1" }),
            ("configuration.beta", { $0.configuration["beta"] = nil }), ("seed", { $0.seed = "x" }), ("kernels", { $0.kernels = "x" }),
            ("engine", { $0.engine = 2 }), ("product", { $0.product = "x" }), ("child", { $0.child = "x" }),
            ("plays_version", { $0.playsVersion = 9 }), ("plays", { $0.plays = "x" }), ("previous", { $0.previous = "x" }),
        ]
        #expect(Set(changes.map(\.0)).count == Self.link.fields.count)
        for (name, change) in changes {
            var link = Self.link
            change(&link)
            #expect(link.hash != Self.link.hash, "\(name)")
            #expect(link.differences(from: Self.link).map(\.field) == [name])
        }
        // What one field loses, its neighbour may not gain.
        var (one, other) = (Self.link, Self.link)
        (one.parent, one.base, other.parent, other.base) = ("ab", "c", "a", "bc")
        #expect(one.hash != other.hash)
    }

    @Test("hexadecimal goes there and back, and refuses what is none") func hexadecimal() {
        #expect(Hexadecimal.text([0, 15, 255]) == "000fff" && Hexadecimal.bytes("000fff") == [0, 15, 255])
        #expect(Hexadecimal.bytes("0") == nil && Hexadecimal.bytes("0g") == nil && Hexadecimal.bytes("") == [])
    }
}
