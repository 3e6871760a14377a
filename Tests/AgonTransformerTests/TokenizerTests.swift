import Foundation
import Testing

@testable import AgonTransformer

@Suite struct TokenizerTests {
    private struct GoldenLine: Decodable {
        let text: String
        let ids: [Int32]
        let ids_with_special: [Int32]
        let decoded: String
        let decoded_skip: String
    }

    private struct DecodeLine: Decodable {
        let ids: [Int32]
        let decoded: String
        let decoded_skip: String
    }

    private static let layouts = ["smollm", "gpt2_prefix_space", "qwen", "llama3", "llama2", "mistral", "characters"]

    private static func lines<Line: Decodable>(_ name: String, _ type: Line.Type) throws -> [Line] {
        try Data(contentsOf: URL(fileURLWithPath: fixture("tokenizers/\(name)"))).split(separator: 10)
            .map { try JSONDecoder().decode(Line.self, from: $0) }
    }

    @Test(arguments: layouts) func theIdsAreThoseOfHuggingFaceTokenizers(_ layout: String) throws {
        let tokenizer = try Tokenizer.read(fixture("tokenizers/\(layout)/tokenizer.json"))
        try Self.check(tokenizer, Self.lines("\(layout)/golden.jsonl", GoldenLine.self))
    }

