public import Foundation

/// Reads battle logs made elsewhere, as bytes: CSV, JSON Lines and PGN.
///
/// - CSV with a header in any order (`model_a, model_b, winner`, and many synonyms), or three columns without one; the
///   separator is a comma, semicolon or tab. `players, ranks` columns hold whole rooms, `a b c` beside `1 2 2`.
/// - JSON Lines with the same keys; players and ranks as arrays.
/// - PGN: the tags White, Black and Result.
///
/// A winner may be `model_a`, `a`, `first`, `1-0`, `1`, the first player's name, and so on; `tie (bothbad)` is a tie unless
/// it is asked to be left out. Rows of one room, prompt or question depend on one another and are kept together.
///
/// A log without quotation marks is read by all cores at once; the result is the same.
public struct BattleReader: Sendable {
    /// What a log is written in.
    public enum Format: String, Sendable, Hashable, Codable, CaseIterable {
        case csv, jsonl, pgn
    }

    /// How a log is read.
    public struct Options: Sendable, Hashable {
        /// nil finds out.
        public var format: Format?
        /// Leaves out rows in which both were bad, instead of taking them for ties.
        public var skipsBothBad: Bool
        /// Columns to read as covariates: `name`, or `name_a` less `name_b`.
        public var covariates: [String]
        /// Whether rows of one room, prompt or question are taken to depend on one another.
        public var clustersByRoom: Bool

        public init(
            format: Format? = nil, skipsBothBad: Bool = false, covariates: [String] = [], clustersByRoom: Bool = true
        ) {
            self.format = format
            self.skipsBothBad = skipsBothBad
            self.covariates = covariates
            self.clustersByRoom = clustersByRoom
        }
    }

    /// What was read, and what was left out.
    public struct Reading<Content: Sendable>: Sendable {
        public var content: Content
        /// Games or rooms that were counted.
        public var rowCount = 0
        /// Rows in which a player met itself.
        public var selfPlayCount = 0
        /// Games without a result.
        public var unfinishedCount = 0
        /// Rows left out because both were bad.
        public var bothBadCount = 0
    }

    public let options: Options
    /// Smaller pieces than this are not worth a task.
    var leastPiece = 1 << 20

    public init(options: Options = Options()) { self.options = options }

    /// Counts the battles of a log.
    ///
    /// - Parameter data: the file's bytes; a memory map is read once from front to back.
    /// - Throws: `invalidLog`, naming the line.
    public func table(_ data: Data) async throws(RatingError) -> Reading<BattleTable> {
        let reading = try await read(data, BattleTable.Builder())
        return Reading(
            content: reading.content.table(), rowCount: reading.rowCount, selfPlayCount: reading.selfPlayCount,
            unfinishedCount: reading.unfinishedCount, bothBadCount: reading.bothBadCount)
    }

    /// Reads a log in its order, rooms whole. Weights and rooms of several rows are not kept: they belong to the table.
    ///
    /// - Throws: `invalidLog`, naming the line.
    public func log(_ data: Data) async throws(RatingError) -> Reading<BattleLog> {
        try await read(data, BattleLog(covariateNames: options.covariates))
    }

    /// The format that the first bytes look like.
    public static func format(of data: Data) -> Format {
        var start = data.startIndex
        if data.starts(with: [0xEF, 0xBB, 0xBF]) { start += 3 }
        while start < data.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(data[start]) { start += 1 }
        guard start < data.endIndex else { return .csv }
        if data[start] == UInt8(ascii: "{") { return .jsonl }
        if data[start] == UInt8(ascii: "["), start + 1 < data.endIndex, (0x41...0x5A).contains(data[start + 1]) { return .pgn }
        return .csv
    }

    private func read<Sink: BattleSink>(_ data: Data, _ empty: Sink) async throws(RatingError) -> Reading<Sink> {
        let format = options.format ?? BattleReader.format(of: data)
        let start = data.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let opening = try layout(data, format, from: start)
        let cuts = format == .pgn ? [opening.start, data.count] : cuts(data, from: opening.start)
        let options = options
        let parts = await withTaskGroup(of: (Int, Result<Reading<Sink>, RatingError>).self) { group in
            for index in 0..<(cuts.count - 1) {
                group.addTask {
                    var rows = BattleRows(sink: empty, layout: opening.layout, options: options)
                    do throws(RatingError) {
                        try rows.read(data, cuts[index]..<cuts[index + 1], format)
                    } catch {
                        return (index, .failure(error))
                    }
                    return (index, .success(rows.reading))
                }
            }
            var parts = [Result<Reading<Sink>, RatingError>?](repeating: nil, count: cuts.count - 1)
            for await (index, part) in group { parts[index] = part }
            return parts
        }
        var whole: Reading<Sink>?
        // The first error in the order of lines.
        for part in parts {
            guard let part = try part?.get() else { continue }
            if whole == nil { whole = part } else { whole?.append(part) }
        }
        return whole ?? Reading(content: empty)
    }

