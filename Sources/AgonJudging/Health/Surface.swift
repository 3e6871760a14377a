/// What of an answer shows without reading it: its length, its words and characters.
public struct Surface: Sendable, Hashable {
    /// Unicode scalars.
    public var length: Int
    /// Words in lower case and single characters that are no letters, digits or white space, each once; from the first
    /// 10,000 scalars, at most 500 of them and none longer than 40.
    public var markers: Set<String>

    public init(length: Int, markers: Set<String>) {
        self.length = length
        self.markers = markers
    }

    public init(_ text: String) {
        length = Surface.length(of: text)
        markers = []
        var word = ""
        for scalar in text.unicodeScalars.prefix(10_000) {
            if scalar.properties.isAlphabetic || scalar.properties.numericType != nil {
                if word.utf8.count < 40 { word.unicodeScalars.append(scalar) }
                continue
            }
            note(word.lowercased())
            word = ""
            if !scalar.properties.isWhitespace { note(String(scalar)) }
        }
        note(word.lowercased())
    }

    private mutating func note(_ marker: String) {
        if !marker.isEmpty, markers.count < 500 { markers.insert(marker) }
    }

    static func length(of text: String) -> Int { text.unicodeScalars.count }
}
