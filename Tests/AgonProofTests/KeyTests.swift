import AgonCore
import Foundation
import Testing

@testable import AgonProof

/// Keys and what they seal.
@Suite struct KeyTests {
    @Test("a seal holds for its hash and key alone") func seals() throws {
        // RFC 8032, section 7.1, test 1: the seed and the public key that belongs to it.
        let seed = try #require(Hexadecimal.bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
        let key = try #require(SigningKey(seed: seed))
        #expect(key.publicKey == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        let hash = HashTests.link.hash
        let seal = try key.seal(hash)
        #expect(seal.isGenuine && seal.hash == hash)
        var forged = seal
        forged.hash = String(hash.reversed())
        #expect(!forged.isGenuine)
        forged = seal
        forged.key = SigningKey().publicKey
        #expect(!forged.isGenuine)
        forged = seal
        forged.signature = "00" + seal.signature.dropFirst(2)
        #expect(!forged.isGenuine || forged.signature == seal.signature)
        for text in ["", "zz", seal.signature + "00"] {
            forged.signature = text
            #expect(!forged.isGenuine)
        }
        #expect(SigningKey(seed: [1, 2]) == nil)
    }

    @Test("keys are made once, for their owner's eyes alone, and refused where others may read them") func folder() throws {
        let root = NSTemporaryDirectory() + "agon-keys-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        let folder = KeyFolder(root: root)
        #expect(try folder.known(.agent("ada")) == nil)
        let key = try folder.key(of: .agent("ada")).publicKey
        #expect(try folder.key(of: .agent("ada")).publicKey == key && folder.known(.agent("ada"))?.publicKey == key)
        #expect(try folder.key(of: .arena("ada")).publicKey != key)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(files == ["agent-ada.key", "arena-ada.key"])
        func mode(_ path: String) throws -> Int {
            try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
        }
        let file = folder.path + "/agent-ada.key"
        #expect(try mode(file) == 0o600 && mode(folder.path) == 0o700)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
        #expect(throws: ProofError.self) { try folder.key(of: .agent("ada")) }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        try Data("no key".utf8).write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        let error = #expect(throws: ProofError.self) { try folder.key(of: .agent("ada")) }
        #expect(error?.message.contains("is no key") == true)
    }

    @Test("a proof of inclusion holds for its pair, its place and its statement") func inclusion() throws {
        let pairs = (0..<5).map { Array(repeating: UInt8($0), count: 32) }
        let key = SigningKey()
        var statement = RoundStatement(
            run: "r", round: 1, signature: "s", roomCount: 1, rolloutCount: 2, pairCount: 5, roomsRoot: "", rolloutsRoot: "",
            pairsRoot: Hexadecimal.text(MerkleTree(pairs).root), links: [], previous: "")
        let sealed = SealedStatement(statement: statement, seal: try key.seal(statement.hash))
        for index in 0..<5 {
            let proof = InclusionProof(of: index, among: pairs, round: sealed)
            #expect(proof.isValid)
            var other = proof
            other.index = (index + 1) % 5
            #expect(!other.isValid)
            other = proof
            other.pair = Hexadecimal.text(pairs[(index + 1) % 5])
            #expect(!other.isValid)
        }
        statement.round = 2
        #expect(!InclusionProof(of: 0, among: pairs, round: SealedStatement(statement: statement, seal: sealed.seal)).isValid)
    }
}
