import Foundation

/// Rows of a log on their way into a sink.
///
/// A row is found as ranges of bytes by role and only then looked at. Rows without escapes are read where they lie in the
/// file; others are spelled out into a scratch first.
struct BattleRows<Sink: BattleSink> {
    private(set) var reading: BattleReader.Reading<Sink>
    private let layout: BattleLayout
    private let options: BattleReader.Options
    private var names = NameIndex()
    /// Words for outcomes as they were spelled: the outcome's number, and 4 more where both were bad.
    private var words = NameIndex()
    /// Ranges by role; an empty one where the row says nothing.
    private var fields: [Range<Int>]
    private var scratch: [UInt8] = []
    private let noField = 0..<0

    init(sink: Sink, layout: BattleLayout, options: BattleReader.Options) {
        reading = BattleReader.Reading(content: sink)
        self.layout = layout
        self.options = options
        fields = Array(repeating: 0..<0, count: layout.fieldCount)
    }

    /// Reads a range of the file that begins and ends with rows.
    mutating func read(_ data: Data, _ range: Range<Int>, _ format: BattleReader.Format) throws(RatingError) {
        guard !range.isEmpty else { return }
        let failure = data.withUnsafeBytes { bytes -> (place: Int, message: String)? in
            guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return nil }
            switch format {
            case .csv: return csv(base, range)
            case .jsonl: return jsonLines(base, range)
            case .pgn: return pgn(base, range)
            }
        }
        if let failure { throw BattleReader.error(data, at: failure.place, failure.message) }
    }

    private mutating func csv(_ base: UnsafePointer<UInt8>, _ range: Range<Int>) -> (Int, String)? {
        let roles = layout.roleOfColumn
        let delimiter = layout.delimiter
        var start = range.lowerBound
        while start < range.upperBound {
            for index in fields.indices { fields[index] = noField }
            var column = 0
            var fieldStart = start
            var place = start
            var isPlain = true
            while true {
                let byte = place < range.upperBound ? base[place] : 0x0A
                if byte == delimiter || byte == 0x0A {
                    if column < roles.count, roles[column] >= 0 { fields[roles[column]] = fieldStart..<place }
                    if byte == 0x0A { break }
                    column += 1
                    fieldStart = place + 1
                } else if byte == 0x22, place == fieldStart {
                    isPlain = false
                    break
                }
                place += 1
            }
            let message: String?
            if isPlain {
                message = column == 0 && isBlank(base, start..<place) ? nil : emit(base)
            } else {
                guard let end = quotedRow(base, start..<range.upperBound) else {
                    return (start, "a quotation mark is not closed.")
                }
                place = end
                message = emitScratch()
            }
            if let message { return (start, message) }
            start = place + 1
        }
        return nil
    }

    private func isBlank(_ base: UnsafePointer<UInt8>, _ range: Range<Int>) -> Bool {
        range.allSatisfy { base[$0] == 0x20 || base[$0] == 0x0D || base[$0] == 0x09 }
    }

    /// Spells a row with quoted fields out into the scratch.
    ///
    /// - Returns: where its line ends; nil where a quote is not closed.
    private mutating func quotedRow(_ base: UnsafePointer<UInt8>, _ range: Range<Int>) -> Int? {
        scratch.removeAll(keepingCapacity: true)
        for index in fields.indices { fields[index] = noField }
        var place = range.lowerBound
        var column = 0
        while true {
            let fieldStart = scratch.count
            if place < range.upperBound, base[place] == 0x22 {
                place += 1
                while true {
                    guard place < range.upperBound else { return nil }
                    if base[place] == 0x22 {
                        if place + 1 < range.upperBound, base[place + 1] == 0x22 { place += 1 } else { break }
                    }
                    scratch.append(base[place])
                    place += 1
                }
                place += 1
            }
            while place < range.upperBound, base[place] != layout.delimiter, base[place] != 0x0A {
                scratch.append(base[place])
                place += 1
            }
            if column < layout.roleOfColumn.count, layout.roleOfColumn[column] >= 0 {
                fields[layout.roleOfColumn[column]] = fieldStart..<scratch.count
            }
            if place >= range.upperBound || base[place] == 0x0A { return place }
            column += 1
            place += 1
        }
    }

    private mutating func emitScratch() -> String? {
        let bytes = scratch
        return bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { emit($0) } ?? "the row is empty."
        }
    }

    private mutating func jsonLines(_ base: UnsafePointer<UInt8>, _ range: Range<Int>) -> (Int, String)? {
        var start = range.lowerBound
        while start < range.upperBound {
            let end =
                memchr(base + start, 0x0A, range.upperBound - start).map {
                    UnsafeRawPointer(base).distance(to: UnsafeRawPointer($0))
                } ?? range.upperBound
            if !isBlank(base, start..<end) {
                for index in fields.indices { fields[index] = noField }
                var row = JSONRow(base, start..<end)
                scratch.removeAll(keepingCapacity: true)
                guard row.read(layout.roleOfKey, into: &fields, &scratch) else {
                    return (start, "this is no JSON object on one line.")
                }
                if let message = emitScratch() { return (start, message) }
            }
            start = end + 1
        }
        return nil
    }

    private mutating func pgn(_ base: UnsafePointer<UInt8>, _ range: Range<Int>) -> (Int, String)? {
        var reader = PGNScanner(base, range)
        while let game = reader.next() {
            if game.white.isEmpty || game.black.isEmpty {
                return (game.start, "a game without White or Black.")
            }
            if game.white.count > 4096 || game.black.count > 4096 { return (game.start, "a name longer than 4,096 bytes.") }
            guard let outcome = game.outcome else {
                reading.unfinishedCount += 1
                continue
            }
            let (first, second) = (number(base, game.white), number(base, game.black))
            if first == second {
                reading.selfPlayCount += 1
                continue
            }
            reading.content.game(first, second, outcome, weight: 1, room: nil, covariates: [])
            reading.rowCount += 1
        }
        return nil
    }

    @inline(__always) private mutating func number(_ base: UnsafePointer<UInt8>, _ range: Range<Int>) -> Int32 {
        let known = names.number(base + range.lowerBound, range.count)
        if known >= 0 { return known }
        let number = reading.content.player(text(base, range))
        names.insert(base + range.lowerBound, range.count, number: number)
        return number
    }

    /// A field without the spaces around it and a carriage return.
    @inline(__always) private func trimmed(_ base: UnsafePointer<UInt8>, _ role: BattleLayout.Role) -> Range<Int> {
        trimmed(base, fields[role.rawValue])
    }

    @inline(__always) private func trimmed(_ base: UnsafePointer<UInt8>, _ field: Range<Int>) -> Range<Int> {
        var (start, end) = (field.lowerBound, field.upperBound)
        while start < end, base[start] <= 0x20 { start += 1 }
        while start < end, base[end - 1] <= 0x20 { end -= 1 }
        return start..<end
    }

    private func text(_ base: UnsafePointer<UInt8>, _ range: Range<Int>) -> String {
        String(decoding: UnsafeBufferPointer(start: base + range.lowerBound, count: range.count), as: UTF8.self)
    }

    /// Puts the row into the sink; a sentence where it cannot.
    @inline(__always) private mutating func emit(_ base: UnsafePointer<UInt8>) -> String? {
        let (first, second) = (trimmed(base, .first), trimmed(base, .second))
        let winner = trimmed(base, .winner)
        if first.isEmpty || second.isEmpty || winner.isEmpty { return emitRanking(base) }
        guard first.count <= 4096, second.count <= 4096 else { return "a name longer than 4,096 bytes." }
        let word = outcome(base, winner, first, second)
        guard word >= 0 else {
            return "the winner \(text(base, winner).prefix(40)) is neither player nor a tie: write model_a, model_b or tie."
        }
        if word >= 4, options.skipsBothBad {
            reading.bothBadCount += 1
            return nil
        }
        let outcome: BattleOutcome = word & 3 == 0 ? .win : word & 3 == 1 ? .tie : .loss
        let (one, other) = (number(base, first), number(base, second))
        if one == other {
            reading.selfPlayCount += 1
            return nil
        }
        var weight = 1.0
        let weightField = trimmed(base, .weight)
        if !weightField.isEmpty {
            guard let value = Double(text(base, weightField)), value > 0, value.isFinite else {
                return "the weight \(text(base, weightField).prefix(40)) is no positive number."
            }
            weight = value
        }
        let roomField = trimmed(base, .room)
        let room = roomField.isEmpty ? nil : NameIndex.hash(base + roomField.lowerBound, roomField.count)
        var covariates: [Double] = []
        for index in layout.covariates.indices {
            let place = BattleLayout.roleCount + 2 * index
            let (a, b) = (trimmed(base, fields[place]), trimmed(base, fields[place + 1]))
            guard let value = Double(text(base, a)), let less = b.isEmpty ? 0 : Double(text(base, b)),
                (value - less).isFinite
            else { return "\(layout.covariates[index]) is no number here." }
            covariates.append(value - less)
        }
        reading.content.game(one, other, outcome, weight: weight, room: room, covariates: covariates)
        reading.rowCount += 1
        return nil
    }

    /// An outcome by the winner's name or in words, as a number of `words`; −1 where it says neither.
    @inline(__always) private mutating func outcome(
        _ base: UnsafePointer<UInt8>, _ winner: Range<Int>, _ first: Range<Int>, _ second: Range<Int>
    ) -> Int32 {
        let isFirst = isEqual(base, winner, first)
        if isFirst != isEqual(base, winner, second) { return isFirst ? 0 : 2 }
        let known = words.number(base + winner.lowerBound, winner.count)
        if known >= 0 { return known }
        let spelled = text(base, winner).lowercased()
        guard let outcome = BattleOutcome(word: spelled) else { return -1 }
        let number = Int32(outcome.rawValue) + (spelled.contains("bad") ? 4 : 0)
        words.insert(base + winner.lowerBound, winner.count, number: number)
        return number
    }

    @inline(__always) private func isEqual(_ base: UnsafePointer<UInt8>, _ one: Range<Int>, _ other: Range<Int>) -> Bool {
        one.count == other.count && memcmp(base + one.lowerBound, base + other.lowerBound, one.count) == 0
    }

    private mutating func emitRanking(_ base: UnsafePointer<UInt8>) -> String? {
        let (players, ranks) = (trimmed(base, .players), trimmed(base, .ranks))
        guard !players.isEmpty, !ranks.isEmpty else { return "a battle without players or without a winner." }
        let seats = parts(base, players)
        let places = parts(base, ranks).map { Int32(text(base, $0)) ?? -1 }
        guard seats.count == places.count, (2...256).contains(seats.count) else {
            return "\(seats.count) players with \(places.count) ranks: a room has 2 to 256, and as many ranks."
        }
        guard places.allSatisfy({ $0 >= 0 }) else { return "a rank is no whole number: 1 is the best, equal is a tie." }
        guard seats.allSatisfy({ $0.count <= 4096 }) else { return "a name longer than 4,096 bytes." }
        guard layout.covariates.isEmpty else { return "a room of \(seats.count) has no covariates." }
        let numbers = seats.map { number(base, $0) }
        guard Set(numbers).count == numbers.count else {
            reading.selfPlayCount += 1
            return nil
        }
        reading.content.addRoom(numbers, ranks: places)
        reading.rowCount += 1
        return nil
    }

    /// The parts of a list: between unit separators (of a JSON array), bars or semicolons, else between spaces.
    private func parts(_ base: UnsafePointer<UInt8>, _ range: Range<Int>) -> [Range<Int>] {
        let mark = [UInt8(0x1F), 0x7C, 0x3B].first { mark in range.contains { base[$0] == mark } } ?? UInt8(0x20)
        var parts: [Range<Int>] = []
        var start = range.lowerBound
        for place in range.lowerBound...range.upperBound where place == range.upperBound || base[place] == mark {
            let part = trimmed(base, start..<place)
            if !part.isEmpty { parts.append(part) }
            start = place + 1
        }
        return parts
    }
}
