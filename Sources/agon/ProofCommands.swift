import AgonCore
import AgonStore
import AgonTournament
import ArgumentParser
import Foundation

/// Which run of an agent.
struct AgentRunOptions: ParsableArguments {
    @OptionGroup var database: DatabaseOption
    @Option(name: .customLong("run"), help: ArgumentHelp("A run's id; the newest run where it is left out.", valueName: "id"))
    var runID: String?
}

/// A round and a number within it, `3/17`.
struct RoundPlace: ExpressibleByArgument {
    let round: Int
    let index: Int

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let round = parts[0], let index = parts[1], round >= 1, index >= 0 else { return nil }
        (self.round, self.index) = (round, index)
    }
}

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Verify that an agent's versions came to be as its hash chain says.",
        discussion: """
            Checks every hash and signature of the chain against the stored rooms, pairs and weights, and runs updates \
            again, which must give the same bits: a few, drawn by --seed and the head of the chain, unless --all. What was \
            changed is named: link, field, what is there and what the records give. On another kernel path than the run's only hashes and \
            signatures are checked. Exit code 1 where something does not agree.

            Examples: agon verify ada --all
                      agon verify ada --export proof --weights
                      agon verify --bundle proof
            """)

    @Argument(help: "The agent, a learner.")
    var agent: String?
    @OptionGroup var place: AgentRunOptions
    @Option(help: ArgumentHelp("The arena's file where it is not in arenas/.", valueName: "file"))
    var arena: String?
    @Flag(help: "Run every update again.")
    var all = false
    @Option(parsing: .unconditional, help: ArgumentHelp("How many updates are run again.", valueName: "count"))
    var count = 8
    @Option(parsing: .unconditional, help: "What they are drawn by, beside the head of the chain. (default: drawn anew)", transform: seed(_:))
    var seed: UInt64?
    @Option(help: ArgumentHelp("What the agent's public key must begin with.", valueName: "hex"))
    var key = ""
    @Option(help: ArgumentHelp("Write the chain into a new folder, for others to verify.", valueName: "folder"))
    var export: String?
    @Flag(help: "With --export: the weights of all versions as well, so that updates can be run again.")
    var weights = false
    @Option(help: ArgumentHelp("Verify such a folder, with nothing else at hand.", valueName: "folder"))
    var bundle: String?
    @Option(help: ArgumentHelp("Prove that a pair is among those of its round: ROUND/NUMBER, the first is 0.", valueName: "place"))
    var pair: RoundPlace?
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (agent == nil) == (bundle != nil) else { throw ValidationError("Name an agent or a folder with --bundle, one of the two.") }
        guard bundle == nil || (export == nil && pair == nil) else { throw ValidationError("--export and --pair are for an agent, not for --bundle.") }
        guard (0...1_000_000).contains(count) else { throw ValidationError("--count is \(count), it must be 0 to 1000000.") }
        guard !weights || export != nil else { throw ValidationError("--weights is for --export.") }
    }

    func run() throws {
        if let agent, let export {
            let bundle = try ProofBundle(
                agent: agent, database: place.database.path, run: place.runID, arena: arena, to: export, includesWeights: weights)
            if output.json { return Terminal.raw(try JSONText.text(bundle)) }
            return Terminal.write(output.quiet ? bundle.folder : bundle.text)
        }
        if let agent, let pair {
            let proof = try PairProof.make(
                agent: agent, database: place.database.path, run: place.runID, round: pair.round, index: pair.index)
            if output.json { return Terminal.raw(try JSONText.text(proof)) }
            return Terminal.write(PairProof.text(proof))
        }
        let choice: Verification.Choice = all ? .all : .drawn(count: count, seed: seed ?? .random(in: 0 ... .max))
        let onReplay: (Int, Int) -> Void = { number, total in
            if Terminal.isInteractive, !output.quiet, !output.json { Terminal.raw("\rRunning update \(number) of \(total) again …\u{1B}[K", to: .standardError) }
        }
        let verification = try bundle.map { folder in
            try Verification(bundle: folder, choice: choice, key: key, threads: threads.count, onReplay: onReplay)
        } ?? Verification(
            agent: agent ?? "", database: place.database.path, run: place.runID, arena: arena, choice: choice, key: key,
            threads: threads.count, onReplay: onReplay)
        if Terminal.isInteractive, !verification.replayed.isEmpty { Terminal.raw("\r\u{1B}[K", to: .standardError) }
        if output.json { Terminal.raw(try JSONText.text(verification)) } else { Terminal.write(output.quiet ? verification.shortText : verification.text) }
        guard verification.isSound else { throw ExitCode(1) }
    }
}

