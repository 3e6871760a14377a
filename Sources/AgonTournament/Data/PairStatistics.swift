import AgonRatings
public import AgonStore
public import AgonTransformer
import Foundation

/// What a set of preference pairs looks like before anybody trains on it.
public struct PairStatistics: Sendable, Codable {
    /// Least, greatest, mean and quartiles of some numbers.
    public struct Distribution: Sendable, Hashable, Codable {
        public var count: Int
        public var mean: Double
        public var min: Double
        public var quarter: Double
        public var median: Double
        public var threeQuarters: Double
        public var max: Double

        /// Nil where there are no numbers. Quartiles are the values at the nearest rank.
        init?(_ values: [Double]) {
            let sorted = values.sorted()
            guard let first = sorted.first, let last = sorted.last else { return nil }
            func rank(_ share: Double) -> Double { sorted[Swift.min(sorted.count - 1, Int(share * Double(sorted.count)))] }
            (count, mean, min, max) = (sorted.count, sorted.reduce(0, +) / Double(sorted.count), first, last)
            (quarter, median, threeQuarters) = (rank(0.25), rank(0.5), rank(0.75))
        }
    }

    /// A share with its 95 % interval and the count behind it.
    public struct Share: Sendable, Hashable, Codable {
        public var value: Double
        public var low: Double
        public var high: Double
        public var count: Int
    }

    public var pairCount = 0
    /// Distinct prompts.
    public var promptCount = 0
    /// Pairs that are there a second time.
    public var duplicateCount = 0
    /// Pairs that another one contradicts.
    public var contradictionCount = 0
    /// Pairs whose sides say the same.
    public var identicalCount = 0
    /// Pairs of conversations.
    public var conversationCount = 0
    /// Pairs by arena and by judge; empty where a file does not say.
    public var arenas: [String: Int] = [:]
    public var judges: [String: Int] = [:]
    /// Sides by agent: how often its answers were chosen and rejected.
    public var chosenAgents: [String: Int] = [:]
    public var rejectedAgents: [String: Int] = [:]
    /// `characters` (Unicode scalars), or with a tokenizer `tokens`.
    public var lengthUnit = "characters"
    public var promptLength: Distribution?
    public var chosenLength: Distribution?
    public var rejectedLength: Distribution?
    /// How often the chosen side is the longer one; pairs of equal length count half.
    public var chosenLonger: Share?
    /// How probable it is that the chosen side is better.
    public var preference: Distribution?
    /// By how much the judge scored the chosen side higher.
    public var margin: Distribution?
}

extension PairStatistics {
    /// Measures pairs one by one.
    struct Counter {
        private var statistics = PairStatistics()
        private let tokenizer: Tokenizer?
        private var prompts: Set<PairDigest> = []
        private var seen: Set<PairDigest> = []
        private var lengths: (prompt: [Double], chosen: [Double], rejected: [Double]) = ([], [], [])
        private var preferences: [Double] = []
        private var margins: [Double] = []
        private var longer = 0.0

        init(tokenizer: Tokenizer?) {
            self.tokenizer = tokenizer
            if tokenizer != nil { statistics.lengthUnit = "tokens" }
        }

        /// - Throws: `TransformerError` where the tokenizer cannot spell a text.
        mutating func add(_ record: PairRecord) throws {
            statistics.pairCount += 1
            let digests = record.digests
            prompts.insert(PairDigest([record.prompt.json.json]))
            if digests.own == digests.reversed {
                statistics.identicalCount += 1
            } else if !seen.insert(digests.own).inserted {
                statistics.duplicateCount += 1
            } else if seen.contains(digests.reversed) {
                statistics.contradictionCount += 1
            }
            if record.prompt.isConversation { statistics.conversationCount += 1 }
            count(record, "arena", \.arenas)
            count(record, "judge", \.judges)
            count(record, "chosen_agent", \.chosenAgents)
            count(record, "rejected_agent", \.rejectedAgents)
            let sides = try [record.prompt, record.chosen, record.rejected].map(length)
            lengths.prompt.append(sides[0])
            lengths.chosen.append(sides[1])
            lengths.rejected.append(sides[2])
            longer += sides[1] > sides[2] ? 1 : sides[1] == sides[2] ? 0.5 : 0
            preferences.append(record.preference)
            switch record.column("score_margin") {
            case .number(let margin)?: margins.append(margin)
            case .integer(let margin)?: margins.append(Double(margin))
            default: if record.margin != 0 { margins.append(record.margin) }
            }
        }

        private mutating func count(_ record: PairRecord, _ column: String, _ path: WritableKeyPath<PairStatistics, [String: Int]>) {
            guard case .string(let name)? = record.column(column) else { return }
            statistics[keyPath: path][name, default: 0] += 1
        }

        private func length(_ text: PairText) throws -> Double {
            guard let tokenizer else { return Double(text.plain.unicodeScalars.count) }
            return Double(try tokenizer.encode(text.plain, addSpecialTokens: false, parseSpecial: false).count)
        }

        func finish() -> PairStatistics {
            var result = statistics
            result.promptCount = prompts.count
            result.promptLength = Distribution(lengths.prompt)
            result.chosenLength = Distribution(lengths.chosen)
            result.rejectedLength = Distribution(lengths.rejected)
            result.chosenLonger = Interval.wilson(successes: longer, count: result.pairCount).map {
                Share(value: $0.value, low: $0.low, high: $0.high, count: $0.count)
            }
            result.preference = Distribution(preferences)
            result.margin = Distribution(margins)
            return result
        }
    }

    /// Of a database's pairs.
    ///
    /// - Parameter tokenizer: counts tokens in place of characters.
    /// - Throws: `StoreError`; `TransformerError` where the tokenizer cannot spell a text.
    public init(_ store: ArenaStore, _ filter: PairFilter, tokenizer: Tokenizer?) throws {
        var counter = Counter(tokenizer: tokenizer)
        try store.forEachPair(filter) { pair in
            try counter.add(
                PairRecord(
                    prompt: .text(pair.prompt), chosen: .text(pair.chosen.text), rejected: .text(pair.rejected.text),
                    preference: pair.label, columns: PairExport.columns(of: pair)))
        }
        self = counter.finish()
    }

    /// Of a file's pairs; single answers with a label are paired as `PairImport` does.
    /// - Throws: `AgentError`, naming file and line; `TransformerError` where the tokenizer cannot spell a text.
    public init(file: String, tokenizer: Tokenizer?) throws {
        var counter = Counter(tokenizer: tokenizer)
        _ = try PairImport(path: file).forEachPair { record, _ in try counter.add(record) }
        self = counter.finish()
    }
}
