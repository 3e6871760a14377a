import Foundation

/// Games of a PGN file by their tags; moves are passed over, comments with anything in them included.
///
/// - Source: Edwards 1994, Portable Game Notation Specification, §8.1.
struct PGNScanner {
    struct Game {
        /// Ranges of the file.
        var white = 0..<0
        var black = 0..<0
        var result = 0..<0
        var start: Int
        /// nil for a game without a result.
        var outcome: BattleOutcome?
    }

    private let base: UnsafePointer<UInt8>
    private var place: Int
    private let end: Int

    init(_ base: UnsafePointer<UInt8>, _ range: Range<Int>) {
        self.base = base
        place = range.lowerBound
        end = range.upperBound
    }

    /// The next game that has any tag.
    mutating func next() -> Game? {
        skipSpace()
        guard place < end else { return nil }
        var game = Game(start: place)
        while place < end, base[place] == 0x5B {
            tag(&game)
            skipSpace()
        }
        skipMoves()
        game.outcome = outcome(game.result)
        return game
    }

    private mutating func skipSpace() { while place < end, base[place] <= 0x20 { place += 1 } }

    private func lineEnd(_ from: Int) -> Int {
        memchr(base + from, 0x0A, end - from).map { UnsafeRawPointer(base).distance(to: UnsafeRawPointer($0)) } ?? end
    }

    private mutating func tag(_ game: inout Game) {
        let line = lineEnd(place)
        var nameEnd = place + 1
        while nameEnd < line, base[nameEnd] > 0x20, base[nameEnd] != 0x22 { nameEnd += 1 }
        var open = nameEnd
        while open < line, base[open] != 0x22 { open += 1 }
        var close = line
        while close > open, base[close - 1] != 0x22 { close -= 1 }
        let value = open < line && close - 1 > open ? (open + 1)..<(close - 1) : 0..<0
        let name = UnsafeBufferPointer(start: base + place + 1, count: nameEnd - place - 1)
        if name.elementsEqual("White".utf8) { game.white = value }
        if name.elementsEqual("Black".utf8) { game.black = value }
        if name.elementsEqual("Result".utf8) { game.result = value }
        place = line
    }

    /// To the next line that begins with a tag outside a comment.
    private mutating func skipMoves() {
        var isComment = false
        while place < end {
            let line = lineEnd(place)
            if !isComment, base[place] == 0x5B { return }
            for index in place..<line {
                if isComment { isComment = base[index] != 0x7D } else if base[index] == 0x7B { isComment = true }
            }
            place = min(line + 1, end)
        }
    }

    private func outcome(_ range: Range<Int>) -> BattleOutcome? {
        let text = UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
        if text.elementsEqual("1-0".utf8) { return .win }
        if text.elementsEqual("0-1".utf8) { return .loss }
        return text.elementsEqual("1/2-1/2".utf8) ? .tie : nil
    }
}
