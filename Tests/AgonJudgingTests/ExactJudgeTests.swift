import AgonJudging
import Testing

struct ExactJudgeTests {
    @Test(arguments: [
        ("42", "42", 1), (" 42\n", "42", 1), ("42.0", "42", 0), ("", "42", 0), ("a b", "a  b", 0), ("A", "a", 0),
    ])
    func `strings are equal after trimming`(answer: String, reference: String, score: Double) {
        #expect(ExactJudge.score(answer, reference: reference, mode: .string) == score)
    }

    @Test(arguments: [
        ("42.0", "42", 1), ("+4.2e1 ", "42", 1), ("042", "42", 1), ("43", "42", 0), ("0x2A", "42", 0), ("nan", "42", 0),
        ("42 apples", "42", 0), ("9007199254740993", "9007199254740992", 0), ("-0", "0", 1), ("", "0", 0),
    ])
    func `numbers are equal by value`(answer: String, reference: String, score: Double) {
        #expect(ExactJudge.score(answer, reference: reference, mode: .number) == score)
    }

    @Test func `without a usable reference nothing is judged`() {
        #expect(ExactJudge.score("42", reference: nil, mode: .string) == nil)
        #expect(ExactJudge.score("42", reference: "many", mode: .number) == nil)
    }
}