    /// Where tasks begin and end: at line ends, and nowhere where a quoted field might span lines.
    private func cuts(_ data: Data, from start: Int) -> [Int] {
        let piece = max(leastPiece, (data.count - start) / ProcessInfo.processInfo.activeProcessorCount + 1)
        guard data.count - start > piece else { return [start, data.count] }
        return data.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, memchr(base, 0x22, bytes.count) == nil || base.load(as: UInt8.self) == 0x7B
            else { return [start, data.count] }
            var cuts = [start]
            while data.count - cuts[cuts.count - 1] > piece {
                let from = cuts[cuts.count - 1] + piece
                guard let end = memchr(base + from, 0x0A, data.count - from) else { break }
                cuts.append(base.distance(to: UnsafeRawPointer(end)) + 1)
            }
            return cuts + [data.count]
        }
    }

    private func layout(
        _ data: Data, _ format: Format, from start: Int
    ) throws(RatingError) -> (layout: BattleLayout, start: Int) {
        switch format {
        case .pgn: return (BattleLayout(covariates: []), start)
        case .jsonl:
            var layout = BattleLayout(covariates: options.covariates)
            let keys = JSONRow.keys(data, from: start)
            if !keys.isEmpty { try layout.assign(keys, clustersByRoom: options.clustersByRoom) }
            return (layout, start)
        case .csv: return try BattleLayout.csv(data, from: start, options)
        }
    }

    /// An error at a place in the file.
    static func error(_ data: Data, at place: Int, _ message: String) -> RatingError {
        let line = 1 + data.prefix(place).reduce(0) { $0 + ($1 == 0x0A ? 1 : 0) }
        return RatingError(.invalidLog, "Line \(line): \(message)")
    }
}

extension BattleReader.Reading where Content: BattleSink {
    mutating func append(_ later: BattleReader.Reading<Content>) {
        content.append(later.content)
        rowCount += later.rowCount
        selfPlayCount += later.selfPlayCount
        unfinishedCount += later.unfinishedCount
        bothBadCount += later.bothBadCount
    }
}

/// What rows are put into.
protocol BattleSink: Sendable {
    /// The number of a player, a new one where the name is new.
    mutating func player(_ name: String) -> Int32
    /// Takes a game of two.
    ///
    /// - Parameter room: the same number for games that depend on one another; nil for one that depends on none.
    mutating func game(
        _ first: Int32, _ second: Int32, _ outcome: BattleOutcome, weight: Double, room: UInt64?, covariates: [Double])
    /// Takes a whole room; lower ranks are better, equal ones tie.
    mutating func addRoom(_ players: [Int32], ranks: [Int32])
    /// Adds what came later.
    mutating func append(_ later: Self)
}

extension BattleTable.Builder: BattleSink {
    @inline(__always) mutating func game(
        _ first: Int32, _ second: Int32, _ outcome: BattleOutcome, weight: Double, room: UInt64?, covariates: [Double]
    ) {
        if room == nil, weight == 1 {
            add(first: first, second: second, outcome: outcome)
        } else if let room {
            add(first: first, second: second, outcome: outcome, weight: weight, room: room)
        } else {
            addAlone(first: first, second: second, outcome: outcome, weight: weight)
        }
    }

    mutating func addRoom(_ players: [Int32], ranks: [Int32]) { addRoom(players[...], ranks: ranks[...]) }

    mutating func append(_ later: BattleTable.Builder) { add(later) }
}

extension BattleLog: BattleSink {
    mutating func game(
        _ first: Int32, _ second: Int32, _ outcome: BattleOutcome, weight: Double, room: UInt64?, covariates: [Double]
    ) { add(first: first, second: second, outcome: outcome, covariates: covariates) }

    mutating func append(_ later: BattleLog) { add(later) }
}
