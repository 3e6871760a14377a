import AgonCore
import AgonProof
import AgonStore
import AgonTransformer
import Foundation

/// An agent's chain as files that whoever has them can verify, with nothing else at hand.
///
/// - `bundle.json`: the run, the agent, the hashes of its versions, its updates.
/// - `links.jsonl`: a link in each line, with its seal and its items.
/// - `rollouts.jsonl`: the tokens and the text of every rollout that an item names.
/// - `rounds.jsonl`: the rounds' statements with their seals, and the hashes of all pairs of each round.
/// - `model/`, `adapter/`, `versions/vN/`: the weights, where they were asked for.
public struct ProofBundle: Sendable, Codable {
    /// A line of `links.jsonl`.
    struct Line: Codable {
        var link: ChainLink
        var seal: Seal
        /// The hashes of the manifest, and what each is of.
        var hashes: [String]
        var items: [LearnedItem]
    }

    /// A line of `rollouts.jsonl`. `own` has a 1 for each token that the policy chose, a 0 for the others.
    struct Tokens: Codable {
        var round: Int
        var address: RolloutAddress
        var tokens: [Int32]
        var own: String
        var text: String
    }

    /// A line of `rounds.jsonl`.
    struct Round: Codable {
        var statement: RoundStatement
        var seal: Seal
        var pairs: [String]
    }

    /// `bundle.json`.
    struct Head: Codable {
        var format = 1
        var run: RunRecord
        var agent: String
        var versions: [Int: String]
        var updates: [ChainUpdate]
        /// What the model's matrices are held as; nil where no weights are in the bundle.
        var weights: String?
        var hasAdapter = false
    }

    /// The folder.
    public var folder: String
    public var linkCount: Int
    public var itemCount: Int
    /// Of all files.
    public var byteCount: Int

    /// Writes the bundle of an agent's chain into a folder that is not there yet.
    ///
    /// - Parameter includesWeights: the model and every version as well, so that updates can be run again.
    /// - Throws: `configuration` where the folder exists or there is no chain; faults of the disk.
    public init(
        agent: String, database: String, run: String? = nil, arena: String? = nil, to folder: String, includesWeights: Bool
    ) throws {
        let chain = try StoredChain(agent: agent, database: database, run: run, arena: arena)
        guard !chain.links.isEmpty else {
            throw TournamentError(.configuration, "run \(chain.run.id) has no links of \(agent), so there is nothing to export.")
        }
        guard !FileManager.default.fileExists(atPath: folder) else {
            throw TournamentError(.configuration, "\(folder) exists already: name a folder that does not.")
        }
        self.folder = folder
        (linkCount, itemCount, byteCount) = (chain.links.count, chain.links.reduce(0) { $0 + $1.items.count }, 0)
        var head = Head(run: chain.run, agent: agent, versions: chain.versions, updates: chain.updates)
        let model = includesWeights ? try chain.model() : nil
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if let model {
            (head.weights, head.hasAdapter) = (model.format.rawValue, model.adapterPath != nil)
            try ProofBundle.copy(model.path, to: folder + "/model")
            if let adapter = model.adapterPath { try ProofBundle.copy(adapter, to: folder + "/adapter") }
            for version in chain.versions.keys.sorted() {
                guard let path = chain.weights(of: version) else { continue }
                try ProofBundle.copy(path, to: "\(folder)/versions/v\(version)")
            }
        }
        try ProofBundle.write([head], to: folder + "/bundle.json")
        var (links, rollouts, rounds) = ([Line](), [Tokens](), [Round]())
        for sealed in chain.statements {
            let number = sealed.statement.round
            let evidence = try chain.evidence(round: number)
            rounds.append(Round(statement: sealed.statement, seal: sealed.seal, pairs: evidence.pairs.map { Hexadecimal.text($0) }))
            guard let link = chain.links.first(where: { $0.link.round == number }) else { continue }
            links.append(
                Line(link: link.link, seal: link.seal, hashes: link.items.map { Hexadecimal.text($0.hash) }, items: evidence.items))
            rollouts += evidence.rollouts.sorted { ($0.key.room, $0.key.seat) < ($1.key.room, $1.key.seat) }.map { address, said in
                Tokens(
                    round: number, address: address, tokens: said.sequence?.tokens ?? [],
                    own: String((said.sequence?.own ?? []).map { $0 ? "1" : "0" }), text: said.text)
            }
        }
        try ProofBundle.write(links, to: folder + "/links.jsonl")
        try ProofBundle.write(rollouts, to: folder + "/rollouts.jsonl")
        try ProofBundle.write(rounds, to: folder + "/rounds.jsonl")
        byteCount = try ProofBundle.size(of: folder)
    }

    /// The result in a sentence.
    public var text: String {
        DisplayText.visible("\(folder): \(ReportNumber.count(linkCount)) links over \(ReportNumber.count(itemCount)) items, \(ReportNumber.count(byteCount / 1000)) kB. `agon verify --bundle \(folder)` checks it.")
    }

    /// One JSON object in each line.
    private static func write(_ lines: [some Encodable], to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var data = Data()
        for line in lines {
            data += try encoder.encode(line)
            data.append(UInt8(ascii: "\n"))
        }
        try data.write(to: URL(fileURLWithPath: path))
    }

    /// The files of a model's folder, not what else may lie in an agent's.
    private static func copy(_ source: String, to target: String) throws {
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: source).sorted() {
            let isModel = name.hasSuffix(".safetensors") || name.hasSuffix(".json") || name.hasSuffix(".jinja")
            if isModel { try FileManager.default.copyItem(atPath: "\(source)/\(name)", toPath: "\(target)/\(name)") }
        }
    }

    private static func size(of folder: String) throws -> Int {
        try FileManager.default.subpathsOfDirectory(atPath: folder).reduce(0) { sum, name in
            sum + (try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? Int ?? 0)
        }
    }
}
