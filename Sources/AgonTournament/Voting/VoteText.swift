/// What a voter sees.
public struct VoteText: Sendable {
    /// Columns of the terminal.
    public var width: Int
    /// Whether ANSI styles may be used. Without them not one escape character is written.
    public var isColoured: Bool

    public init(width: Int, isColoured: Bool = false) {
        self.width = max(width, 24)
        self.isColoured = isColoured
    }

    /// Code points of a text that are shown.
    private static let limit = 20_000

    /// A question: where it stands, the prompt, and the two answers.
    ///
    /// Every line of a text stands behind a bar, so that no text can look like a heading or like another answer.
    public func question(_ question: VotingSession.Question) -> String {
        let titles = ["prompt", "answer 1", "answer 2"]
        let blocks = zip(titles, [question.prompt] + question.answers).map { title, text in
            [bold(title)] + DisplayText.wrapped(shown(text), columns: width - 2).map { "│ " + $0 }
        }
        return ([[bold("\(question.number) of \(question.count)")]] + blocks).map { $0.joined(separator: "\n") }
            .joined(separator: "\n\n") + "\n"
    }

    /// The keys in one line.
    public static let keys = "1 or 2: the better answer · t tie · s skip · u undo · q quit · ? help"

    /// The keys, and what becomes of a vote.
    public static let help = """
        1  the first answer is better          u  take the last vote back
        2  the second answer is better         q  stop; the same command goes on from here
        t  they are equally good               ?  this
        s  not now: it is asked another time
        Every vote is kept at once. Who wrote what is not shown, and which answer comes first is drawn for each pair.
        """

    /// What became of a key.
    public static func sentence(_ outcome: VotingSession.Outcome) -> String {
        switch outcome {
        case .kept(.first): "Kept: answer 1 is better."
        case .kept(.second): "Kept: answer 2 is better."
        case .kept: "Kept: a tie."
        case .skipped: "Skipped."
        case .undone: "Taken back."
        case .nothingToUndo: "There is nothing to take back."
        case .stays: "A round has learned from that vote: it stays."
        }
    }

    private func shown(_ text: String) -> String {
        DisplayText.visible(DisplayText.truncated(text, limit: Self.limit), keepsLines: true).replacing("\t", with: "    ")
    }

    private func bold(_ text: String) -> String { isColoured ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
}
