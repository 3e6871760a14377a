import AgonAudit
import AgonCore
import AgonTransformer
import Foundation

/// Forges rollouts in every way that needs a model, asks the audit's checks, and times them beside generation.
///
///     audit-bench CONTEXTS.json MODEL STALE OTHER COUNT LIMIT THREADS REPEATS
///
/// Contexts are arrays of token ids, asked in turn. Prints JSON.
@main
struct AuditBench {
    struct Row: Encodable {
        var attack: String
        var count = 0
        /// Those that are not what the honest agent says.
        var forged = 0
        /// Of the forged ones.
        var rejected = 0
        /// Of the others.
        var falselyRejected = 0
        var byCheck: [String: Int] = [:]
    }

    struct Speed: Encodable {
        var parameterCount: Int
        var tokenCount: Int
        var generateSeconds: [Double]
        var checkSeconds: [Double]
        /// The first answers, one after another, and how many tokens they have.
        var aloneTokenCount: Int
        var aloneSeconds: [Double]
    }

    struct Report: Encodable {
        var kernels: String
        var honestMaximum: Double
        var rows: [Row]
        var speed: Speed
    }

    let own, stale, other: Transformer
    let requests: [GenerationRequest]
    let threads: Int

    static func main() throws {
        let words = CommandLine.arguments
        guard words.count == 9, let count = Int(words[5]), let limit = Int(words[6]), let threads = Int(words[7]), let repeats = Int(words[8])
        else { throw TransformerError(.invalidRequest, "usage: audit-bench CONTEXTS.json MODEL STALE OTHER COUNT LIMIT THREADS REPEATS") }
        let contexts = try JSONDecoder().decode([[Int32]].self, from: Data(contentsOf: URL(fileURLWithPath: words[1])))
        let folder = try ModelFolder.load(words[2])
        let requests = (0..<count).map { index in
            GenerationRequest(
                tokens: contexts[index % contexts.count], maxNewTokens: limit, key: Seed(run: 1).child(.room, index).value,
                allowedTokenCount: folder.tokenizer.idLimit)
        }
        let models = try [words[2], words[3], words[4]].map { Transformer(try ModelFolder.loadParameters($0), kernels: try .current) }
        let bench = AuditBench(own: models[0], stale: models[1], other: models[2], requests: requests, threads: threads)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        print(String(decoding: try encoder.encode(bench.report(repeats: repeats)), as: UTF8.self))
    }

    private func report(repeats: Int) throws -> Report {
        let honest = try own.generate(requests, threads: threads)
        var rows: [Row] = []
        for (batchSize, threads) in [(1, 1), (7, 1), (64, 1), (200, 2)] {
            let made = try own.generate(requests, maxBatchSize: batchSize, threads: threads)
            rows.append(try row("honest, batch \(batchSize), threads \(threads)", made, honest))
        }
        for (name, forge) in try attacks(honest) { rows.append(try row(name, forge(), honest)) }
        let replays = try replayed(honest)
        let offset = zip(honest, replays).flatMap { zip($0.logProbs, $1.logProbs).map { abs(Double($0) - Double($1)) } }.max() ?? 0
        return Report(kernels: own.kernels.name, honestMaximum: offset, rows: rows, speed: try speed(honest, repeats))
    }

    private func replayed(_ made: [Generation]) throws -> [TokenReplay] {
        try Transformer.replay(zip(requests, made).map { ReplayRequest($0, tokens: $1.tokens) }, policies: [own], threads: threads)
    }

    private func row(_ name: String, _ made: [Generation], _ honest: [Generation]) throws -> Row {
        var row = Row(attack: name, count: made.count)
        for (index, replay) in try replayed(made).enumerated() {
            let (request, generation) = (requests[index], made[index])
            let answer = AuditedAnswer(
                start: request.tokens.count, count: generation.tokens.count, limit: request.limit(own.config),
                endTokens: request.endTokens(own.config))
            let rollout = AuditedRollout(tokens: request.tokens + generation.tokens, answers: [answer], logProbs: generation.logProbs)
            let complaints = [
                rollout.endingComplaint, rollout.drawComplaint(drawn: replay.drawn),
                rollout.logProbComplaint(replayed: replay.logProbs, bound: 0),
            ].compactMap { $0 }
            for complaint in complaints { row.byCheck[complaint.check.rawValue, default: 0] += 1 }
            let isForged = generation != honest[index]
            row.forged += isForged ? 1 : 0
            row.rejected += isForged && !complaints.isEmpty ? 1 : 0
            row.falselyRejected += !isForged && !complaints.isEmpty ? 1 : 0
        }
        return row
    }

