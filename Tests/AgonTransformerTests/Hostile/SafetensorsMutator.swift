@testable import AgonTransformer

/// Edits the header of a safetensors file as JSON, then its length, its data and its bytes.
///
/// Half of the edited headers are made coherent again, with offsets that follow from types and shapes: those files are
/// read to the end, or are refused by what comes after the header.
struct SafetensorsMutator: Mutator {
    private let data: [[UInt8]]
    private var headers: JSONMutator

    init(_ corpus: [[UInt8]], words: [String], seed: Int) throws {
        let parts = corpus.map { bytes in
            let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
            return (header: Array(bytes[8..<8 + length]), data: Array(bytes[(8 + length)...]))
        }
        data = parts.map(\.data)
        headers = try JSONMutator(parts.map(\.header), words: words, seed: seed)
    }

    mutating func next() -> [UInt8] {
        let place = headers.mischief.index(below: data.count)
        var (header, data) = (headers.corpus[place], self.data[place])
        if !headers.mischief.once(in: 4) { header = headers.edited(header) }
        if headers.mischief.once(in: 2), let (coherent, size) = Self.coherent(header) {
            header = coherent
            data = Array(data.prefix(size)) + [UInt8](repeating: 0x3C, count: max(0, size - data.count))
        }
        while headers.mischief.once(in: 3), data.count > 4 { corrupt(&data) }
        var text = header.bytes
        // A file that ends with its last page has nothing behind it.
        if headers.mischief.once(in: 4) {
            text += [UInt8](repeating: UInt8(ascii: " "), count: 4095 - (text.count + data.count + 7) % 4096)
        }
        var length = UInt64(text.count)
        if headers.mischief.once(in: 8) { length = wrongLength(text.count, data.count) }
        var bytes = withUnsafeBytes(of: length.littleEndian) { [UInt8]($0) } + text + data
        if headers.mischief.once(in: 8) { headers.mischief.edit(&bytes) }
        return Array(bytes.prefix(1 << 20))
    }

    private mutating func wrongLength(_ header: Int, _ data: Int) -> UInt64 {
        let lengths = [0, 1, 2, header - 1, header + 1, header + data, header + data + 1, header + data + 8, 100_000_000, .max]
        return UInt64(lengths[headers.mischief.index(below: lengths.count)]) << (headers.mischief.once(in: 8) ? 1 : 0)
    }

    /// Sets a few elements to the greatest float, to infinity or to anything.
    private mutating func corrupt(_ data: inout [UInt8]) {
        let patterns: [[UInt8]] = [[0xFF, 0xFF, 0x7F, 0x7F], [0, 0, 0x80, 0x7F], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0x80]]
        let pattern = patterns[headers.mischief.index(below: patterns.count)]
        let first = headers.mischief.index(below: data.count / 4)
        let count = min(data.count / 4 - first, 1 << headers.mischief.index(below: 10))
        for element in first..<first + count { data.replaceSubrange(4 * element..<4 * element + 4, with: pattern) }
    }

    /// The header with the offsets that its types and shapes ask for, and how much data that is; nil beyond 64 KiB.
    private static func coherent(_ header: BrokenJSON) -> (BrokenJSON, size: Int)? {
        guard case .object(var members) = header else { return nil }
        var size = 0
        for index in members.indices where members[index].key != Array(#""__metadata__""#.utf8) {
            guard case .object(var entry) = members[index].value, case .raw(let type)? = members[index].value["dtype"],
                let shape = members[index].value["shape"]?.numbers,
                let element = SafetensorsHeader.elementSizes[String(decoding: type.dropFirst().dropLast(), as: UTF8.self)],
                let place = entry.firstIndex(where: { $0.key == Array(#""data_offsets""#.utf8) })
            else { continue }
            var count = element
            for dimension in shape {
                guard (0...65536).contains(dimension), count <= 65536 else { return nil }
                count *= dimension
            }
            entry[place].value = .array([size, size + count].map { .raw(Array(String($0).utf8)) })
            members[index].value = .object(entry)
            size += count
            guard size <= 65536 else { return nil }
        }
        return (.object(members), size)
    }
}

/// Breaks one file of a folder at a time; a `config.json` twice as often as the others.
struct FolderMutator: Mutator {
    private(set) var name = ""
    private var files: [(name: String, mutator: any Mutator)] = []
    private var mischief: Mischief

    /// - Parameter files: good files by their names, of which `tokenizer.json` stays whole.
    init(_ files: [String: [UInt8]], words: [String], seed: Int) throws {
        mischief = Mischief(words: [], seed: seed)
        for (index, file) in files.sorted(by: { $0.key < $1.key }).enumerated() where !file.key.hasSuffix("/tokenizer.json") {
            for copy in 0..<(file.key.hasSuffix("config.json") ? 2 : 1) {
                let seed = seed + (2 * index + copy) << 16
                let mutator: any Mutator =
                    file.key.hasSuffix(".json")
                    ? try JSONMutator([file.value], words: words, seed: seed)
                    : try SafetensorsMutator([file.value], words: words, seed: seed)
                self.files.append((file.key, mutator))
            }
        }
    }

    mutating func next() -> [UInt8] {
        let place = mischief.index(below: files.count)
        name = files[place].name
        return files[place].mutator.next()
    }
}