    /// The folders of the folder that `AGON_GOLDEN_TOKENIZERS` names, each a `tokenizer.json` with its `golden.jsonl`.
    private static let folders: [String] = {
        guard let root = ProcessInfo.processInfo.environment["AGON_GOLDEN_TOKENIZERS"] else { return [] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return names.sorted().map { "\(root)/\($0)" }.filter { DurableFile.exists("\($0)/golden.jsonl") }
    }()

    @Test(arguments: folders) func theIdsOfOtherFoldersAreThoseOfHuggingFaceTokenizers(_ folder: String) throws {
        let lines = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/golden.jsonl")).split(separator: 10)
        try Self.check(
            Tokenizer.read("\(folder)/tokenizer.json"), lines.map { try JSONDecoder().decode(GoldenLine.self, from: $0) })
    }

    private static func check(_ tokenizer: Tokenizer, _ lines: [GoldenLine]) throws {
        #expect(lines.count >= 5)
        for line in lines {
            #expect(try tokenizer.encode(line.text, addSpecialTokens: false) == line.ids, "\(line.text.debugDescription)")
            #expect(try tokenizer.encode(line.text) == line.ids_with_special)
            #expect(ByteString(tokenizer.decode(line.ids, skipSpecial: false)) == ByteString(line.decoded))
            #expect(ByteString(tokenizer.decode(line.ids_with_special)) == ByteString(line.decoded_skip))
        }
    }

    @Test(arguments: layouts) func anyIdsDecodeAsInHuggingFaceTokenizersAtOnceAndStreamed(_ layout: String) throws {
        let tokenizer = try Tokenizer.read(fixture("tokenizers/\(layout)/tokenizer.json"))
        for line in try Self.lines("\(layout)/decode.jsonl", DecodeLine.self) {
            #expect(ByteString(tokenizer.decode(line.ids, skipSpecial: false)) == ByteString(line.decoded), "\(line.ids)")
            var stream = tokenizer.streamingDecoder()
            let text = line.ids.reduce("") { $0 + stream.append($1) } + stream.finish()
            #expect(ByteString(text) == ByteString(line.decoded_skip), "\(line.ids)")
        }
    }

    @Test func aStreamHoldsACharacterBackUntilItIsWhole() throws {
        let tokenizer = try Tokenizer.characters("é🙂", special: [])
        var stream = tokenizer.streamingDecoder()
        #expect(try tokenizer.encode("é🙂").map { stream.append($0) } == ["", "é", "", "", "", "🙂"])
        #expect(stream.finish() == "")
        _ = stream.append(0)
        #expect(stream.finish() == "\u{FFFD}")
    }

    @Test func theCharacterTokenizerIsTheFileThatHuggingFaceMakes() throws {
        let tokenizer = try Tokenizer.characters("0123456789+-= abcé", special: ["<bos>", "<eos>", "<pad>"])
        let reference = try Tokenizer.read(fixture("tokenizers/characters/tokenizer.json"))
        #expect(tokenizer.spellings == reference.spellings)
        #expect(tokenizer.specialTokens == reference.specialTokens)
        #expect(tokenizer.idLimit == 22)
        #expect(try tokenizer.encode("<bos>1+2=3<eos>") == [0, 4, 13, 5, 15, 6, 1])
        #expect(tokenizer.decode([0, 4, 13, 5, 15, 6, 1]) == "1+2=3")
        #expect(tokenizer.id(of: "<eos>") == 1)
        #expect(tokenizer.id(of: "x") == nil)
        #expect(tokenizer.token(16) == "Ġ")
        #expect(tokenizer.token(99) == nil)
        #expect(tokenizer.token(-1) == nil)
        let folder = try TemporaryFolder()
        try tokenizer.save(to: "\(folder.path)/tokenizer.json")
        let again = try Tokenizer.read("\(folder.path)/tokenizer.json")
        #expect(again.spellings == tokenizer.spellings)
        #expect(try again.encode("a<pad>é") == tokenizer.encode("a<pad>é"))
    }

    @Test func aCharacterThatTheVocabularyLacksIsNamed() throws {
        let tokenizer = try Tokenizer.characters("abc", special: ["<eos>"])
        #expect(sentence { _ = try tokenizer.encode("abxc") }.contains("The character \"x\" (U+0078) has no token"))
        #expect(sentence { _ = try tokenizer.encode("ab🙂") }.contains("The character \"🙂\" (U+1F642)"))
        #expect(sentence { _ = try tokenizer.encode("a\u{1b}[2J") }.contains("The character U+001B has no token"))
        #expect(sentence { _ = try Tokenizer.characters("ab", special: ["a"]) }.contains("rename the special token"))
        #expect(sentence { _ = try Tokenizer.characters("ab", special: ["<x>", "<x>"]) }.contains("given twice"))
    }

    @Test func aSpecialTokenInOutsideTextCanBeLeftPlain() throws {
        let tokenizer = try Tokenizer.read(fixture("tokenizers/qwen/tokenizer.json"))
        let end = try #require(tokenizer.id(of: "<|im_end|>"))
        let text = "so <|im_end|> it <think> ends"
        #expect(try tokenizer.encode(text).contains(end))
        let plain = try tokenizer.encode(text, parseSpecial: false)
        #expect(!plain.contains(end))
        #expect(plain.contains(try #require(tokenizer.id(of: "<think>"))))
        #expect(tokenizer.decode(plain) == text)
    }

    @Test func aLongRunOfOneCharacterIsNotQuadratic() throws {
        let tokenizer = try Tokenizer.read(fixture("tokenizers/llama3/tokenizer.json"))
        let text = String(repeating: "a", count: 60_000)
        #expect(tokenizer.decode(try tokenizer.encode(text)) == text)
    }

    @Test func aBrokenTokenizerIsOneSentence() throws {
        let byteLevel = #"{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}"#
        func file(
            vocab: String = #"{"a":0,"b":1}"#, merges: String = "[]", added: String = "[]", pre: String? = nil,
            decoder: String? = nil, post: String = "null", model: String = "", normalizer: String = "null"
        ) -> String {
            """
            {"added_tokens":\(added),"normalizer":\(normalizer),"pre_tokenizer":\(pre ?? byteLevel),
            "post_processor":\(post),"decoder":\(decoder ?? byteLevel),"model":{\(model)"vocab":\(vocab),"merges":\(merges)}}
            """
        }
        let cases: [(text: String, reason: String)] = [
            ("", "not valid JSON"), ("[]", "must be an object"), ("{}", "the key \"model\" is missing"),
            (file(vocab: "[]"), "\"model.vocab\" must be an object but is an array"),
            (file(vocab: #"{"a":0,"b":0}"#), "id 0 of the token \"b\" is taken"),
            (file(vocab: #"{"a":0,"b":2000000000}"#), "model.vocab.b is 2000000000, outside the ids"),
            (file(vocab: #"{"a":-1}"#), "is -1, outside the ids"),
            (file(merges: #"["a c"]"#), "merge 0, \"a\" with \"c\", needs tokens that the vocabulary lacks"),
            (file(merges: #"["a b c"]"#), "\"model.merges.0\" must be a pair of tokens"),
            (file(merges: #"[["a"]]"#), "must be a pair of tokens"),
            (file(merges: "{}"), "\"model.merges\" must be an array"),
            (file(added: #"[{"id":5,"content":"a"}]"#), "has id 5 but 0 in the vocabulary"),
            (file(added: #"[{"id":0,"content":"x"}]"#), "id 0 is both \"a\" and the added token \"x\""),
            (file(added: #"[{"id":7,"content":""}]"#), "a text that is not empty"),
            (file(pre: #"{"type":"Whitespace"}"#), "the pre-tokenizer \"Whitespace\", which is not supported"),
            (
                file(pre: #"{"type":"Split","pattern":{"Regex":"x+"},"behavior":"Isolated","invert":false}"#),
                "the split pattern x+"
            ),
            (file(decoder: "null"), "decoder is missing"),
            (file(decoder: #"{"type":"WordPiece"}"#), "the decoder \"WordPiece\""),
            (file(post: #"{"type":"BertProcessing"}"#), "the post-processor \"BertProcessing\""),
            (file(model: #""type":"WordLevel","#), "the model \"WordLevel\""),
            (file(model: #""unk_token":"?","#), "unk_token \"?\" is not in the vocabulary"),
            (file(normalizer: #"{"type":"Lowercase"}"#), "the normalizer \"Lowercase\""),
        ]
        for (text, reason) in cases {
            let message = sentence { _ = try Tokenizer(json: Array(text.utf8), file: "x/tokenizer.json") }
            #expect(message.contains("x/tokenizer.json"), "\(text)")
            #expect(message.contains(reason), "\(message)")
        }
        #expect(sentence { _ = try Tokenizer(json: Array(file().utf8), file: "x") } == "")
    }
}
