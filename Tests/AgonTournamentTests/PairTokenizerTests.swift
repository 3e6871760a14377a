import AgonAgents
import AgonCore
import AgonTransformer
import Testing

@testable import AgonTournament

@Suite("Preference texts as tokens") struct PairTokenizerTests {
    private static let template =
        "{% for message in messages %}[{{ message.role[0] }}]{{ message.content }}<eos>{% endfor %}{% if add_generation_prompt %}[a]{% endif %}"

    private func tokenizer(_ context: OfflineTrainingOptions.Context, system: String = "", template: String? = nil) throws -> PairTokenizer {
        let letters = try Tokenizer.characters("0123456789=abcus[] <eos>", special: ["<pad>", "<bos>", "<eos>"])
        return PairTokenizer(
            tokenizer: letters, beginToken: 1, endToken: 2, chatTemplate: try template.map { try ChatTemplate(source: $0) },
            system: system, context: context)
    }

    private func text(_ sequence: TokenSequence, _ tokenizer: PairTokenizer) -> (prompt: String, own: String) {
        let own = sequence.own.firstIndex(of: true) ?? sequence.tokens.count
        #expect(sequence.own[own...].allSatisfy { $0 })
        return (
            tokenizer.tokenizer.decode(sequence.tokens[..<own], skipSpecial: false),
            tokenizer.tokenizer.decode(sequence.tokens[own...], skipSpecial: false)
        )
    }

    private static let plain = PairRecord(prompt: .text("12="), chosen: .text("a"), rejected: .text("b<eos>"))
    private static let talk = PairRecord(
        prompt: .messages([ChatMessage(role: "user", content: "12")]),
        chosen: .messages([ChatMessage(role: "assistant", content: "a")]),
        rejected: .messages([ChatMessage(role: "assistant", content: "b")]))

    @Test("plain text begins as the agent is asked, and ends with one end token whether the file spells it or not")
    func plainText() throws {
        let asked = try tokenizer(.agent, system: "s ")
        let sides = try asked.sides(Self.plain, place: "x:1")
        #expect(text(sides.chosen, asked) == ("<bos>s 12=", "a<eos>") && text(sides.rejected, asked) == ("<bos>s 12=", "b<eos>"))
        #expect(sides.rejected.tokens.last == 2 && sides.rejected.ownCount == 2 && !sides.isMerged)
        let trl = try tokenizer(.trl, system: "s ")
        #expect(text(try trl.sides(Self.plain, place: "x:1").chosen, trl) == ("12=", "a<eos>"))
    }

    @Test("with a chat template the agent is asked through it; TRL's context leaves plain text alone")
    func templates() throws {
        let asked = try tokenizer(.agent, system: "s\n", template: Self.template)
        let sides = try asked.sides(Self.plain, place: "x:1")
        #expect(text(sides.chosen, asked) == ("[s]s<eos>[u]12=<eos>[a]", "a<eos>"))
        // The file's own spelling of the end token is somebody's text there, and stays it.
        #expect(sides.rejected.tokens.count { $0 == 2 } == 3 && sides.rejected.ownCount == 7)
        let trl = try tokenizer(.trl, system: "s\n", template: Self.template)
        #expect(text(try trl.sides(Self.plain, place: "x:1").chosen, trl) == ("12=", "a<eos>"))
        #expect(text(try trl.sides(Self.talk, place: "x:1").chosen, trl) == ("[u]12<eos>[a]", "a<eos>"))
    }

    @Test("a system message of the file stands in place of the agent's")
    func systems() throws {
        let asked = try tokenizer(.agent, system: "s", template: Self.template)
        var record = Self.talk
        record.prompt = .messages([ChatMessage(role: "system", content: "c"), ChatMessage(role: "user", content: "1")])
        #expect(text(try asked.sides(record, place: "x:1").chosen, asked).prompt == "[s]c<eos>[u]1<eos>[a]")
    }

    @Test("a template that writes the prompt otherwise before an answer moves the boundary to where they part")
    func merging() throws {
        let part = "{% for message in messages %}{{ message.content }}{% endfor %}{% if add_generation_prompt %}==={% endif %}="
        let asked = try tokenizer(.agent, template: part)
        let sides = try asked.sides(Self.talk, place: "x:1")
        #expect(sides.isMerged && text(sides.chosen, asked) == ("12", "a="))
    }

    @Test("an answer without a token of its own and a conversation without a template are refused with their line")
    func refusals() throws {
        let trl = try tokenizer(.trl)
        #expect { try trl.sides(Self.talk, place: "x:7") } throws: { ($0 as? AgentError)?.message.contains("x:7: this is a conversation") == true }
        let silent = try tokenizer(.agent, template: "{{ messages[0].content }}")
        #expect { try silent.sides(Self.talk, place: "x:7") } throws: { ($0 as? AgentError)?.message.contains("no token of its own") == true }
    }
}
