import AgonAgents
import AgonTransformer

/// A file with preferences from anywhere, checked and written as this project's trainers and TRL's read it.
public struct PairImport: Sendable {
    /// What was found.
    public struct Summary: Sendable, Hashable, Codable {
        /// Records that were read.
        public var recordCount = 0
        /// Of these, pairs, and single answers with a label.
        public var pairCount = 0
        public var labelledCount = 0
        /// Answers with a label that found no counterpart to the same prompt.
        public var unpairedCount = 0
        /// Pairs whose two sides say the same; left out.
        public var identicalCount = 0
        /// Pairs that were there already; left out.
        public var duplicateCount = 0
        /// Pairs that another pair contradicts: the same answers to the same prompt, told the other way round.
        public var contradictionCount = 0
        /// Pairs that were written.
        public var writtenCount = 0
        /// Of these, pairs of conversations; the others are plain texts.
        public var conversationCount = 0
    }

    /// The file to read.
    public var path: String
    /// Whether pairs that contradict one another are left out, both of them.
    public var dropsContradictions: Bool

    public init(path: String, dropsContradictions: Bool = false) {
        self.path = path
        self.dropsContradictions = dropsContradictions
    }

    /// Reads the whole file and writes its pairs in their order; those that were made of single answers come last.
    ///
    /// The n-th good answer to a prompt is paired with its n-th bad one. Where contradictions are left out, the file is
    /// read twice. In memory are 32 bytes for each pair, and the single answers.
    ///
    /// - Parameter write: takes the next line, with its line break; nil only checks.
    /// - Throws: `AgentError`, naming file and line; what `write` throws.
    public func run(write: ((String) throws -> Void)?) throws -> Summary {
        var known: Set<PairDigest> = []
        if dropsContradictions { _ = try forEachPair { record, _ in known.insert(record.digests.own) } }
        var summary = Summary()
        var seen: Set<PairDigest> = []
        func take(_ record: PairRecord) throws {
            let digests = record.digests
            guard digests.own != digests.reversed else { return summary.identicalCount += 1 }
            guard seen.insert(digests.own).inserted else { return summary.duplicateCount += 1 }
            if dropsContradictions ? known.contains(digests.reversed) : seen.contains(digests.reversed) {
                summary.contradictionCount += 1
                if dropsContradictions { return }
            }
            summary.writtenCount += 1
            if record.prompt.isConversation { summary.conversationCount += 1 }
            try write?(record.line)
        }
        let answers = try forEachPair { record, isMade in
            if !isMade { summary.pairCount += 1 }
            try take(record)
        }
        (summary.labelledCount, summary.unpairedCount) = answers
        summary.recordCount = summary.pairCount + summary.labelledCount
        return summary
    }

    /// Every pair of the file, and those that are made of its single answers.
    /// - Returns: how many single answers there were, and how many of them found no counterpart.
    func forEachPair(
        _ body: (_ record: PairRecord, _ isMade: Bool) throws -> Void
    ) throws -> (labelled: Int, unpaired: Int) {
        var answers = LabelledAnswers()
        try PairFile.forEach(path) { _, entry in
            switch entry {
            case .pair(let record): try body(record, false)
            case .labelled(let record): answers.add(record)
            }
        }
        let pairs = answers.pairs()
        for pair in pairs { try body(pair, true) }
        return (answers.count, answers.count - 2 * pairs.count)
    }
}

/// Single answers by their prompts, in the order in which the prompts came.
private struct LabelledAnswers {
    private var prompts: [PairText] = []
    /// By what stands for the prompt: to Swift two spellings of `é` are one text.
    private var places: [PairDigest: Int] = [:]
    private var answers: [(good: [LabelledRecord], bad: [LabelledRecord])] = []
    private(set) var count = 0

    mutating func add(_ record: LabelledRecord) {
        count += 1
        let digest = PairDigest([record.prompt.json.json])
        let place = places[digest] ?? prompts.count
        if place == prompts.count {
            places[digest] = place
            prompts.append(record.prompt)
            answers.append(([], []))
        }
        if record.isDesirable { answers[place].good.append(record) } else { answers[place].bad.append(record) }
    }

    func pairs() -> [PairRecord] {
        zip(prompts, answers).flatMap { prompt, sides in
            zip(sides.good, sides.bad).map { good, bad in
                PairRecord(
                    prompt: prompt, chosen: good.completion, rejected: bad.completion,
                    columns: good.columns.filter(bad.columns.contains))
            }
        }
    }
}
