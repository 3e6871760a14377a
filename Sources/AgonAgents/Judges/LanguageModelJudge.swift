public import AgonConnections
public import AgonCore
public import AgonJudging

/// How a language model is asked to judge.
public struct LanguageModelOptions: Sendable, Hashable {
    /// What one question is about. The names are those of the configuration.
    public enum Style: String, Sendable, Codable, CaseIterable {
        /// Two answers at a time, in both orders.
        case pairwise
        /// One answer at a time, graded from 1 to 10.
        case pointwise
        /// All answers of a room at once, as often as there are answers, each time begun with another one.
        case listwise
    }

    public var style: Style
    public var prompts: JudgePrompts
    /// The most tokens of a reply.
    public var maxTokens: Int
    /// Whether a pair is decided by the probabilities of the letters A, B and T as first token, without a reason.
    public var usesLogprobs: Bool
    /// Whether the server draws its tokens, so that it needs a seed.
    public var needsSeed: Bool
    public var labels: PairLabels
    public var pairing: AnswerPairing

    public init(
        style: Style, prompts: JudgePrompts, maxTokens: Int = 512, usesLogprobs: Bool = false, needsSeed: Bool = false,
        labels: PairLabels = .hard, pairing: AnswerPairing = .all
    ) {
        self.style = style
        self.prompts = prompts
        self.maxTokens = maxTokens
        self.usesLogprobs = usesLogprobs
        self.needsSeed = needsSeed
        self.labels = labels
        self.pairing = pairing
    }

    func request(_ id: UInt64, schema: String, _ write: (JudgeReplyForm) -> JudgePrompt) -> ChatRequest {
        let seed = needsSeed ? Int(Seed(run: id).child(.judge, 0).value >> 33) : nil
        if usesLogprobs {
            return ChatRequest(messages: write(.letter).messages, maxTokens: 1, seed: seed, topLogprobs: 20)
        }
        return ChatRequest(
            messages: write(.json).messages, plainMessages: write(.line).messages, schema: ChatSchema(name: "verdict", json: schema),
            maxTokens: maxTokens, seed: seed)
    }
}

/// A language model that compares two answers in the order in which it is shown them.
public struct LanguageModelComparer: PairComparer {
    private let options: LanguageModelOptions
    private let answerer: any ChatAnswerer

    public init(_ options: LanguageModelOptions, answerer: any ChatAnswerer) {
        self.options = options
        self.answerer = answerer
    }

    public func compare(_ comparisons: [Comparison]) async throws -> [ComparisonReply] {
        let requests = comparisons.map { comparison in
            options.request(comparison.id, schema: JudgePrompts.pairwiseSchema) {
                options.prompts.pairwise(comparison, form: $0)
            }
        }
        return try await answerer.replies(to: requests).map { result in
            switch result {
            case .failure(let error): return ComparisonReply(.void, reason: JudgeReading.reason(error.message))
            case .success(let reply):
                var read = read(reply)
                read.usage = reply.usage
                return read
            }
        }
    }

    /// A server without probabilities still says a letter.
    private func read(_ reply: ChatReply) -> ComparisonReply {
        guard options.usesLogprobs else { return JudgeReading.pairwise(reply.text, form: reply.form) }
        return reply.firstToken.isEmpty
            ? JudgeReading.pairwise(reply.text, form: .letter)
            : JudgeReading.letter(reply.firstToken.map { ($0.token, $0.probability) })
    }
}

/// A language model behind an endpoint as the judge.
///
/// Whatever it writes that cannot be read is void, with the reason in the vote; so is a question that the server rejects
/// for its own sake, such as one that is too long. A server that is lost is thrown.
public struct LanguageModelJudge: Judge {
    public let id: JudgeID
    public let needsReference: Bool
    private let options: LanguageModelOptions
    private let answerer: any ChatAnswerer

    public init(id: JudgeID, needsReference: Bool = false, options: LanguageModelOptions, answerer: any ChatAnswerer) {
        self.id = id
        self.needsReference = needsReference
        self.options = options
        self.answerer = answerer
    }

    public func judge(_ tasks: [JudgingTask]) async throws -> [Judgement] {
        switch options.style {
        case .pairwise:
            let comparer = LanguageModelComparer(options, answerer: answerer)
            return try await BothOrdersJudge(
                id: id, needsReference: needsReference, labels: options.labels, pairing: options.pairing,
                comparer: comparer
            ).judge(tasks)
        case .pointwise: return try await grade(tasks)
        case .listwise: return try await rank(tasks)
        }
    }

    /// Each answer alone: the greater grade wins, equal grades tie.
    private func grade(_ tasks: [JudgingTask]) async throws -> [Judgement] {
        let requests = tasks.map { task in
            task.answers.map { answer in
                options.request(task.id, schema: JudgePrompts.pointwiseSchema) {
                    options.prompts.pointwise(task, answer: answer, form: $0)
                }
            }
        }
        return try await answers(to: requests).map { results in
            let grades = results.map { result -> (grade: Int?, reason: String) in
                switch result {
                case .failure(let error): (nil, JudgeReading.reason(error.message))
                case .success(let reply): JudgeReading.pointwise(reply.text, form: reply.form)
                }
            }
            var judgement = Judgement(scoring: grades.map { $0.grade.map(Double.init) })
            judgement.votes = judgement.verdicts.map { pair in
                let told = [grades[pair.first], grades[pair.second]].map { "\($0.grade.map(String.init) ?? "–"): \($0.reason)" }
                return Vote(
                    judge: id, first: pair.first, second: pair.second, verdict: pair.verdict, reason: told.joined(separator: "\n"))
            }
            judgement.usage = usage(results)
            return judgement
        }
    }

    /// All answers at once, in every rotation of one order, so that each answer stands once in each place. The mean rank
    /// decides; with one unreadable reply the whole room is void, since the places would no longer be even.
    private func rank(_ tasks: [JudgingTask]) async throws -> [Judgement] {
        let rotations = tasks.map { RankingRotations($0) }
        let requests = zip(tasks, rotations).map { task, rotations in
            rotations.orders.map { order in
                options.request(task.id, schema: JudgePrompts.listwiseSchema(count: order.count)) {
                    options.prompts.listwise(task, answers: order.map { task.answers[$0] }, form: $0)
                }
            }
        }
        let results = try await answers(to: requests)
        return zip(rotations, results).map { rotations, results in
            let read = zip(rotations.orders, results).map { order, result -> (order: [Int]?, reason: String) in
                switch result {
                case .failure(let error): (nil, JudgeReading.reason(error.message))
                case .success(let reply): JudgeReading.listwise(reply.text, count: order.count, form: reply.form)
                }
            }
            return rotations.judgement(read, by: id, labels: options.labels, usage: usage(results))
        }
    }

    /// The results in the shape of the requests.
    private func answers(to requests: [[ChatRequest]]) async throws -> [[Result<ChatReply, ConnectionError>]] {
        var results = try await answerer.replies(to: requests.flatMap { $0 })[...]
        return requests.map { part in
            defer { results = results.dropFirst(part.count) }
            return Array(results.prefix(part.count))
        }
    }

    private func usage(_ results: [Result<ChatReply, ConnectionError>]) -> JudgeUsage? {
        let replies = results.compactMap { try? $0.get() }
        return replies.isEmpty ? nil : replies.reduce(into: JudgeUsage()) { $0 += $1.usage }
    }
}

extension JudgePrompt {
    fileprivate var messages: [Message] { [Message(.system, system), Message(.user, user)] }
}

extension ChatReply {
    /// The form that was asked for.
    fileprivate var form: JudgeReplyForm { isStructured ? .json : .line }
}
