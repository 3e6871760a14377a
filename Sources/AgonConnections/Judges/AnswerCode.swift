/// The code in an answer.
public enum AnswerCode {
    /// The first block between code fences, or the whole answer where there is none. A block that is never closed goes
    /// to the answer's end.
    public static func code(in answer: String) -> String {
        let lines = answer.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: isFence) else { return answer }
        let body = lines[(start + 1)...]
        return body.prefix { !isFence($0) }.joined(separator: "\n") + "\n"
    }

    private static func isFence(_ line: Substring) -> Bool {
        line.drop { $0 == " " || $0 == "\t" }.hasPrefix("```")
    }
}
