/// The letter that an answer to a multiple choice settles on.
///
/// In this order: the whole answer is a letter, however it is wrapped (`b`, `(B)`, `**B.**`); the last statement "answer
/// is", "answer:", "choice is" … names a capital or bracketed letter; the last line is a letter; the answer begins `B.`,
/// `B)` or `B:`. A statement that names two letters ("A or B") settles on none, and so does an answer without any.
enum ChoiceLetter {
    private static let wrapping: Set<Character> = ["(", ")", "[", "]", "*", "_", "`", ".", ":", "\"", "'", "$", "{", "}"]

    /// The letter A … Z in capitals; nil where the answer settles on none.
    static func find(in answer: some StringProtocol) -> Character? {
        if let letter = alone(answer) { return letter }
        let characters = Array(answer)
        if let stated = lastStatement(characters) { return stated.letter }
        if let last = characters.split(whereSeparator: \.isNewline).last(where: { $0.contains { !$0.isWhitespace } }),
            let letter = alone(String(last))
        {
            return letter
        }
        let body = characters.drop { $0 == "(" || $0 == "*" || $0 == "[" }
        guard body.count > 1, let letter = capital(body[body.startIndex]),
            [".", ")", ":", "]"].contains(body[body.startIndex + 1])
        else { return nil }
        return letter
    }

    /// The letter where there is nothing else but wrapping and white space, capital or not.
    static func alone(_ text: some StringProtocol) -> Character? {
        var letter: Character?
        for character in text where !character.isWhitespace && !wrapping.contains(character) {
            guard letter == nil, let found = capital(character) ?? capital(character.uppercased()) else { return nil }
            letter = found
        }
        return letter
    }

    private static func capital(_ text: some StringProtocol) -> Character? {
        text.count == 1 ? text.first.flatMap(capital) : nil
    }

    private static func capital(_ character: Character) -> Character? {
        ("A"..."Z").contains(character) && character.isASCII ? character : nil
    }

    /// What the last "answer is …" names; nil where nothing is stated, a nil letter where two are.
    private static func lastStatement(_ characters: [Character]) -> (letter: Character?, at: Int)? {
        let words = ["answer", "choice", "option"]
        var place = characters.count - 1
        while place >= 0 {
            defer { place -= 1 }
            for word in words where startsWord(word, characters, at: place) {
                if let letter = named(characters, after: place + word.count) { return (letter.letter, place) }
            }
        }
        return nil
    }

    private static func startsWord(_ word: String, _ characters: [Character], at place: Int) -> Bool {
        guard place == 0 || !characters[place - 1].isLetter, place + word.count <= characters.count else { return false }
        return zip(word, characters[place...]).allSatisfy { $0 == $1 || String($0) == $1.lowercased() }
    }

    /// The letter after "answer": past "is", "was", "should be" or a colon and wrapping.
    private static func named(_ characters: [Character], after start: Int) -> (letter: Character?, at: Int)? {
        var place = start
        func skipGap() -> Bool {
            let before = place
            while place < characters.count, characters[place].isWhitespace || wrapping.contains(characters[place]) { place += 1 }
            return place > before
        }
        guard skipGap() else { return nil }
        for word in ["should", "must", "would", "is", "was", "be"] where startsWord(word, characters, at: place) {
            place += word.count
            guard skipGap() else { return nil }
        }
        guard place < characters.count else { return nil }
        let isBracketed = place > 0 && (characters[place - 1] == "(" || characters[place - 1] == "[")
        let found = capital(characters[place]) ?? (isBracketed ? capital(characters[place].uppercased()) : nil)
        guard let letter = found, place + 1 == characters.count || !isWordPart(characters[place + 1]) else { return nil }
        place += 1
        _ = skipGap()
        return (isSecondNamed(characters, at: place) ? nil : letter, start)
    }

    /// Whether "or C", "and C", "/C" or ", C" follows.
    private static func isSecondNamed(_ characters: [Character], at start: Int) -> Bool {
        var place = start
        func skip(_ these: (Character) -> Bool) { while place < characters.count, these(characters[place]) { place += 1 } }
        skip { $0 == "," || $0 == "/" || $0 == "&" || $0.isWhitespace }
        for word in ["or", "and"] where startsWord(word, characters, at: place) { place += word.count }
        skip { $0.isWhitespace || wrapping.contains($0) }
        guard place > start, place < characters.count, capital(characters[place]) != nil else { return false }
        return place + 1 == characters.count || !isWordPart(characters[place + 1])
    }

    private static func isWordPart(_ character: Character) -> Bool { character.isLetter || character.isNumber }
}
