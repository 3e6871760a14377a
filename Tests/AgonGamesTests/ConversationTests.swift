import AgonCore
import Testing

/// The text of a conversation stands for all of it.
@Suite struct ConversationTests {
    @Test("messages stand below their roles, a lone user's is its content, and an answer begins below its own")
    func text() {
        let talk = Conversation([Message(.system, "Be brief.\n"), Message(.user, "2 + 2?"), Message(.assistant, "4"), Message(.user, "### user\n")])
        #expect(talk.text == "### system\nBe brief.\n\n\n### user\n2 + 2?\n\n### assistant\n4\n\n### user\n\\### user\n")
        #expect(talk.unansweredText == talk.text + "\n\n### assistant\n" && talk.hasSystem)
        #expect(talk.extended(to: talk.text + "b\nc")?.messages.last == Message(.user, "### user\nb\nc") && talk.extended(to: "b") == nil)
        let prompt = Prompt(id: "a", conversation: Conversation([Message(.user, "### user")]), reference: "4")
        #expect(prompt == Prompt(id: "a", text: "### user", reference: "4"))
        #expect(Prompt(id: "a", stored: talk.text) == Prompt(id: "a", conversation: talk))
    }

    @Test("whatever is said, the text reads back, and no two conversations share one")
    func reading() {
        let parts = ["### user", "### system", "### assistant", "\\", "\n", "\n\n", "\r\n", " ", "\t", "#", "é", "e\u{301}", "\u{2028}", "a", "\0"]
        var generator = SeededGenerator(Seed(run: 5))
        var seen: [[UInt8]: Conversation] = [:]
        for _ in 0..<4000 {
            func content() -> String { (0...generator.index(below: 5)).map { _ in parts[generator.index(below: parts.count)] }.joined() }
            var messages = (0..<generator.index(below: 3)).map { Message([.user, .assistant][$0 % 2], content()) } + [Message(.user, content())]
            if messages.count == 1 || generator.index(below: 2) == 0 { messages.insert(Message(.system, content()), at: 0) }
            let talk = Conversation(messages)
            let back = Conversation(text: talk.text)
            #expect(back?.messages.map { Array($0.content.utf8) } == messages.map { Array($0.content.utf8) }, "\(talk.text.debugDescription)")
            #expect(back?.messages.map(\.role) == messages.map(\.role))
            let known = seen.updateValue(talk, forKey: Array(talk.text.utf8))
            #expect(known == nil || known == talk)
        }
        #expect(seen.count > 2000)
    }

    @Test("a text that is no conversation's stays a plain one", arguments: [
        "", "a", "### user", "### user\na", "### user\na\n### user\nb", " ### user\na\n\n### user\nb", "### user\na\n\n### assistant\nb",
        "### user\na\n\n### system\nb\n\n### user\nc", "a\n\n### user\nb", "### user\na\n\n### user", "### user\na\n\n ### user\n\n### user\nb",
        "### user\n\\a\n\n### User\nb",
    ])
    func plain(text: String) {
        #expect(Conversation(text: text) == nil)
        #expect(Prompt(id: "a", stored: text) == Prompt(id: "a", text: text))
    }
}
