extension String {
    /// The folder that a path's last component lies in: empty for a single component, `/` for what lies in the root.
    ///
    /// Foundation's `deletingLastPathComponent` ends the process on Linux where the path is empty or has one character.
    package var parentFolder: String {
        guard let end = lastIndex(where: { $0 != "/" }) else { return isEmpty ? "" : "/" }
        guard let slash = self[...end].lastIndex(of: "/") else { return "" }
        guard let last = self[..<slash].lastIndex(where: { $0 != "/" }) else { return "/" }
        return String(self[...last])
    }
}
