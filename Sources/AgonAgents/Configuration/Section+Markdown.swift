extension Section {
    /// The section's keys as a Markdown table, then each inner section under its own heading.
    ///
    /// The READMEs hold this text and a test compares them, so that the documentation cannot drift from the reader.
    public var markdown: String {
        var text = name.isEmpty ? "" : "### `\(name)`\n\n"
        text += "| key | values | unit | default | meaning |\n|---|---|---|---|---|\n"
        var inner: [Section] = []
        for key in keys {
            if case .section(let section) = key.kind { inner.append(section) }
            text += "| `\(key.name)` | \(key.range) | \(key.unit) | \(key.defaultText) | \(key.meaning) |\n"
        }
        for section in inner { text += "\n" + section.markdown }
        return text
    }
}
