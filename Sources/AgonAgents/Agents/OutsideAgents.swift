import AgonConnections
public import AgonCore
public import AgonGames
public import Foundation

/// An agent's folder with `kind: process`: which program answers, and what it may use.
public struct ProcessConfiguration: Sendable, Hashable {
    private let settings: ProcessPolicy.Settings
    private let variables: [String]
    private let folderPlace: String
    private let commandPlace: String
    private let environmentPlace: String
    private let folder: String

    /// - Parameter folder: the agent's folder.
    /// - Throws: `AgentError`, one sentence naming file and line.
    init(_ reader: ConfigurationReader, folder agent: String) throws {
        let command = try ProgramJudgeReading(reader: reader, folder: agent).command()
        guard !command.isEmpty else { throw reader.error("command", "name the program, such as [python3, agent.py].") }
        folder = RelativePath.absolute(RelativePath.resolved(try reader.text("folder"), in: agent))
        variables = try reader.list("environment")
        (commandPlace, folderPlace) = (reader.place("command"), reader.place("folder"))
        environmentPlace = reader.place("environment")
        func limit(_ name: String) throws -> Int? { reader.has(name) ? try reader.integer(name) : nil }
        let limits = ProgramLimits(
            cpuSeconds: nil, memoryMiB: try limit("memory_mib"), processes: try limit("processes"), files: nil)
        settings = ProcessPolicy.Settings(
            Program(command, confinement: .tethered(folder: folder), limits: limits),
            limits: AgentProgramLimits(
                startSeconds: try reader.number("start_seconds"), seconds: try reader.number("seconds"),
                lineBytes: try reader.integer("output_kib") << 10),
            isPerRoom: try reader.boolean("per_room"), copies: try reader.integer("copies"),
            roomSeconds: reader.has("room_seconds") ? try reader.number("room_seconds") : nil)
    }

    /// What is run, in words.
    public var command: String { settings.program.command.joined(separator: " ") }

    /// What is run and how, in words.
    public var sentence: String {
        let process = settings.isPerRoom ? "a process for each room, \(settings.copies) at a time" : "\(settings.copies == 1 ? "one process" : "\(settings.copies) processes") for all rooms"
        return "`\(command)`, \(process)"
    }

    /// What of it decides an answer beside its files.
    var decidingText: String { "process \(settings.program.command) \(settings.isPerRoom) \(variables)" }

    /// The files that its command names, which decide what it answers as far as can be told.
    public var files: [String] {
        settings.program.command.enumerated().filter { $0.offset > 0 || $0.element.contains("/") }
            .map { RelativePath.resolved($0.element, in: folder) }.filter { PathKind($0) == .file }
    }

    /// The policy, whose program is started with its first question.
    /// - Throws: `AgentError` naming file and line where this machine lacks the program, its folder or a variable.
    func policy(
        _ id: PolicyID, game: AgentGame?, errorFile: String?, loss: String?, onLoss: @escaping @Sendable (String) -> Void
    ) throws -> ProcessPolicy {
        guard PathKind(folder) == .folder else { throw AgentError(.badValue, "\(folderPlace): there is no folder \(folder).") }
        let given = Program.inherited(variables)
        if let missing = variables.first(where: { given[$0] == nil }) {
            throw AgentError(.badValue, "\(environmentPlace): the variable \(missing) is not set.")
        }
        var settings = settings
        settings.program.environment.merge(given) { $1 }
        try ProgramSealing.check(settings.program, at: commandPlace)
        return ProcessPolicy(id: id, settings: settings, game: game, errorFile: errorFile, loss: loss, onLoss: onLoss)
    }
}

/// An agent's folder with `kind: endpoint`: which server answers.
public struct EndpointConfiguration: Sendable, Hashable {
    private let settings: ChatSettings
    private let maxTokens: Int
    private let places: EndpointPlaces

    /// - Parameter folder: the agent's folder.
    /// - Throws: `AgentError`, one sentence naming file and line.
    init(_ reader: ConfigurationReader, folder: String) throws {
        var settings = try EndpointKeys.settings(reader, folder: folder, owner: "an agent of kind endpoint")
        let topP = try reader.number("top_p")
        settings.topP = topP == 1 ? nil : topP
        self.settings = settings
        maxTokens = try reader.integer("max_tokens")
        places = EndpointPlaces(reader)
    }

    /// Who is asked, in words.
    public var sentence: String { "model \(settings.model) at \(settings.url)" }

    /// What of it decides an answer: not how patiently it is asked, what it costs, and where replies are kept.
    var decidingText: String {
        "endpoint \(settings.url) \(settings.model) \(settings.temperature.map { "\($0)" } ?? "") \(settings.topP ?? 1) \(maxTokens)"
    }

    /// The policy, with a client of its own.
    func policy(
        _ id: PolicyID, system: String, game: AgentGame?, loss: String?, environment: [String: String],
        onLoss: @escaping @Sendable (String) -> Void
    ) throws -> EndpointPolicy {
        EndpointPolicy(
            id: id, client: try places.client(settings, environment: environment), system: system, maxTokens: maxTokens,
            game: game, loss: loss, onLoss: onLoss)
    }
}

extension AgentConfiguration {
    /// Whether its answers come from outside this process. Such an agent never learns.
    public var isOutside: Bool {
        switch kind {
        case .process, .endpoint: true
        case .transformer, .scripted: false
        }
    }

    /// What of a rule or of an agent from outside decides its answers, beside its files and its system prompt.
    public var decidingText: String {
        switch kind {
        case .transformer: ""
        case .scripted(let strategy, let skill): "\(strategy) \(skill)"
        case .process(let process): process.decidingText
        case .endpoint(let endpoint): endpoint.decidingText
        }
    }

    /// The policy of an agent from outside; nil for others.
    ///
    /// - Parameters:
    ///   - errorFile: where a program's standard error goes; nil keeps none.
    ///   - loss: why it was lost in an earlier start of the run; nil where it was not.
    ///   - onLoss: told once, in a sentence, when it is lost.
    /// - Throws: `AgentError` naming file and line where this machine lacks what it needs; `ConnectionError` where a cache
    ///   cannot be made.
    public func outsidePolicy(
        game: (any Game)?, errorFile: String? = nil, loss: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        onLoss: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> (any OutsidePolicy)? {
        let id = PolicyID(agent: name, version: 0)
        let told = game.map { game in
            AgentGame(name: game.name, rules: game.rules, picture: { game.picture(ofView: $0) })
        }
        switch kind {
        case .transformer, .scripted: return nil
        case .process(let process):
            return try process.policy(id, game: told, errorFile: errorFile, loss: loss, onLoss: onLoss)
        case .endpoint(let endpoint):
            return try endpoint.policy(
                id, system: system, game: told, loss: loss, environment: environment, onLoss: onLoss)
        }
    }
}
