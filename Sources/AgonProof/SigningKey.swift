public import AgonCore
import Crypto
import Foundation

/// A private key that seals hashes by Ed25519. It shows itself nowhere: only its public half can be asked for.
///
/// - Source: Josefsson and Liusvaara 2017, RFC 8032, §5.1.
public struct SigningKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// A new key, drawn by the operating system.
    public init() { key = Curve25519.Signing.PrivateKey() }

    /// - Parameter seed: the 32 bytes that the key is made of; nil comes of any other count.
    init?(seed: [UInt8]) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else { return nil }
        self.key = key
    }

    /// The 32 bytes that the key is made of.
    var seed: [UInt8] { Array(key.rawRepresentation) }

    /// 32 bytes in hexadecimal.
    public var publicKey: String { Hexadecimal.text(key.publicKey.rawRepresentation) }

    /// Signs a hash.
    ///
    /// - Parameter hash: SHA-256 in hexadecimal.
    /// - Throws: `ProofError` where the library refuses.
    public func seal(_ hash: String) throws(ProofError) -> Seal {
        do {
            let signature = try key.signature(for: SigningKey.message(hash))
            return Seal(hash: hash, signature: Hexadecimal.text(signature), key: publicKey)
        } catch {
            throw ProofError(.unusableKey, "The hash \(hash.prefix(8)) cannot be signed.", underlying: error)
        }
    }

    fileprivate static func message(_ hash: String) -> [UInt8] { Array("agon.seal.1:\(hash)".utf8) }
}

extension Seal {
    /// Whether the signature is by the key, over the hash.
    public var isGenuine: Bool {
        guard let bytes = Hexadecimal.bytes(key), let signature = Hexadecimal.bytes(signature),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)
        else { return false }
        return key.isValidSignature(signature, for: SigningKey.message(hash))
    }
}
