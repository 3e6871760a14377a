import Foundation

/// Where private keys lie: `keys/agent-NAME.key` and `keys/arena-NAME.key`, which their owner alone may read.
public struct KeyFolder: Sendable {
    /// Whose key it is.
    public enum Owner: Sendable {
        case agent(String)
        case arena(String)
    }

    /// The folder, which is made with the first key.
    public let path: String

    /// - Parameter root: the database's folder.
    public init(root: String) { path = root + "/keys" }

    /// The owner's key, made where there is none yet.
    ///
    /// - Throws: `unusableKey` where the file is no key, where others may read it, or where the disk refuses.
    public func key(of owner: Owner) throws(ProofError) -> SigningKey {
        if let key = try known(owner) { return key }
        let file = file(of: owner)
        let fresh = SigningKey()
        let partial = "\(path)/.\(UUID().uuidString)"
        mkdir(path, 0o700)
        defer { unlink(partial) }
        try write(Array(Hexadecimal.text(fresh.seed).utf8) + [UInt8(ascii: "\n")], to: partial)
        // A link fails where another process was quicker; its key is the one then.
        guard link(partial, file) == 0 || errno == EEXIST else { throw failure("made", file) }
        guard let key = try known(owner) else { throw failure("made", file) }
        return key
    }

    /// The owner's key; nil where there is none.
    /// - Throws: `unusableKey`.
    public func known(_ owner: Owner) throws(ProofError) -> SigningKey? {
        let file = file(of: owner)
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw failure("read", file) }
            return nil
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("read", file) }
        guard status.st_mode & 0o077 == 0 else {
            throw ProofError(.unusableKey, "\(file) can be read by others: `chmod 600` it, or remove it for a new key.")
        }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let seed = Hexadecimal.bytes(text), let key = SigningKey(seed: seed) else {
            throw ProofError(.unusableKey, "\(file) is no key: restore it, or remove it for a new one.")
        }
        return key
    }

    private func file(of owner: Owner) -> String {
        switch owner {
        case .agent(let name): "\(path)/agent-\(name).key"
        case .arena(let name): "\(path)/arena-\(name).key"
        }
    }

    private func write(_ bytes: [UInt8], to file: String) throws(ProofError) {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("made", file) }
        defer { close(descriptor) }
        let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
        guard count == bytes.count, fsync(descriptor) == 0 else { throw failure("written", file) }
    }

    private func failure(_ action: String, _ file: String) -> ProofError {
        let reason = String(cString: strerror(errno)).lowercased()
        return ProofError(.unusableKey, "\(file) cannot be \(action): \(reason); check the folder and its permissions.")
    }
}
