@testable import AgonTransformer

/// JSON that may be broken: any text can stand for a value, and keys may come twice.
enum BrokenJSON {
    case raw([UInt8])
    case array([BrokenJSON])
    case object([(key: [UInt8], value: BrokenJSON)])

    init(_ value: JSONValue) {
        switch value {
        case .array(let values): self = .array(values.map(BrokenJSON.init))
        case .object(let members):
            self = .object(members.map { (JSONWriter.compact(.string($0.key)), BrokenJSON($0.value)) })
        default: self = .raw(JSONWriter.compact(value))
        }
    }

    init(bytes: [UInt8]) throws { self.init(try JSONReader(bytes: bytes, file: "a file of the corpus").value) }

    func write(into bytes: inout [UInt8]) {
        func list<Item>(_ items: [Item], _ open: Character, _ close: Character, _ write: (Item, inout [UInt8]) -> Void) {
            bytes.append(open.asciiValue ?? 0)
            for (index, item) in items.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(item, &bytes)
            }
            bytes.append(close.asciiValue ?? 0)
        }
        switch self {
        case .raw(let text): bytes += text
        case .array(let items): list(items, "[", "]") { $0.write(into: &$1) }
        case .object(let members):
            list(members, "{", "}") { member, bytes in
                bytes += member.key
                bytes.append(UInt8(ascii: ":"))
                member.value.write(into: &bytes)
            }
        }
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        write(into: &bytes)
        return bytes
    }

    /// The member of an object.
    subscript(_ key: String) -> BrokenJSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == Array("\"\(key)\"".utf8) }?.value
    }

    /// The number that is written here.
    var number: Int? {
        guard case .raw(let text) = self else { return nil }
        return Int(String(decoding: text, as: UTF8.self))
    }

    /// The numbers of a list of numbers.
    var numbers: [Int]? {
        guard case .array(let items) = self else { return nil }
        let numbers = items.compactMap(\.number)
        return numbers.count == items.count ? numbers : nil
    }
}

/// Edits a JSON document at random places. Each level is entered with one draw, so that a section of three lines is met
/// as often as a vocabulary of a thousand.
struct JSONMutator: Mutator {
    let corpus: [BrokenJSON]
    var mischief: Mischief

    init(_ corpus: [[UInt8]], words: [String], seed: Int) throws {
        self.corpus = try corpus.map { try BrokenJSON(bytes: $0) }
        mischief = Mischief(words: words, seed: seed)
    }

    mutating func next() -> [UInt8] {
        var bytes = nextDocument().bytes
        if mischief.once(in: 8) { mischief.edit(&bytes) }
        return Array(bytes.prefix(1 << 20))
    }

    /// A document before it is written.
    mutating func nextDocument() -> BrokenJSON { edited(corpus[mischief.index(below: corpus.count)]) }

    /// The document with a few edits.
    mutating func edited(_ document: BrokenJSON) -> BrokenJSON {
        var document = document
        for _ in 0..<mischief.editCount() { enter(&document, depth: 0) }
        return document
    }

    private mutating func enter(_ value: inout BrokenJSON, depth: Int) {
        let stays = depth > 0 && mischief.once(in: 6)
        switch value {
        case .array(var items) where !items.isEmpty:
            value = .array([])
            if stays { rearrange(&items) } else { enter(&items[mischief.index(below: items.count)], depth: depth + 1) }
            value = .array(items)
        case .object(var members) where !members.isEmpty:
            value = .array([])
            if stays {
                edit(&members)
            } else {
                enter(&members[mischief.index(below: members.count)].value, depth: depth + 1)
            }
            value = .object(members)
        default: change(&value)
        }
        if stays, mischief.once(in: 4) { change(&value) }
    }

    private mutating func rearrange<Item>(_ items: inout [Item]) {
        let (place, other) = (mischief.index(below: items.count), mischief.index(below: items.count))
        switch mischief.index(below: 6) {
        case 0: items.remove(at: place)
        case 1, 2: items.insert(items[place], at: other)
        case 3: items.insert(contentsOf: repeatElement(items[place], count: 1 << mischief.index(below: 12)), at: other)
        case 4: items.removeSubrange(place...)
        default: items.swapAt(place, other)
        }
    }

    private mutating func edit(_ members: inout [(key: [UInt8], value: BrokenJSON)]) {
        let place = mischief.index(below: members.count)
        switch (mischief.index(below: 5), stranger()) {
        case (0, .object(let others)) where !others.isEmpty:
            members.insert(others[mischief.index(below: others.count)], at: place)
        case (1, .object(let others)) where !others.isEmpty:
            members[place].key = others[mischief.index(below: others.count)].key
        case (2, _): members[place].key = quoted(mischief.word())
        default: rearrange(&members)
        }
    }

    /// A value from anywhere in the corpus.
    private mutating func stranger() -> BrokenJSON {
        var value = corpus[mischief.index(below: corpus.count)]
        while !mischief.once(in: 4) {
            switch value {
            case .array(let items) where !items.isEmpty: value = items[mischief.index(below: items.count)]
            case .object(let members) where !members.isEmpty: value = members[mischief.index(below: members.count)].value
            default: return value
            }
        }
        return value
    }

    private mutating func change(_ value: inout BrokenJSON) {
        switch mischief.index(below: 14) {
        case 0...3: value = .raw(mischief.word())
        case 4, 5: value = stranger()
        case 6: for _ in 0..<(mischief.once(in: 4) ? 200 : 1) { value = .array([value]) }
        case 7:
            let keys = ["normalizers", "pretokenizers", "processors", "decoders"]
            let list = Array("\"\(keys[mischief.index(below: keys.count)])\"".utf8)
            let parts = [BrokenJSON](repeating: value, count: 1 + mischief.index(below: 40))
            value = .object([(Array("\"type\"".utf8), .raw(Array("\"Sequence\"".utf8))), (list, .array(parts))])
        case 8, 9:
            guard let number = value.number else { return value = .raw(quoted(mischief.word())) }
            let near = [number &+ 1, number &- 1, number &* 2, 0 &- number, number &+ 1 << 32, number &* 1000, number / 2]
            value = .raw(Array(String(near[mischief.index(below: near.count)]).utf8))
        default:
            guard case .raw(var text) = value else { return value = .raw(mischief.number()) }
            respell(&text)
            value = .raw(text)
        }
    }

    private func quoted(_ text: [UInt8]) -> [UInt8] {
        let mark = UInt8(ascii: "\"")
        return text.first == mark ? text : [mark] + text.filter { $0 != mark } + [mark]
    }

    /// Spells a text, or what was none, in a way that readers stumble over.
    private mutating func respell(_ text: inout [UInt8]) {
        text = quoted(text)
        let parts = ["\\u0000", "\\ud800", "\\udc00", "\\ud83d\\ude00", "e\u{301}", "é", " ", "\\n", "▁", "\u{FEFF}", "\\\\", "/../", "."]
        switch mischief.index(below: 6) {
        case 0: text = [text[0], text[text.count - 1]]
        case 1: text.insert(0xC0 | UInt8(mischief.index(below: 64)), at: text.count - 1)
        case 2:
            let body = text.dropFirst().dropLast()
            text.insert(contentsOf: repeatElement(body, count: 1 << mischief.index(below: 10)).joined(), at: 1)
        case 3: mischief.edit(&text)
        default: text.insert(contentsOf: Array(parts[mischief.index(below: parts.count)].utf8), at: mischief.once(in: 2) ? 1 : text.count - 1)
        }
    }
}
