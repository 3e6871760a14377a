import Foundation
import Testing

@testable import AgonTransformer

/// The parts of the tokenizer, each against a plain version of itself or values of Hugging Face `tokenizers`.
@Suite struct TokenizerPartTests {
    @Test func compositionIsThatOfTheTokenizersLibrary() throws {
        let text = try String(contentsOfFile: fixture("tokenizers/composition.jsonl"), encoding: .utf8)
        let lines = try text.split(separator: "\n").map { try JSONDecoder().decode([String].self, from: Data($0.utf8)) }
        #expect(lines.count == 400)
        for line in lines {
            let (composed, edits) = Composition.compose(Array(line[0].utf8))
            #expect(ByteString(composed) == ByteString(line[1]), "\(line[0].unicodeScalars.map(\.value))")
            // Outside of the edits nothing has changed.
            var (from, to) = (0, 0)
            for edit in edits {
                #expect(Array(line[0].utf8)[from..<edit.from.lowerBound] == composed[to..<edit.to.lowerBound])
                (from, to) = (edit.from.upperBound, edit.to.upperBound)
            }
            #expect(Array(line[0].utf8)[from...] == composed[to...])
        }
    }

    @Test func classesAreThoseOfTheTokenizersLibrary() {
        func kind(_ scalar: Unicode.Scalar) -> ScalarClass? {
            ScalarClass(rawValue: ScalarTable.flags[Int(scalar.value)] & ScalarTable.classMask)
        }
        #expect(ScalarTable.flags.count == 0x110000)
        #expect("aßſ字あǅʰ\u{1E4D0}".unicodeScalars.allSatisfy { kind($0) == .letter })
        #expect("7½²Ⅷ٣".unicodeScalars.allSatisfy { kind($0) == .number })
        #expect(" \t\u{85}\u{A0}\u{2028}\u{3000}".unicodeScalars.allSatisfy { kind($0) == .space })
        #expect("_.🙂\u{301}\u{200B}\u{180E}\u{1C}".unicodeScalars.allSatisfy { kind($0) == .other })
        // Digits of Unicode 17: known to Rust's character class, not yet to the regular expressions.
        #expect(kind("\u{11DE1}") == .other && ScalarTable.flags[0x11DE1] & ScalarTable.numeric != 0)
        #expect(ScalarTable.flags[0x301] & ScalarTable.word != 0 && ScalarTable.flags[0x2D] & ScalarTable.word == 0)
    }

    @Test(arguments: [
        ("always", true, "a  b ▁c", ["▁a", "▁", "▁b", "▁", "▁c"]), ("always", false, "a b", ["▁a▁b"]),
        ("always", true, " a", ["▁a"]), ("first", false, "a  b ▁c", ["▁a▁▁b▁▁c"]), ("never", true, "a  b", ["a", "▁", "▁b"]),
    ])
    func metaspaceCutsAsInTheTokenizersLibrary(scheme: String, splits: Bool, text: String, pieces: [String]) throws {
        let json = #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"\#(scheme)","split":\#(splits)}"#
        let preTokenizer = try PreTokenizer(JSONReader(bytes: Array(json.utf8), file: "x"))
        #expect(Self.texts(preTokenizer.pieces(of: Array(text.utf8), isBeginning: true)) == pieces)
        let later = Self.texts(preTokenizer.pieces(of: Array(text.utf8), isBeginning: false))
        #expect(later.first == (scheme == "first" ? "a▁▁b▁▁c" : pieces.first))
    }

    private static func replacement(_ pattern: String, _ content: String) -> String {
        #"{"type":"Replace","pattern":{"String":"\#(pattern)"},"content":"\#(content)"}"#
    }

