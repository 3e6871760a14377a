import AgonCore
import AgonProof
import AgonTraining
import AgonTransformer
import Foundation

/// Whether an agent's versions came to be as its chain says: every hash and signature, and some updates run again.
public struct Verification: Sendable, Codable {
    /// Which updates are run again.
    public enum Choice: Sendable, Hashable {
        case all
        /// So many, drawn from a seed and the head of the chain, which whoever made the chain had to fix before.
        case drawn(count: Int, seed: UInt64)
    }

    public var run: String
    public var agent: String
    /// Kernel path that the run's bits belong to.
    public var kernels: String
    public var linkCount: Int
    /// Statements of rounds.
    public var roundCount: Int
    /// The hash of the last link; empty where there is none.
    public var head: String
    /// The public keys that signed the links and the rounds, in the order of their first use.
    public var agentKeys: [String]
    public var arenaKeys: [String]
    /// The positions of the links whose updates were run again.
    public var replayed: [Int]
    /// The seed that they were drawn by; nil where all were.
    public var seed: UInt64?
    /// What does not agree; empty where everything does.
    var findings: [ChainCheck.Finding]
    /// What could not be checked, and why, in sentences.
    public var notes: [String]

    /// Whether everything that was checked agrees.
    public var isSound: Bool { findings.isEmpty }

    /// Verifies an agent's chain in a database.
    ///
    /// - Parameters:
    ///   - run: a run's id; nil: the newest that the agent takes part in.
    ///   - arena: the arena's file where it is not in `arenas/`; agents' folders are found from there.
    ///   - key: what the agent's public keys must begin with; empty: any.
    ///   - onReplay: told of each update before it is run again, by its number and how many there are.
    /// - Throws: `TournamentError` where there is nothing to verify; `StoreError`; faults of the disk.
    public init(
        agent: String, database: String, run: String? = nil, arena: String? = nil, choice: Choice, key: String = "",
        threads: Int, onReplay: (Int, Int) -> Void = { _, _ in }
    ) throws {
        let chain = try StoredChain(agent: agent, database: database, run: run, arena: arena)
        guard !chain.statements.isEmpty else {
            throw TournamentError(
                .configuration,
                "run \(chain.run.id) has no proofs: \(chain.unprovenRoundCount == 0 ? "no round of it is closed yet." : "it was made before there were any.")")
        }
        try self.init(chain, choice, key: key, threads: threads, onReplay)
        if chain.unprovenRoundCount > 0 {
            notes.append("Rounds 1 to \(chain.unprovenRoundCount) were closed before there were proofs: their updates have no links.")
        }
    }

    /// Verifies a bundle with nothing else at hand.
    /// - Throws: `configuration` where the folder is no bundle.
    public init(
        bundle folder: String, choice: Choice, key: String = "", threads: Int, onReplay: (Int, Int) -> Void = { _, _ in }
    ) throws {
        try self.init(BundledChain(folder), choice, key: key, threads: threads, onReplay)
    }

    init(_ chain: some ChainSource, _ choice: Choice, key: String, threads: Int, _ onReplay: (Int, Int) -> Void) throws {
        (run, agent, kernels) = (chain.run.id, chain.agent, chain.run.kernels)
        (linkCount, roundCount) = (chain.links.count, chain.statements.count)
        head = chain.links.last?.seal.hash ?? ""
        agentKeys = Verification.distinct(chain.links.map(\.seal.key))
        arenaKeys = Verification.distinct(chain.statements.map(\.seal.key))
        (findings, notes, replayed) = (try ChainCheck(chain).findings, [], [])
        if let other = agentKeys.first(where: { !$0.hasPrefix(key) }) {
            findings.append(
                ChainCheck.Finding(
                    link: nil, round: 0, field: "key", expected: key, seen: other,
                    sentence: "The key \(other.prefix(16)) signed links, and it does not begin with \(key)."))
        }
        if case .drawn(_, let seed) = choice { self.seed = seed }
        try replay(chain, choice, threads: threads, onReplay)
    }