struct LineageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lineage", abstract: "Say what made a version, or which versions depend on a room, a judge, a prompt or an agent.",
        discussion: """
            Through all ancestors, down to each answer; --json has every one of them with its room, seat, judge and prompt. \
            An agent counts where its answers were learned from, and where it sat in a room whose answers were.

            Examples: agon lineage ada@v3
                      agon lineage --judge sorter@v2
            """)

    @Argument(help: "The agent and the version, NAME@vN; without a version the one that plays on.")
    var version: String?
    @Option(help: ArgumentHelp("The versions that depend on a room: ROUND/ROOM.", valueName: "place"))
    var room: RoundPlace?
    @Option(help: ArgumentHelp("On a judge, or on one version of it, NAME@vN.", valueName: "judge"))
    var judge: String?
    @Option(help: ArgumentHelp("On a prompt.", valueName: "id"))
    var prompt: String?
    @Option(help: ArgumentHelp("On an agent.", valueName: "name"))
    var agent: String?
    @OptionGroup var place: AgentRunOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        let given = [version, judge, prompt, agent].count { $0 != nil } + (room == nil ? 0 : 1)
        guard given == 1 else { throw ValidationError("Name one thing: a version, or one of --room, --judge, --prompt and --agent.") }
    }

    func run() throws {
        if let version {
            let (name, number) = try VersionName.read(version)
            let lineage = try Lineage(agent: name, version: number, database: place.database.path, run: place.runID)
            if output.json { return Terminal.raw(try JSONText.text(lineage)) }
            return Terminal.write(lineage.text(width: Terminal.listingWidth))
        }
        let dependents = try Dependents(on: source(), database: place.database.path, run: place.runID)
        if output.json { return Terminal.raw(try JSONText.text(dependents)) }
        if !output.quiet { return Terminal.write(dependents.text) }
        for version in dependents.versions { Terminal.write(DisplayText.visible("\(version)")) }
    }

    private func source() throws -> LineageSource {
        if let room { return .room(round: room.round, room: room.index) }
        if let prompt { return .prompt(prompt) }
        if let agent { return .agent(agent) }
        let (name, version) = try VersionName.read(judge ?? "")
        return .judge(name, version: version)
    }
}

struct RevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Leave an agent's answers or a judge's verdicts out of a run's later updates.",
        discussion: """
            Names the versions that depend on them. Rooms are played and rated as before; from the next round on no update \
            learns from them. The run must not be going on.

            Example: agon revoke quickstart --agent rookie
            """)

    @Argument(help: "The arena: its file or its name.")
    var arena: String
    @Option(help: ArgumentHelp("The agent.", valueName: "name"))
    var agent: String?
    @Option(help: ArgumentHelp("The judge, alone or in a panel.", valueName: "name"))
    var judge: String?
    @OptionGroup var database: DatabaseOption
    @Option(name: .customLong("run-seed"), parsing: .unconditional, help: "The run's seed, where it is not the arena's own.", transform: seed(_:))
    var seed: UInt64?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (agent == nil) != (judge == nil) else { throw ValidationError("Name one --agent or one --judge.") }
    }

    func run() throws {
        let arena = try Arena(file: Catalog().path(of: arena, among: [.arena]))
        let revocation = try RunRevocation(
            agent == nil ? .judge : .agent, agent ?? judge ?? "", of: arena, database: database.path, seed: seed)
        if output.json { return Terminal.raw(try JSONText.text(revocation)) }
        if !output.quiet { Terminal.write(revocation.text) }
    }
}
