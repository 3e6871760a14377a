import AgonAgents
import AgonCore
import AgonProof
import AgonTransformer
import Foundation

/// An agent's chain in a bundle, which may come from anybody.
struct BundledChain: ChainSource {
    let run: RunRecord
    let agent: String
    let configuration: ArenaConfiguration
    let versions: [Int: String]
    let updates: [ChainUpdate]
    let links: [SealedLink]
    let statements: [SealedStatement]
    private let folder: String
    private let head: ProofBundle.Head
    private let items: [Int: [LearnedItem]]
    private let rollouts: [Int: [RolloutAddress: (sequence: TokenSequence?, text: String)]]
    private let pairs: [Int: [[UInt8]]]

    /// - Throws: `configuration`, naming the file and the line that cannot be read.
    init(_ folder: String) throws {
        self.folder = folder
        let heads = try BundledChain.lines(ProofBundle.Head.self, folder + "/bundle.json")
        guard let head = heads.first, head.format == 1 else {
            throw TournamentError(.configuration, "\(folder)/bundle.json is of no known format: `agon verify AGENT --export FOLDER` writes bundles.")
        }
        self.head = head
        (run, agent, versions, updates) = (head.run, head.agent, head.versions, head.updates)
        configuration = try ArenaConfiguration(text: run.configuration, file: folder + "/arenas/\(run.arena).yaml")
        let lines = try BundledChain.lines(ProofBundle.Line.self, folder + "/links.jsonl")
        links = try lines.map { line in
            guard line.hashes.count == line.items.count else {
                throw TournamentError(.configuration, "\(folder)/links.jsonl: link \(line.link.position) has \(line.hashes.count) hashes for \(line.items.count) items.")
            }
            let groups = line.items.compactMap { if case .rollout(_, _, _, let group) = $0 { group } else { nil } }
            guard groups.allSatisfy(line.items.indices.contains) else {
                throw TournamentError(.configuration, "\(folder)/links.jsonl: link \(line.link.position) has a group beyond the number of its items.")
            }
            return SealedLink(
                link: line.link, seal: line.seal,
                items: zip(line.hashes, line.items).map { SealedLink.Item(hash: Hexadecimal.bytes($0) ?? [], addresses: $1.addresses) })
        }
        items = Dictionary(lines.map { ($0.link.round, $0.items) }, uniquingKeysWith: { first, _ in first })
        rollouts = try BundledChain.rollouts(folder + "/rollouts.jsonl")
        let rounds = try BundledChain.lines(ProofBundle.Round.self, folder + "/rounds.jsonl")
        statements = rounds.map { SealedStatement(statement: $0.statement, seal: $0.seal) }
        pairs = Dictionary(
            rounds.map { ($0.statement.round, $0.pairs.map { Hexadecimal.bytes($0) ?? [] }) }, uniquingKeysWith: { first, _ in first })
    }

    func evidence(round: Int) throws -> ChainEvidence {
        let (items, said, pairs) = (items[round] ?? [], rollouts[round] ?? [:], pairs[round] ?? [])
        let hashes = try items.map { item in
            let rollouts = try item.addresses.map { address in
                guard let rollout = said[address] else {
                    throw TournamentError(.configuration, "\(folder)/rollouts.jsonl has no rollout of room \(address.room), seat \(address.seat) in round \(round), which an item names.")
                }
                return ContentHash.rollout(rollout.sequence, text: rollout.text, round: round, at: address)
            }
            return ContentHash.item(item, rollouts: rollouts)
        }
        // Rooms are not in the bundle: of the statement only what is about pairs can be made again.
        guard var statement = statements.first(where: { $0.statement.round == round })?.statement else {
            throw TournamentError(.configuration, "\(folder)/rounds.jsonl has no statement of round \(round), of which there is a link.")
        }
        (statement.pairCount, statement.pairsRoot) = (pairs.count, Hexadecimal.text(MerkleTree(pairs).root))
        return ChainEvidence(items: items, hashes: hashes, rollouts: said, statement: statement, pairs: pairs)
    }

    func weights(of version: Int) -> String? {
        let path = "\(folder)/versions/v\(version)"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    func owner(of link: SealedLink) throws -> String? { nil }

    func model() throws -> ReplayModel? {
        guard let weights = head.weights else { return nil }
        let adapter = head.hasAdapter ? folder + "/adapter" : nil
        let hash = try FileHash.weights(in: folder + "/model") + (adapter.map { " " + (try FileHash.weights(in: $0)) } ?? "")
        guard hash == versions[0] else {
            throw TournamentError(.inconsistent, "\(folder)/model is not what run \(run.id) began with: its hash is \(hash.prefix(16)), the bundle says \((versions[0] ?? "").prefix(16)).")
        }
        return try ReplayModel(
            model: folder + "/model", adapter: adapter, weights: WeightFormat(named: weights), configuration: configuration,
            agent: agent, seed: Seed(run: run.seed))
    }

    private static func rollouts(_ path: String) throws -> [Int: [RolloutAddress: (sequence: TokenSequence?, text: String)]] {
        var rollouts: [Int: [RolloutAddress: (sequence: TokenSequence?, text: String)]] = [:]
        for (index, line) in try lines(ProofBundle.Tokens.self, path).enumerated() {
            guard line.own.utf8.count == line.tokens.count else {
                throw TournamentError(.configuration, "\(path):\(index + 1): \(line.own.utf8.count) marks for \(line.tokens.count) tokens.")
            }
            let sequence = TokenSequence(tokens: line.tokens, own: line.own.utf8.map { $0 == UInt8(ascii: "1") })
            rollouts[line.round, default: [:]][line.address] = (line.tokens.isEmpty ? nil : sequence, line.text)
        }
        return rollouts
    }

    private static func lines<Line: Decodable>(_ type: Line.Type, _ path: String) throws -> [Line] {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw TournamentError(.configuration, "\(path) cannot be read: name the folder of a bundle.", underlying: error)
        }
        return try data.split(separator: UInt8(ascii: "\n")).enumerated().map { index, line in
            do {
                return try JSONDecoder().decode(Line.self, from: line)
            } catch {
                throw TournamentError(.configuration, "\(path):\(index + 1) is not as a bundle has it: export it again.", underlying: error)
            }
        }
    }
}