    private mutating func replay(
        _ chain: some ChainSource, _ choice: Choice, threads: Int, _ onReplay: (Int, Int) -> Void
    ) throws {
        let drawn = Verification.draw(choice, of: chain.links, head: head)
        guard !drawn.isEmpty else { return }
        let own = try Kernels.current.name
        guard own == kernels else {
            notes.append("No update was run again: the bits belong to the kernel path \(kernels), and this process computes on \(own). Hashes and signatures were checked. AGON_KERNELS=\(kernels) chooses the path where the machine has it.")
            return
        }
        guard chain.configuration.share == nil else {
            notes.append("No update was run again: the arena shares answers as texts, which each learner reads in tokens of its own. Hashes and signatures were checked.")
            return
        }
        if let ahead = chain.configuration.ahead, ahead.correction != .none {
            notes.append("No update was run again: `off_policy_correction` weighed its pairs by what their versions thought of them then. Hashes and signatures were checked.")
            return
        }
        guard let model = try chain.model() else {
            notes.append("No update was run again: the weights are not at hand. Hashes and signatures were checked.")
            return
        }
        for (number, sealed) in drawn.enumerated() {
            let link = sealed.link
            guard link.engine == EngineVersion.number else {
                notes.append("Link \(link.position) was not run again: it was computed by engine \(link.engine), this is engine \(EngineVersion.number).")
                continue
            }
            let folder = chain.weights(of: link.parentVersion)
            guard link.parentVersion == 0 || folder.map(FileManager.default.fileExists) == true else {
                notes.append("Link \(link.position) was not run again: the weights of \(agent)@v\(link.parentVersion) are not at hand.")
                continue
            }
            onReplay(number + 1, drawn.count)
            let evidence = try chain.evidence(round: link.round)
            let data = TrainingData(evidence.items, method: chain.configuration.training.method) { evidence.rollouts[$0]?.sequence }
            let child = try model.child(
                of: model.weights(in: folder), on: data, seed: chain.seed(ofRound: link.round), threads: threads)
            replayed.append(link.position)
            guard child != link.child else { continue }
            findings.append(
                ChainCheck.Finding(
                    link: link.position, round: link.round, field: "update", expected: child ?? "", seen: link.child ?? "",
                    sentence: "Link \(link.position) (round \(link.round)): run again, the update gives \(child?.prefix(16) ?? "no weights"), the link says \(link.child?.prefix(16) ?? "none"). Its pairs, settings, parent or child are not those that it was made with."))
        }
    }

    /// The links whose updates are run again, in the order of the chain.
    private static func draw(_ choice: Choice, of links: [SealedLink], head: String) -> [SealedLink] {
        guard case .drawn(let count, let seed) = choice else { return links }
        var generator = SeededGenerator(Seed(run: seed).child(.shuffle, named: head))
        return generator.shuffled(links).prefix(max(0, count)).sorted { $0.link.position < $1.link.position }
    }

    private static func distinct(_ keys: [String]) -> [String] {
        keys.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}

extension Verification {
    /// The result in sentences for people.
    public var text: String {
        var lines = ["\(agent) in run \(run): \(ReportNumber.count(linkCount)) links, \(ReportNumber.count(roundCount)) rounds, head \(head.prefix(16))."]
        lines.append("Signed by \(agentKeys.map { String($0.prefix(16)) }.joined(separator: ", ")); the arena by \(arenaKeys.map { String($0.prefix(16)) }.joined(separator: ", ")).")
        if !replayed.isEmpty {
            let share = seed == nil ? "" : " (drawn by seed \(seed ?? 0) and the head)"
            let found = replayed.count < linkCount
                ? " Were one in ten false, as many would meet one with \(ReportNumber.percent(1 - pow(0.9, Double(replayed.count))))." : ""
            lines.append("Ran \(replayed.count) of \(linkCount) updates again\(share): \(replayed.map(String.init).joined(separator: ", ")).\(found)")
        }
        lines += notes + findings.map(\.sentence)
        lines.append(isSound ? "Everything that was checked agrees." : findings.count == 1 ? "One thing does not agree." : "\(findings.count) things do not agree.")
        return DisplayText.visible(lines.joined(separator: "\n"), keepsLines: true)
    }

    /// One line.
    public var shortText: String { isSound ? "sound" : DisplayText.visible(findings.map(\.sentence).joined(separator: "\n"), keepsLines: true) }
}