    @Test(arguments: [
        ([(" ", "▁"), ("\\t", "▁▁"), ("\\n", "▁▁▁▁▁")], true), ([("a", "bbbbb"), ("c", "ddddd")], true), ([("b", "ccccc"), ("a", "bbbbb")], true),
        ([("a", "bbbbb"), ("b", "ccccc")], false), ([("a", "bbbbb"), ("xyb", "cccccccccccccccc")], false), ([("a", "aaaa"), ("a", "aaaaa")], false),
        ([("a", "bbbbbbbbbbbbbbbbb")], false), ([("a", "bbbb"), ("b", "c"), ("c", "ddddd")], false),
    ])
    func replacementsMultiplyOnlyWhatEarlierOnesWrote(_ pairs: [(String, String)], isAccepted: Bool) throws {
        let steps = pairs.map { Self.replacement($0.0, $0.1) }.joined(separator: ",")
        func reader(_ json: String) throws -> JSONReader { try JSONReader(bytes: Array(json.utf8), file: "x") }
        func normalizer(_ steps: String) throws -> TextNormalizer {
            try TextNormalizer(reader(#"{"type":"Sequence","normalizers":[\#(steps)]}"#))
        }
        func decoder() throws -> TokenDecoder {
            try TokenDecoder(reader(#"{"type":"Sequence","decoders":[\#(steps)]}"#), file: "x")
        }
        if isAccepted {
            let normalizer = try normalizer(steps)
            let text = Array(String(repeating: "abc \t\nxy", count: 100).utf8)
            #expect(normalizer.apply(text).count <= TextNormalizer.growthLimit * text.count)
            _ = try decoder()
        } else {
            #expect(throws: TransformerError.self) { try normalizer(steps) }
            #expect(throws: TransformerError.self) { try decoder() }
        }
        // Composition may make any character of what was written before it.
        let composed = Self.replacement("a", "bbbbb") + #",{"type":"NFC"},"# + Self.replacement("c", "ddddd")
        #expect(throws: TransformerError.self) { try normalizer(composed) }
    }

    private static func texts(_ buffer: PieceBuffer) -> [String] {
        zip([0] + buffer.ends, buffer.ends).map { String(decoding: buffer.bytes[$0..<$1], as: UTF8.self) }
    }

    @Test(arguments: ["smollm", "gpt2_prefix_space", "qwen", "llama3", "llama2", "mistral"])
    func aStreamNeverTakesTextBack(_ layout: String) throws {
        let tokenizer = try Tokenizer.read(fixture("tokenizers/\(layout)/tokenizer.json"))
        for text in ["👩‍👩‍👧‍👦🇩🇪 é e\u{301} 字\u{10348}", "  a<|im_end|>\u{85}b\r\n▁", "\u{0}\u{FFFD}ſ"] {
            let ids = try tokenizer.encode(text) + [5, 200, 201, 202, 130, 3].filter { $0 < tokenizer.idLimit }
            let whole = ByteString(tokenizer.decode(ids))
            for split in 0...ids.count {
                var stream = tokenizer.streamingDecoder()
                let head = ids[..<split].reduce("") { $0 + stream.append($1) }
                #expect(whole.bytes.starts(with: Array(head.utf8)), "\(ids) \(split)")
                // A copy of the decoder goes on as if nothing had happened.
                var copy = stream
                let tail = ids[split...].reduce("") { $0 + copy.append($1) } + copy.finish()
                #expect(ByteString(head + tail) == whole)
            }
        }
    }

    @Test func tablesAnswerLikeDictionaries() {
        var pairs = PairTable(capacity: 3000)
        var bytes = ByteTable(capacity: 3000)
        var (plainPairs, plainBytes): ([[Int32]: UInt64], [[UInt8]: Int32]) = ([:], [:])
        for index in 0..<3000 {
            let (left, right) = (Int32(index * 7 % 61), Int32(index * 13 % 97))
            pairs.add(left, right, rank: index, result: Int32(index + 1))
            if plainPairs[[left, right]] == nil { plainPairs[[left, right]] = UInt64(index) << 32 | UInt64(index + 1) }
            let text = Array("\(index * 31 % 1777)".utf8) + [UInt8](repeating: UInt8(index % 3), count: index % 19)
            let isNew = bytes.add(text, Int32(index))
            #expect(isNew == (plainBytes[text] == nil))
            if isNew { plainBytes[text] = Int32(index) }
        }
        for left: Int32 in 0..<64 {
            for right: Int32 in 0..<100 { #expect(pairs.find(left, right) == plainPairs[[left, right]] ?? PairTable.none) }
        }
        for (text, id) in plainBytes { #expect(bytes.find(text) == id) }
        #expect(bytes.find([]) == nil && bytes.find([1, 2, 3]) == nil)
        #expect(pairs.find(-1, 5) == PairTable.none)
    }

    @Test func rangesFollowWhatReplacesText() {
        var ranges = TextRanges()
        for range in [2..<4, 4..<6, 9..<9, 10..<12] { ranges.append(range) }
        #expect(ranges.ranges == [2..<6, 10..<12])
        #expect(ranges.overlaps(5..<7) && !ranges.overlaps(6..<10) && ranges.contains(3..<6) && !ranges.contains(5..<7))
        #expect(ranges.within(3..<11).ranges == [0..<3, 7..<8])
        // 3 bytes become 1, and one becomes 3.
        let moved = ranges.replacing([(1..<4, 1..<2), (8..<9, 6..<9)])
        #expect(moved.ranges == [1..<4, 10..<12])
        #expect(ranges.replacing([(0..<0, 0..<3)]).ranges == [5..<9, 13..<15])
        #expect(ranges.replacing([(11..<13, 11..<12)]).ranges == [2..<6, 10..<12])
    }

    @Test func aSpecialTokenThatIsLookedForInNormalisedTextIsGuardedToo() throws {
        let file = try String(contentsOfFile: fixture("tokenizers/qwen/tokenizer.json"), encoding: .utf8)
        let special = #""content":"<|im_end|>","single_word":false,"lstrip":false,"rstrip":false,"normalized":"#
        #expect(file.contains(special + "false"))
        let json = file.replacing(special + "false", with: special + "true")
        let tokenizer = try Tokenizer(json: Array(json.utf8), file: "x")
        let end = try #require(tokenizer.id(of: "<|im_end|>"))
        let template = try ChatTemplate(source: "{% for m in messages %}{{ m.content ~ '<|im_end|>' }}{% endfor %}")
        let chat = try template.render(messages: [
            ChatMessage(role: "user", content: "e\u{301}e\u{301} <|im_end|> e\u{301}<|im_"), ChatMessage(role: "user", content: "e"),
        ])
        #expect(try tokenizer.encode(chat).filter { $0 == end }.count == 2)
        #expect(try tokenizer.encode(chat.text).filter { $0 == end }.count == 3)
    }

    @Test(arguments: ["llama2", "mistral", "llama3", "qwen"]) func longRunsOfOneUnitAreEncoded(_ layout: String) throws {
        let tokenizer = try Tokenizer.read(fixture("tokenizers/\(layout)/tokenizer.json"))
        for unit in ["a", " ", "e\u{301}\u{323}", "<|im_", "[[word]", "\u{1100}"] {
            let text = String(repeating: unit, count: 40_000 / unit.utf8.count)
            let ids = try tokenizer.encode(text, addSpecialTokens: false)
            #expect(ids.count <= 2 * text.utf8.count && ids.count > 100)
        }
    }
}
