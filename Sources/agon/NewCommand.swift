import AgonTournament
import ArgumentParser

struct NewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Write a new agent or arena to begin with.",
        discussion: """
            Writes a small commented file that is usable as it is, and never over anything that is there.

            Example: agon new agent mine --from ada
            """,
        subcommands: [NewAgentCommand.self, NewArenaCommand.self])
}

struct NewAgentCommand: ParsableCommand {
    enum Kind: String, ExpressibleByArgument, CaseIterable { case transformer, scripted, process, endpoint }

    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Write agents/NAME/agent.yaml.",
        discussion: """
            Say what it starts from: another agent (--from), a model folder (--model), a built-in rule \
            (--kind scripted), a program of any language (--kind process), or a model behind an endpoint (--kind endpoint).

            Examples: agon new agent mine --from ada
                      agon new agent chance --kind scripted --strategy random
                      agon new agent bot --kind process --command "python3 bot.py"
                      agon new agent qwen --kind endpoint --url http://127.0.0.1:11434/v1 --model qwen2.5:0.5b
            """)

    @Argument(help: "Letters, digits, `-` and `_`.")
    var name: String
    @Option(help: ArgumentHelp("The agent whose model or rule, sampling and system prompt it starts with.", valueName: "agent"))
    var from: String?
    @Option(help: ArgumentHelp("A model folder in Hugging Face layout; endpoint: the model's name as the server knows it.", valueName: "model"))
    var model: String?
    @Option(help: "What answers.")
    var kind: Kind?
    @Option(help: "scripted: random, first_legal, perfect or noisy_expert. (default: random)")
    var strategy: String?
    @Option(parsing: .unconditional, help: "noisy_expert: how often it answers like perfect, 0 to 1. (default: 0.5)")
    var skill: Double?
    @Option(help: ArgumentHelp("process: the program and its arguments. (default: a small one in Python, which is written too)", valueName: "words"))
    var command: String?
    @Option(help: ArgumentHelp("endpoint: the server's address up to and with the version.", valueName: "address"))
    var url: String?
    @Flag(help: "Print what would be written, and stop.")
    var dryRun = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if command != nil, kind != .process { throw ValidationError("--command belongs to --kind process.") }
        if url != nil, kind != .endpoint { throw ValidationError("--url belongs to --kind endpoint.") }
        switch kind {
        case .endpoint:
            guard url != nil, model != nil, from == nil, strategy == nil, skill == nil else {
                throw ValidationError("--kind endpoint needs --url ADDRESS and --model NAME, and nothing else that an agent starts from.")
            }
            return
        case .process:
            guard model == nil, from == nil, strategy == nil, skill == nil else {
                throw ValidationError("--kind process needs nothing but --command, and that only for a program of your own.")
            }
            return
        case .transformer, .scripted, nil: break
        }
        let isScripted = kind == .scripted || strategy != nil
        let count = [from != nil, model != nil, isScripted].count { $0 }
        guard count == 1, !(kind == .transformer && isScripted) else {
            throw ValidationError("Say what the agent starts from, once: --from AGENT, --model FOLDER, --kind scripted, --kind process or --kind endpoint.")
        }
        guard strategy != "fixed" else {
            throw ValidationError("--strategy fixed needs a file of answers: write its agent.yaml by hand, agents/README.md says how.")
        }
        if skill != nil, strategy != "noisy_expert" { throw ValidationError("--skill belongs to --strategy noisy_expert.") }
        if let skill, !(0...1).contains(skill) { throw ValidationError("--skill is \(skill), it must be 0 to 1.") }
    }

    func run() throws {
        let source: NewAgent.Source =
            kind == .process ? .process(command: (command ?? "").split(separator: " ").map(String.init))
            : kind == .endpoint ? .endpoint(url: url ?? "", model: model ?? "")
            : from.map { .agent($0) } ?? model.map { .model($0) } ?? .scripted(strategy: strategy ?? "random", skill: skill)
        let agent = NewAgent(name: name, source: source)
        try show(dryRun ? agent.thing(in: Catalog()) : agent.write(in: Catalog()), isWritten: !dryRun, output)
    }
}

struct NewArenaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "arena", abstract: "Write arenas/NAME.yaml.",
        discussion: """
            Without --agents it takes those of the first arena with the same contest. Answers are compared with gold \
            unless --judge names a reward model.

            Example: agon new arena mine --task sort-digits --agents mine,rookie,perfect --anchors rookie
            """)

    @Argument(help: "Letters, digits, `-` and `_`.")
    var name: String
    @Option(help: ArgumentHelp("A built-in game, such as tic-tac-toe.", valueName: "name"))
    var game: String?
    @Option(help: ArgumentHelp("A built-in source of prompts, such as sort-digits or addition. (default: sort-digits)", valueName: "name"))
    var task: String?
    @Option(help: ArgumentHelp("A JSON Lines file with `prompt` and `answer` in each line.", valueName: "file"))
    var prompts: String?
    @Option(help: ArgumentHelp("Who takes part, separated by commas.", valueName: "names"))
    var agents = ""
    @Option(help: ArgumentHelp("Who of them never changes, separated by commas.", valueName: "names"))
    var anchors = ""
    @Option(help: ArgumentHelp("A reward model's folder under judges/.", valueName: "name"))
    var judge: String?
    @Option(parsing: .unconditional, help: "How many rounds a run has.")
    var rounds = 10
    @Option(parsing: .unconditional, help: "Decides every draw of a run. (default: 1)", transform: seed(_:))
    var seed: UInt64 = 1
    @Flag(help: "Print what would be written, and stop.")
    var dryRun = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard [game, task, prompts].count(where: { $0 != nil }) < 2 else {
            throw ValidationError("Give one of --game, --task and --prompts.")
        }
        if game != nil, judge != nil { throw ValidationError("A game is judged by its referee: leave out --judge.") }
    }

    func run() throws {
        let contest: ArenaConfiguration.Contest =
            game.map { .game($0) } ?? prompts.map { .prompts(file: $0) } ?? .task(task ?? "sort-digits")
        let arena = NewArena(
            name: name, contest: contest, agents: names(agents), anchors: names(anchors), judge: judge,
            roundCount: rounds, seed: seed)
        try show(dryRun ? arena.thing(in: Catalog()) : arena.write(in: Catalog()), isWritten: !dryRun, output)
    }

    private func names(_ list: String) -> [String] {
        list.split(whereSeparator: { $0 == "," || $0 == " " }).map(String.init)
    }
}

/// Says what was written, or what would be.
private func show(_ thing: NewThing, isWritten: Bool, _ output: OutputOptions) throws {
    if output.json { return Terminal.raw(try JSONText.text(thing)) }
    if output.quiet { return Terminal.write(DisplayText.visible(thing.path)) }
    for file in thing.files {
        let path = DisplayText.visible(file.path)
        Terminal.write(isWritten ? "Wrote \(path)." : "Would write \(path):\n\n\(DisplayText.visible(file.text, keepsLines: true))")
    }
    guard isWritten else { return Terminal.write("Nothing was written.") }
    for sentence in thing.next { Terminal.write("Next: " + DisplayText.visible(sentence)) }
}
