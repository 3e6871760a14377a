/// The 256 printable characters that stand for the 256 bytes in a byte-level vocabulary.
///
/// Bytes 33–126, 161–172 and 174–255 stand for themselves; the others follow from U+0100 in ascending order, so that
/// a space is "Ġ" (U+0120) and a newline "Ċ" (U+010A).
/// - Source: Radford et al. 2019 (GPT-2), `bytes_to_unicode`.
enum ByteLevelAlphabet {
    /// The character of each byte.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (0...255).map { (byte: UInt8) in
            switch byte {
            case 33...126, 161...172, 174...255: return Unicode.Scalar(byte)
            default:
                defer { next += 1 }
                return Unicode.Scalar(next) ?? Unicode.Scalar(byte)
            }
        }
    }()

    private static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
        uniqueKeysWithValues: scalars.enumerated().map { ($0.element, UInt8($0.offset)) })

    /// The bytes that a vocabulary entry stands for; nil where a character is none of the 256.
    static func bytes(of token: ByteString) -> [UInt8]? {
        var result: [UInt8] = []
        for scalar in token.text.unicodeScalars {
            guard let byte = bytes[scalar] else { return nil }
            result.append(byte)
        }
        return result
    }

    /// The vocabulary entry that stands for one byte.
    static func token(of byte: UInt8) -> ByteString {
        ByteString(String(Character(scalars[Int(byte)])))
    }
}
