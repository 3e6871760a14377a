import AgonTransformer

/// Text files that people hand over, read as if they were hostile.
public enum TextFile {
    /// The whole text of a regular file.
    ///
    /// - Parameter limit: the most bytes that it may have; a larger file is refused before memory is taken for it.
    /// - Throws: `unreadable`, saying what lies at the path instead, or naming the line that is not UTF-8 text.
    public static func read(_ path: String, limit: Int) throws(AgentError) -> String {
        guard DurableFile.exists(path) else {
            throw AgentError(.unreadable, "\(path) cannot be read: create it or check the path.")
        }
        let bytes: [UInt8]
        do {
            bytes = try DurableFile.read(path, limit: limit)
        } catch {
            throw AgentError(.unreadable, error.message, underlying: error)
        }
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if line.contains(0) {
                throw AgentError(.unreadable, "\(path):\(index + 1): the line holds a NUL byte: save the file as plain text.")
            }
            if String(validating: line, as: UTF8.self) == nil {
                throw AgentError(.unreadable, "\(path):\(index + 1): the line is not UTF-8: save the file as UTF-8.")
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