    /// The tokens with the log-probabilities that the right model gives them.
    private func scored(_ tokens: [[Int32]], _ finish: (Int) -> Generation.Finish) throws -> [Generation] {
        let sequences = zip(requests, tokens).map { TokenSequence(prompt: $0.tokens, completion: $1) }
        return try zip(tokens, own.logProbs(of: sequences, threads: threads)).enumerated().map {
            Generation(tokens: $1.0, logProbs: $1.1, finish: finish($0))
        }
    }

    private func generated(_ model: Transformer, _ requests: [GenerationRequest]? = nil) throws -> [Generation] {
        try model.generate(requests ?? self.requests, threads: threads)
    }

    private func changed(_ change: (inout GenerationRequest) -> Void) -> [GenerationRequest] {
        requests.map { request in
            var request = request
            change(&request)
            return request
        }
    }

    private func attacks(_ honest: [Generation]) throws -> [(String, () throws -> [Generation])] {
        let narrow = try [WeightFormat.int8, .bfloat16].map { Transformer(own.parameters, kernels: try .current, weights: $0) }
        let end = own.config.eosTokens[0]
        return [
            ("other model", { try generated(other) }),
            ("int8 substitute", { try generated(narrow[0]) }),
            ("bf16 substitute", { try generated(narrow[1]) }),
            ("stale checkpoint, one update old", { try generated(stale) }),
            ("generated by another model, scored by the right one", {
                let made = try generated(other)
                return try scored(made.map(\.tokens)) { made[$0].finish }
            }),
            ("secret best of eight, by probability", {
                let all = try (0..<8).map { draw in try generated(own, changed { $0.key &+= UInt64(draw) }) }
                return requests.indices.map { index in
                    all.map { $0[index] }.max { $0.logProbs.reduce(0, +) < $1.logProbs.reduce(0, +) } ?? honest[index]
                }
            }),
            ("two prefilled tokens", {
                let start = try generated(own, changed { $0.sampling = .greedy; $0.maxNewTokens = 2 }).map(\.tokens)
                let rest = zip(requests, start).map { request, start in
                    var request = request
                    request.tokens += start
                    request.maxNewTokens -= start.count
                    return request
                }
                let made = try generated(own, rest)
                return try scored(zip(start, made).map { $0 + $1.tokens }) { made[$0].finish }
            }),
            ("truncation", {
                honest.map { Generation(tokens: Array($0.tokens.dropLast()), logProbs: Array($0.logProbs.dropLast()), finish: .length) }
            }),
            ("forced end after two tokens", { try scored(honest.map { Array($0.tokens.prefix(2)) + [end] }) { _ in .stop } }),
            ("replay of an own answer under another address", {
                let old = try generated(own, changed { $0.key &+= 1 })
                return try scored(old.map(\.tokens)) { old[$0].finish }
            }),
            ("copy of a peer's answer", {
                let theirs = try generated(stale, changed { $0.key &+= 2 })
                return try scored(theirs.map(\.tokens)) { theirs[$0].finish }
            }),
        ]
    }

    private func speed(_ honest: [Generation], _ repeats: Int) throws -> Speed {
        var (generate, check, alone): ([Double], [Double], [Double]) = ([], [], [])
        let first = Array(requests.prefix(8))
        for _ in 0..<repeats {
            alone.append(try seconds { _ = try own.generate(first, maxBatchSize: 1) })
            generate.append(try seconds { _ = try generated(own) })
            check.append(try seconds { _ = try replayed(honest) })
        }
        return Speed(
            parameterCount: own.parameters.layout.count, tokenCount: honest.reduce(0) { $0 + $1.tokens.count },
            generateSeconds: generate, checkSeconds: check, aloneTokenCount: honest.prefix(8).reduce(0) { $0 + $1.tokens.count },
            aloneSeconds: alone)
    }

    private func seconds(_ body: () throws -> Void) rethrows -> Double {
        let clock = ContinuousClock()
        let spent = try clock.measure(body)
        return Double(spent.components.seconds) + Double(spent.components.attoseconds) * 1e-18
    }
}
