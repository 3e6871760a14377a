import AgonCore
import Testing

@testable import AgonJudging

@Suite struct JudgeReadingTests {
    @Test("a pairwise reply is read in the form that was asked for", arguments: [
        (#"{"reason":"r","verdict":"A"}"#, JudgeReplyForm.json, Verdict.first),
        (" {\n\"verdict\" : \"B\" ,\t\"reason\":\"\\u00e9\\n\\ud83d\\ude00\"}\n", .json, .second),
        (#"{"reason":"","verdict":"tie"}"#, .json, .tie),
        ("Both are fine.\n\nVERDICT: tie\n", .line, .tie), ("verdict: A", .line, .first), ("Because.\n**VERDICT: B**", .line, .second),
        ("A", .letter, .first), (" B\n", .letter, .second), ("T", .letter, .tie),
    ])
    func readable(text: String, form: JudgeReplyForm, verdict: Verdict) {
        #expect(JudgeReading.pairwise(text, form: form).verdict == verdict)
    }

    @Test("whatever could mean two things is void", arguments: [
        ("", JudgeReplyForm.json), ("A", .json), (#"{"verdict":"A"}"#, .json), (#"{"reason":"r","verdict":"a"}"#, .json),
        (#"{"reason":"r","verdict":"A","verdict":"B"}"#, .json), (#"{"reason":"r","verdict":"A","score":1}"#, .json),
        (#"{"reason":"r","verdict":"A"} {"reason":"r","verdict":"B"}"#, .json), ("```json\n{\"reason\":\"\",\"verdict\":\"A\"}\n```", .json),
        (#"{"reason":1,"verdict":"A"}"#, .json), (#"{"reason":"r","verdict":["A"]}"#, .json), (#"{"reason":{"a":"b"},"verdict":"A"}"#, .json),
        (#"{"reason":"r","verdict":"A""#, .json), ("{\"reason\":\"a\nb\",\"verdict\":\"A\"}", .json), (#"{"reason":"\ud800","verdict":"A"}"#, .json),
        (#"{"reason":"r","verdict":"A",}"#, .json), ("VERDICT: A", .json),
        ("", .line), ("A", .line), ("VERDICT: A or B", .line), ("VERDICT: A\nVERDICT: B", .line), ("VERDICT: A\nI am sure.", .line),
        ("It says \"VERDICT: B\".\nVERDICT: A", .line), ("My VERDICT: A", .line), ("VERDICT:", .line), ("VERDICT: a", .line),
        ("A.", .letter), ("AB", .letter), ("tie", .letter), ("", .letter),
    ])
    func unreadable(text: String, form: JudgeReplyForm) {
        let reply = JudgeReading.pairwise(text, form: form)
        #expect(reply.verdict == .void)
        #expect(reply.reason.hasPrefix("unreadable: "))
    }

    @Test("a reason is one visible line of bounded length")
    func reasons() {
        let text = #"{"reason":"a\n\u001b[31mred\u202e\t  b","verdict":"A"}"#
        #expect(JudgeReading.pairwise(text, form: .json).reason == "a [U+001B][31mred[U+202E] b")
        let long = "{\"reason\":\"\(String(repeating: "x", count: 100_000))\",\"verdict\":\"A\"}"
        #expect(JudgeReading.pairwise(long, form: .json).reason.count == JudgeReading.reasonLimit + 1)
        #expect(JudgeReading.pairwise("B is short.\nIt lacks\ta proof.\nVERDICT: A", form: .line).reason == "B is short. It lacks a proof.")
    }

    @Test("grades are whole numbers from 1 to 10")
    func grades() {
        #expect(JudgeReading.pointwise(#"{"reason":"ok","verdict":7}"#, form: .json).grade == 7)
        #expect(JudgeReading.pointwise("ok\nVERDICT: 10", form: .line).grade == 10)
        for text in ["0", "11", "7.5", "\"7\"", "-1", "07", "1e1", "99999999999999999999", "null", "[7]"] {
            #expect(JudgeReading.pointwise("{\"reason\":\"ok\",\"verdict\":\(text)}", form: .json).grade == nil, "\(text)")
        }
        for text in ["7/10", "seven", "+7", "", "11"] { #expect(JudgeReading.pointwise("VERDICT: \(text)", form: .line).grade == nil) }
    }

    @Test("an order names every answer once")
    func orders() {
        #expect(JudgeReading.listwise(#"{"reason":"","verdict":["C","A","B"]}"#, count: 3, form: .json).order == [2, 0, 1])
        #expect(JudgeReading.listwise("VERDICT: B, A", count: 2, form: .line).order == [1, 0])
        for text in [#"["A","B"]"#, #"["A","B","B"]"#, #"["A","B","D"]"#, #"["A","B","C","A"]"#, #""C, A, B""#, "[]", "3"] {
            #expect(JudgeReading.listwise("{\"reason\":\"\",\"verdict\":\(text)}", count: 3, form: .json).order == nil, "\(text)")
        }
    }

    @Test("probabilities of the first token become a preference; a model that does not answer is void")
    func letters() {
        let sure = JudgeReading.letter([("A", 0.5), (" A", 0.1), ("B", 0.1), ("T", 0.1), ("x", 0.2)])
        #expect(sure.verdict == .first)
        #expect(abs((sure.preference ?? 0) - 0.65 / 0.8) < 1e-12)
        #expect(JudgeReading.letter([("B", 0.4), ("A", 0.4)]).verdict == .tie)
        #expect(JudgeReading.letter([("T", 0.5), ("A", 0.4)]).verdict == .tie)
        #expect(JudgeReading.letter([("B", 0.3)]).preference == 0)
        for tokens in [[("A", 0.1), ("x", 0.9)], [], [("A", Double.nan)], [("A", -1)]] {
            #expect(JudgeReading.letter(tokens).verdict == .void)
        }
    }
}
