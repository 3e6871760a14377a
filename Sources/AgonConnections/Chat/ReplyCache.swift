import Foundation

/// Replies on disk, one JSON file for each request, so that a second run asks nothing twice.
///
/// A file's name is a hash of the request; the request's whole text stands in the file and is compared, so that two
/// requests with one hash cannot get each other's reply. Files are written under another name and renamed: a reader
/// sees all of an entry or none. An entry that cannot be read counts as none and is written anew.
struct ReplyCache: Sendable {
    private struct Entry: Codable {
        var version: Int
        var request: String
        var reply: ChatReply
    }

    private static let version = 1
    private let folder: String
    private let replyByteLimit: Int

    /// - Parameter replyByteLimit: the most bytes of a reply; a file that must hold more is not read.
    /// - Throws: `badSetting` where the folder cannot be made.
    init(folder: String, replyByteLimit: Int) throws(ConnectionError) {
        self.folder = folder
        self.replyByteLimit = replyByteLimit
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw ConnectionError(
                .badSetting, "the cache folder \(folder) cannot be made: choose one that can be written.", underlying: error)
        }
    }

    /// The reply that was kept for a request; nil where there is none that can be read.
    func reply(to request: String) -> ChatReply? {
        let path = path(request)
        // An escaped character takes up to six bytes.
        let byteLimit = 6 * (replyByteLimit + request.utf8.count) + 65_536
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            attributes[.type] as? FileAttributeType == .typeRegular, let size = attributes[.size] as? Int,
            size <= byteLimit, let data = FileManager.default.contents(atPath: path),
            let entry = try? JSONDecoder().decode(Entry.self, from: data), entry.version == ReplyCache.version,
            entry.request.utf8.elementsEqual(request.utf8)
        else { return nil }
        return entry.reply
    }

    /// Keeps a reply.
    /// - Throws: `badSetting` where the folder cannot be written.
    func store(_ reply: ChatReply, to request: String) throws(ConnectionError) {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let data = try encoder.encode(Entry(version: ReplyCache.version, request: request, reply: reply))
            try data.write(to: URL(fileURLWithPath: path(request)), options: .atomic)
        } catch {
            throw ConnectionError(
                .badSetting, "the cache folder \(folder) cannot be written: make room or choose another.", underlying: error)
        }
    }

    private func path(_ request: String) -> String { "\(folder)/\(ReplyCache.name(request)).json" }

    /// 32 hexadecimal digits: two runs of FNV-1a over the UTF-8 with different starts, each finished as SplitMix64 is.
    static func name(_ request: String) -> String {
        var lanes: (UInt64, UInt64) = (0xCBF2_9CE4_8422_2325, 0x6C62_272E_07BB_0142)
        for byte in request.utf8 {
            lanes.0 = (lanes.0 ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
            lanes.1 = (lanes.1 ^ UInt64(byte)) &* 0x9E37_79B9_7F4A_7C15
            lanes.1 ^= lanes.1 >> 29
        }
        return [lanes.0, lanes.1].map { lane in
            var word = (lane ^ (lane >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            let digits = String(word ^ (word >> 31), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
