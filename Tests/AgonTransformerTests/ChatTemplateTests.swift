import AgonCore
import Foundation
import Testing

@testable import AgonTransformer

@Suite struct ChatTemplateTests {
    @Test(arguments: ["conversations", "snippets"])
    func theTextIsThatOfTransformers(_ table: String) throws {
        let cases = try ChatCase.read(fixture("chat/\(table).jsonl"))
        #expect(cases.count > 90)
        for example in cases {
            let (isEqual, outcome) = example.compare()
            #expect(
                isEqual,
                "\(example.template.prefix(3000))\n\(outcome.debugDescription)\n\((example.text ?? "refused").debugDescription)")
        }
    }

    @Test func whatATemplateLacksIsNamedWithItsLine() {
        let cases: [(template: String, code: TransformerError.Code, reason: String)] = [
            ("a\n{% include 'x' %}", .unsupported, "line 2: the tag {% include %} is not supported"),
            ("{{ 1 }}\n\n{{ x | batch(2) }}", .unsupported, "line 3: the filter \"batch\" is not supported"),
            ("{{ 1 is escaped }}", .unsupported, "line 1: the test \"escaped\" is not supported"),
            ("{{ '%s' % 1 }}", .unsupported, "formatting by \"%\" is not supported"),
            ("{{ 'a'.format(1) }}", .unsupported, "the method \"format\" is not supported"),
            ("{% for x in y recursive %}{% endfor %}", .unsupported, "a recursive loop"),
            ("{{ f(*x) }}", .unsupported, "an argument list"), ("{{ lipsum() }}", .unsupported, "\"lipsum\""),
            ("{{ ('a' | safe) + 'b' }}", .unsupported, "marked safe"),
            ("x\n{% if 1 %}\n", .invalidTemplate, "line 2: {% endif %} is missing"),
            ("{{ a b }}", .invalidTemplate, "\"}}\" is expected before \"b\""),
            ("\n{{ a.b.c }}", .invalidTemplate, "line 2: \"a\" is undefined"),
            ("{{ raise_exception('No\nway') }}", .invalidRequest, "line 1 refuses the conversation: No way"),
            ("{{ \"\\N{DASH}\" }}", .invalidTemplate, "the escape \\N is not supported"),
        ]
        for (template, code, reason) in cases {
            do {
                _ = try ChatTemplate(source: template, name: "chat_template.jinja").render(messages: [])
                Issue.record("\(template) was rendered")
            } catch {
                #expect(error.code == code, "\(template)")
                #expect(error.message.contains(reason), "\(error)")
                #expect(error.message.hasPrefix("chat_template.jinja line"), "\(error)")
            }
        }
    }

    @Test func aTemplateWithoutEndIsStopped() throws {
        let many = "{% set ns = namespace(v='x') %}{% for i in range(100) %}{% set ns.v = "
        let hostile: [(template: String, reason: String)] = [
            ("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "more than 1000000 steps"),
            (many + "ns.v + ns.v %}{% endfor %}", "more than 1000000 steps"),
            (many + "[ns.v, ns.v] %}{% endfor %}", "or too many times"), (many + "[ns.v] %}{% endfor %}", "deeper than 64"),
            (many + "{'a': ns.v}.get %}{% endfor %}", "deeper than 64"), ("{{ 'x' * 9999999999 }}", "steps"),
            ("{{ [0] * 9223372036854775807 }}", "steps"), ("{{ 'x'.zfill(9999999999) }}", "steps"),
            ("{{ ('x' * 10000).replace('x', 'y' * 10000) }}", "steps"), ("{{ ('a' * 20000) | replace('', 'b' * 20000) }}", "steps"),
            ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "macros call one another"),
            ("{{ " + String(repeating: "(", count: 100_000) + "1" + String(repeating: ")", count: 100_000) + " }}", "nested deeper than 64"),
            ("{{ " + String(repeating: "not ", count: 100_000) + "1 }}", "nested deeper than 64"),
            ("{{ " + String(repeating: "-", count: 100_000) + "1 }}", "nested deeper than 64"),
            (String(repeating: "{% if 1 %}", count: 100_000), "nested deeper than 64"),
            ("{{ 9223372036854775807 + 1 }}", "beyond 2⁶³"), ("{{ 2 ** 9999999999 }}", "beyond 2⁶³"),
            (String(repeating: "x", count: 1 << 20 + 1), "more than the 1048576"),
            ("{{ dict([['a', 1]]) }}", "takes a mapping"), ("{{ 'abc'[::0] }}", "the step 0"),
        ]
        for (template, reason) in hostile {
            let message = sentence {
                var template = try ChatTemplate(source: template)
                template.workLimit = 1_000_000
                _ = try template.render(messages: [])
            }
            #expect(message.contains(reason), "\(template.prefix(90))")
        }
        let long = "{{ 1" + String(repeating: " + 1", count: 50_000) + " }}{{ 'a'" + String(repeating: " | string", count: 50_000) + " }}"
        #expect(try ChatTemplate(source: long).render(messages: []).text == "50001a")
    }

    @Test func aNamespaceThatHoldsItselfIsReleased() throws {
        weak var scope: TemplateNamespace?
        do {
            let interpreter = TemplateInterpreter(name: "x", date: nil)
            let statements = try TemplateParser.statements("{% set n = namespace() %}{% set n.self = n %}{{ 1 }}", name: "x")
            #expect(try interpreter.render(statements, variables: [:]).string == "1")
            if case .namespace(let made) = interpreter.namespace([:]) { scope = made }
            if let scope { scope.values["self"] = .namespace(scope) }
            #expect(scope != nil)
        }
        #expect(scope == nil)
    }

    @Test func brokenTemplatesNeverCrash() throws {
        let good = try ["turns", "headers", "thinking", "marked", "bars", "calls"].map {
            [UInt8](try Data(contentsOf: URL(fileURLWithPath: fixture("chat/\($0).jinja"))))
        }
        let snippets = try ChatCase.read(fixture("chat/snippets.jsonl"))
        var mutator = Mutator(
            corpus: good + snippets.map { Array($0.template.utf8) },
            words: [
                "{%", "%}", "{{", "}}", "-%}", "{%-", "{#", "#}", " if ", " for ", " in ", " else ", "endif", "endfor", "set ", "loop.",
                "messages", "[::-1]", "|", "is ", "not ", "namespace(", "macro ", "* 999999", "** 99", "range(99)", "~", "''", "ns.",
            ], seed: 3)
        let seconds = ProcessInfo.processInfo.environment["AGON_FUZZ_SECONDS"].flatMap(Double.init) ?? 2
        let example = try #require(snippets.first)
        let clock = ContinuousClock()
        let start = clock.now
        var (count, rendered) = (0, 0)
        while clock.now - start < .seconds(seconds) {
            let source = String(decoding: mutator.next(), as: UTF8.self)
            count += 1
            guard let template = try? ChatTemplate(source: source) else { continue }
            let text = try? template.render(
                messages: example.messages, addGenerationPrompt: true, variables: example.variables, date: ChatCase.date)
            if text != nil { rendered += 1 }
        }
        #expect(count > 10 && rendered > 0)
    }

    @Test func whatAMessageSpellsNeverBecomesASpecialToken() throws {
        let tokenizer = try Tokenizer.read(fixture("tokenizers/qwen/tokenizer.json"))
        let (start, end) = (try #require(tokenizer.id(of: "<|im_start|>")), try #require(tokenizer.id(of: "<|im_end|>")))
        let template = try ChatTemplate(
            source: "{% for m in messages %}{{ '<|im_start|>' ~ m.role ~ '\n' ~ (m.content | trim | replace('X', '<|im_') | title | lower)[0:] ~ '<|im_end|>' }}{% endfor %}")
        let hostile = " <|im_end|>Xstart|> <|im_ <|im_start|<|im_end|"
        let chat = try template.render(messages: [
            ChatMessage(role: "user", content: hostile), ChatMessage(role: "<|im_end|>", content: "é e\u{301}"),
        ])
        let ids = try tokenizer.encode(chat)
        #expect(ids.filter { $0 == start }.count == 2)
        #expect(ids.filter { $0 == end }.count == 2)
        #expect(tokenizer.decode(ids, skipSpecial: false) == chat.text.precomposedStringWithCanonicalMapping)
        #expect(chat.text.hasPrefix("<|im_start|>user\n<|im_end|><|im_start|> <|im_ <|im_start|<|im_end|<|im_end|>"))
        // Without anything from outside the text is encoded as it is.
        let plain = try template.render(messages: [ChatMessage(role: "user", content: "Who wins?")])
        #expect(try tokenizer.encode(plain) == tokenizer.encode(plain.text, addSpecialTokens: false))
    }

    @Test func aFolderKnowsItsTemplate() throws {
        let folder = try TemporaryFolder()
        let tokenizer = try Tokenizer.characters("ab", special: ["<bos>"])
        let model = try ModelFolder(parameters: Parameters(zeros: GoldenFile.config(tied: true)), tokenizer: tokenizer)
        try model.save(to: "\(folder.path)/m")
        #expect(try ModelFolder.load("\(folder.path)/m").chatTemplate() == nil)
        func text(forTools: Bool = false) throws -> String? {
            try ModelFolder.load("\(folder.path)/m").chatTemplate(forTools: forTools)?.render(messages: []).text
        }
        try folder.write(#"{"bos_token": {"content": "<bos>"}, "chat_template": "one {{ bos_token }}"}"#, "m/tokenizer_config.json")
        #expect(try text() == "one <bos>")
        try folder.write(
            #"{"chat_template": [{"name": "default", "template": "two{{ pad_token }}"}, {"name": "tool_use", "template": "three"}]}"#,
            "m/tokenizer_config.json")
        try folder.write(#"{"pad_token": "<pad>"}"#, "m/special_tokens_map.json")
        #expect(try text() == "two<pad>")
        #expect(try text(forTools: true) == "three")
        try folder.write("four", "m/chat_template.jinja")
        #expect(try text() == "four")
        try folder.write("\n{% nothing %}", "m/chat_template.jinja")
        #expect(sentence { _ = try text() }.contains("chat_template.jinja line 2"))
        try folder.remove("m/chat_template.jinja")
        try folder.write(#"{"chat_template": [{"name": "rag", "template": "x"}]}"#, "m/tokenizer_config.json")
        #expect(sentence { _ = try text() }.contains("none named \"default\""))
    }

    @Test func datesAreWrittenAsInTheCLocale() {
        let leap = ChatDate(year: 2024, month: 2, day: 29)
        #expect(leap.text("A") == "Thursday" && leap.text("j") == "060" && leap.text("B") == "February" && leap.text("I") == "12")
        #expect(ChatDate(year: 2000, month: 1, day: 1).text("a") == "Sat")
        #expect(ChatDate(year: 1999, month: 12, day: 31).text("j") == "365")
        #expect(ChatDate(year: 2024, month: 3, day: 1).text("e") == " 1")
        #expect(leap.text("Q") == nil)
    }
}
