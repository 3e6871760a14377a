import AgonAgents
public import AgonAudit
import AgonCore
import AgonTransformer
import Foundation

/// How far apart generation and check are where nobody cheats, measured on this machine, and the bound that follows.
///
/// Every kernel path of the processor generates; the path of this process checks. Prompts are random tokens, which no
/// completion stops before its limit, at batch sizes 1, 7 and 64 on one thread and on all.
public struct AuditCalibration: Sendable, Hashable, Codable {
    /// One model on one pair of kernel paths.
    public struct Row: Sendable, Hashable, Codable {
        public var agent: String
        /// SHA-256 of the weights that the agent starts from. The bound holds for what is trained from them.
        public var model: String
        public var generatedOn: String
        public var checkedOn: String
        /// |Δ log p| of honest tokens.
        public var honest: Deviations
        public var bound: AuditBound

        func isOfSame(as other: Row) -> Bool {
            model == other.model && generatedOn == other.generatedOn && checkedOn == other.checkedOn
        }
    }

    public var rows: [Row]
    /// Where they were written.
    public var file: String

    /// Measures agents and writes what came out.
    ///
    /// - Parameters:
    ///   - agents: their folders; those without a native model are left out.
    ///   - tokenCount: tokens for each agent and pair of paths.
    ///   - nats: the bound; nil for none on one path where bits agree, else 2e-4 or ten times the honest maximum where
    ///     that is more.
    /// - Throws: `configuration` for a bound that is not ten times above the honest maximum.
    public init(agents: [String], database: String, tokenCount: Int, nats: Double?, threads: Int) throws {
        rows = []
        for folder in agents {
            let agent = try AgentConfiguration(folder: folder)
            guard case .transformer(let path) = agent.kind else { continue }
            let subject = try Subject(agent, path: path, threads: threads)
            for generator in Kernels.allAvailable {
                let honest = try subject.deviations(generatedOn: generator, tokenCount: tokenCount)
                let isExact = generator.name == subject.checker.kernels.name && honest.maximum == 0 && honest.mismatchCount == 0
                let usual = isExact ? 0 : max(AuditBound.betweenPaths.nats, AuditBound.margin * honest.maximum)
                guard let bound = AuditBound(nats: nats ?? usual, above: honest) else {
                    throw TournamentError(
                        .configuration,
                        "a bound of \(nats ?? usual) would reject honest agents: \(agent.name) generated on \(generator.name) and checked on \(subject.checker.kernels.name) is off by up to \(honest.maximum), and a bound must be ten times that.")
                }
                rows.append(
                    Row(
                        agent: agent.name, model: subject.hash, generatedOn: generator.name, checkedOn: subject.checker.kernels.name,
                        honest: honest, bound: bound))
            }
        }
        guard !rows.isEmpty else {
            throw TournamentError(.configuration, "none of these agents has a native model: name one of kind `transformer`.")
        }
        let folder = database.parentFolder
        file = CalibrationFile.path(in: folder)
        try CalibrationFile(in: folder).write(rows, in: folder)
    }

    /// For people.
    public func text(width: Int) -> String {
        let table = TextTable(
            columns: [
                .init(title: "agent", isNumber: false, expendability: 0), .init(title: "generated on", isNumber: false, expendability: 0),
                .init(title: "checked on", isNumber: false, expendability: 0), .init(title: "tokens", isNumber: true, expendability: 2),
                .init(title: "median |Δ log p|", isNumber: true, expendability: 1), .init(title: "99.9%", isNumber: true, expendability: 1),
                .init(title: "max", isNumber: true, expendability: 0), .init(title: "other draws", isNumber: true, expendability: 1),
                .init(title: "bound", isNumber: true, expendability: 0),
            ],
            rows: rows.map { row in
                [row.agent, row.generatedOn, row.checkedOn, ReportNumber.count(row.honest.tokenCount)]
                    + [row.honest.median, row.honest.high, row.honest.maximum].map(ReportNumber.metric)
                    + [ReportNumber.count(row.honest.mismatchCount), row.bound.nats == 0 ? "0 (exact)" : ReportNumber.metric(row.bound.nats)]
            }, flexibleColumn: 0)
        return DisplayText.visible((table.lines(width: width) + ["", "Written to \(file)."]).joined(separator: "\n"), keepsLines: true)
    }
}

/// One agent's model on the paths of this processor.
private struct Subject {
    let checker: Transformer
    let hash: String
    private let sampling: SamplingOptions
    private let model: ModelFolder
    private let adapter: Adapter?
    private let threads: Int

    init(_ agent: AgentConfiguration, path: String, threads: Int) throws {
        model = try ModelFolder.load(path)
        let own = try Arena.adapter(of: agent, model)
        adapter = own?.0
        hash = try FileHash.weights(in: path) + (own.map { " " + $0.hash } ?? "")
        sampling = agent.sampling
        self.threads = threads
        checker = Subject.transformer(model, adapter, try Kernels.current, agent.weights)
    }

    private static func transformer(_ model: ModelFolder, _ adapter: Adapter?, _ kernels: Kernels, _ weights: WeightFormat) -> Transformer {
        let base = Transformer(model.parameters, kernels: kernels, weights: weights)
        return adapter.map(base.adapted) ?? base
    }

    func deviations(generatedOn kernels: Kernels, tokenCount: Int) throws -> Deviations {
        let generator = kernels.name == checker.kernels.name ? checker : Subject.transformer(model, adapter, kernels, checker.weights)
        let settings = [(1, 1), (7, 1), (64, 1), (7, threads), (64, threads)]
        var (values, mismatchCount, wave): ([Double], Int, Int) = ([], 0, 0)
        while values.count < tokenCount {
            let requests = (0..<64).map { request(Seed(run: 0).child(.round, wave).child(.sample, $0)) }
            let (batchSize, threads) = settings[wave % settings.count]
            let made = try generator.generate(requests, maxBatchSize: batchSize, threads: threads)
            let replays = try Transformer.replay(
                zip(requests, made).map { ReplayRequest($0, tokens: $1.tokens) }, policies: [checker], threads: self.threads)
            for (generation, replay) in zip(made, replays) {
                for index in replay.drawn.indices {
                    values.append(abs(Double(generation.logProbs[index]) - Double(replay.logProbs[index])))
                    mismatchCount += generation.tokens[index] == replay.drawn[index] ? 0 : 1
                }
            }
            wave += 1
        }
        return Deviations(values, mismatchCount: mismatchCount)
    }

    private func request(_ seed: Seed) -> GenerationRequest {
        var generator = SeededGenerator(seed)
        let (ids, places) = (model.tokenizer.idLimit, checker.config.maxPositionCount)
        let length = 1 + generator.index(below: max(1, min(places - 1, 96) / 2))
        return GenerationRequest(
            tokens: (0..<length).map { _ in Int32(generator.index(below: ids)) }, maxNewTokens: min(64, places - length),
            sampling: sampling, key: seed.value, allowedTokenCount: ids, stopTokens: [])
    }
}
