import AgonAgents
public import AgonCore
import AgonJudging
import AgonRatings
import AgonTransformer
import Synchronization

/// Ranks answers that were made elsewhere with the judge of a folder.
///
/// A line of the input is `{"prompt": …, "answers": […]}`, with a `reference` where the judge needs one, or a preference
/// record: then its two sides are the answers, and how often the judge agrees is counted.
public struct JudgeRun: Sendable {
    /// What was asked and said.
    public struct Summary: Sendable, Hashable, Codable {
        public var judge = ""
        public var taskCount = 0
        /// Pairs of answers that were compared.
        public var pairCount = 0
        public var tieCount = 0
        public var voidCount = 0
        /// Share of verdicts for the chosen side of preference records, a tie counting half and a void nothing, with its
        /// 95 % interval; nil where the input has none.
        public var agreement: PairStatistics.Share?
        public var usage = JudgeUsage()
        /// A sentence for each member that left a panel.
        public var lost: [String] = []
    }

    /// One line of the input.
    private struct Item {
        var task: JudgingTask
        var id: ChatValue?
        /// Whether the first answer is said to be the better one.
        var isPreference: Bool
    }

    public var judge: String
    public var input: String
    /// Tasks that are handed to the judge at a time; changes no verdict.
    static let batchSize = 64

    public init(judge: String, input: String) {
        self.judge = judge
        self.input = input
    }

    /// Judges the whole input and writes one line per task, in its order.
    ///
    /// - Parameters:
    ///   - threads: that the judge may use; they change no verdict.
    ///   - progress: told after each batch how many tasks are done.
    /// - Throws: `AgentError`, naming file and line; what the judge, `write` and `progress` throw.
    public func run(
        threads: Int, progress: (Int) throws -> Void = { _ in }, write: (String) throws -> Void
    ) async throws -> Summary {
        let lost = Mutex<[String]>([])
        let judge = try Judges.load(judge, threads: threads) { loss in lost.withLock { $0.append(loss.message) } }
        let items = try items(needsReference: judge.needsReference)
        var summary = Summary(judge: judge.id.name)
        var agreed = (points: 0.0, count: 0)
        for start in stride(from: 0, to: items.count, by: JudgeRun.batchSize) {
            let batch = items[start..<min(start + JudgeRun.batchSize, items.count)]
            let judgements = try await judge.judge(batch.map(\.task))
            guard judgements.count == batch.count else {
                throw JudgingError(.countMismatch, "Judge \(judge.id) was given \(batch.count) tasks and returned \(judgements.count) judgements.")
            }
            for (item, judgement) in zip(batch, judgements) {
                summary.add(judgement)
                if item.isPreference, let score = judgement.verdicts.first?.verdict.score {
                    agreed = (agreed.points + score, agreed.count + 1)
                }
                try write(JudgeRun.line(item.task, id: item.id, judgement))
            }
            try progress(start + batch.count)
        }
        summary.agreement = Interval.wilson(successes: agreed.points, count: agreed.count).map {
            PairStatistics.Share(value: $0.value, low: $0.low, high: $0.high, count: $0.count)
        }
        summary.lost = lost.withLock { $0 }
        return summary
    }

    /// All lines, so that a broken one is found before anybody is asked.
    private func items(needsReference: Bool) throws -> [Item] {
        var items: [Item] = []
        try PairFile.forEachObject(input) { number, value in
            let place = "\(input):\(number)"
            var item = try JudgeRun.item(value, place: place)
            // A task's id is opaque to the judge, and the same for the same line.
            item.task.id = Seed(run: 0x6A72_756E).child(.judge, number).value
            if !needsReference {
                item.task.reference = nil
            } else if item.task.reference == nil {
                throw AgentError(.badValue, "\(place): this judge compares with gold: add a `reference`.")
            }
            items.append(item)
        }
        guard !items.isEmpty else { throw AgentError(.badValue, "\(input) is empty: write one object a line, such as {\"prompt\": \"…\", \"answers\": [\"…\", \"…\"]}.") }
        return items
    }

    private static func item(_ value: ChatValue, place: String) throws(AgentError) -> Item {
        let reference: String? = if case .string(let text)? = value["reference"] { text } else { nil }
        guard let given = value["answers"] else {
            guard case .pair(let record) = try PairEntry(value, place: place) else {
                throw AgentError(.badValue, "\(place): one answer cannot be compared: give `answers` or `chosen` and `rejected`.")
            }
            let task = JudgingTask(
                id: 0, prompt: record.prompt.plain, reference: reference, answers: [record.chosen.plain, record.rejected.plain])
            return Item(task: task, id: value["id"], isPreference: true)
        }
        guard case .array(let list) = given, case .string(let prompt)? = value["prompt"] else {
            throw AgentError(.badValue, "\(place): `prompt` must be a text and `answers` a list of texts.")
        }
        let answers = list.compactMap { if case .string(let text) = $0 { text } else { nil } }
        guard answers.count == list.count, answers.count >= 2 else {
            throw AgentError(.badValue, "\(place): `answers` must be a list of two texts or more.")
        }
        return Item(
            task: JudgingTask(id: 0, prompt: prompt, reference: reference, answers: answers), id: value["id"],
            isPreference: false)
    }

    /// Ranks (1 is best, null where nothing valid was said), scores where the judge scores, and verdicts.
    private static func line(_ task: JudgingTask, id: ChatValue?, _ judgement: Judgement) -> String {
        var members: [ChatValue.Member] = id.map { [.init("id", $0)] } ?? []
        let ranking = Ranking(verdicts: judgement.verdicts, seatCount: task.answers.count)
        members.append(.init("ranks", .array(ranking.ranks.map { $0.map { .integer($0) } ?? .null })))
        if let scores = judgement.scores { members.append(.init("scores", .array(scores.map { .number($0) }))) }
        members.append(
            .init(
                "verdicts",
                .array(
                    judgement.verdicts.map { pair in
                        var fields: [ChatValue.Member] = [
                            .init("first", .integer(pair.first)), .init("second", .integer(pair.second)),
                            .init("verdict", .string(pair.verdict.rawValue)),
                        ]
                        if let preference = pair.preference { fields.append(.init("preference", .number(preference))) }
                        return .object(fields)
                    })))
        let reasons = judgement.votes.filter { !$0.reason.isEmpty }
        if !reasons.isEmpty { members.append(.init("reasons", .array(reasons.map { .string($0.reason) }))) }
        return JSONText.escaped(ChatValue.object(members).json) + "\n"
    }
}

extension JudgeRun.Summary {
    fileprivate mutating func add(_ judgement: Judgement) {
        taskCount += 1
        pairCount += judgement.verdicts.count
        tieCount += judgement.verdicts.count { $0.verdict == .tie }
        voidCount += judgement.verdicts.count { $0.verdict == .void }
        if let usage = judgement.usage { self.usage += usage }
    }

    /// The counts in sentences.
    public var text: String {
        let agreed = agreement.map {
            " It agrees with \(ReportNumber.percent($0.value)) of the preferences "
                + "[\(ReportNumber.fixed($0.low * 100, decimals: 1)), \(ReportNumber.fixed($0.high * 100, decimals: 1))]."
        } ?? ""
        return "\(DisplayText.visible(judge)) judged \(ReportNumber.count(taskCount)) prompts with \(ReportNumber.count(pairCount)) pairs of answers: "
            + "\(ReportNumber.count(tieCount)) ties, \(ReportNumber.count(voidCount)) void.\(agreed)"
            + lost.map { " " + DisplayText.visible($0) }.joined()
    }
}
