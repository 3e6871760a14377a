import Foundation

/// Values as JSON for files, pipes and terminals.
public enum JSONText {
    /// Keys sorted, equal bytes for equal values, a newline at the end.
    ///
    /// JSON has no infinity: unbounded numbers are the strings `inf`, `-inf` and `nan`. Characters that could steer a
    /// terminal or hide stand as `\u` escapes, which every reader turns back into the characters.
    public static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return escaped(String(decoding: try encoder.encode(value), as: UTF8.self)) + "\n"
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        Character(scalar).utf16.map { unit in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }

    /// The encoder has escaped C0 controls within strings; what is left of them are the newlines between values.
    static func escaped(_ json: String) -> String {
        guard json.utf8.contains(where: { $0 > 0x7E }), json.unicodeScalars.contains(where: { $0.value > 0x1F && DisplayText.needsPicture($0) }) else { return json }
        var result = String.UnicodeScalarView()
        for scalar in json.unicodeScalars {
            if scalar.value > 0x1F, DisplayText.needsPicture(scalar) {
                result.append(contentsOf: escape(scalar).unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }
}
