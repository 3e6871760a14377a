import AgonCore
import AgonStore
import AgonTournament
import ArgumentParser
import Foundation

struct VoteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vote", abstract: "Say yourself which of two answers is better, blind, and see whom you agree with.",
        discussion: """
            Shows a prompt and two answers from closed rounds, in a drawn order and without who wrote them, and takes \
            one key: 1, 2, t (tie), s (skip), u (undo), q (quit). Every vote is kept at once, pairs that you voted on \
            are not asked again, and a run may go on meanwhile. Where the input is no terminal it takes a line per \
            answer. Votes are gold in arenas with `gold: votes`, which ask about canary rooms first, and \
            `agon pairs export --judge NAME` writes them as pairs to train on.

            Examples: agon vote quickstart --count 20
                      agon vote quickstart --name alice --contested
                      agon vote quickstart --summary --json
            """)

    @Argument(help: ArgumentHelp("The run, or the arena of which the newest run is meant. (default: the only arena)", valueName: "run"))
    var subject: String?
    @Option(parsing: .unconditional, help: ArgumentHelp("Pairs to ask about at most.", valueName: "count"))
    var count = 30
    @Option(parsing: .unconditional, help: "Decides which pairs come first, and which answer of each. (default: 1)", transform: seed(_:))
    var seed: UInt64 = 1
    @Option(help: ArgumentHelp("What your votes are kept under; nothing else is kept of you. (default: your login name)", valueName: "name"))
    var name: String?
    @Option(help: ArgumentHelp("Pairs with an answer of this agent; of several, with a comma between, pairs of which both answers are theirs.", valueName: "names"))
    var agents: String?
    @Flag(help: "Only pairs on which the judge was undecided, or judges or people disagree.")
    var contested = false
    @Flag(help: "Ask nothing, and print how far people agree with the judges and with one another.")
    var summary = false
    @OptionGroup var database: DatabaseOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if output.json, !summary { throw ValidationError("--json prints how far people agree, so give --summary.") }
        guard (1...100_000).contains(count) else { throw ValidationError("--count is \(count), it must be 1 to 100000.") }
    }

    func run() throws {
        // Opened for reading first: voting makes no database.
        let readable = try ArenaStore.readOnly(path: database.path)
        let run = try VotableRun.find(subject, in: readable)
        guard !summary else {
            let agreement = try VoteAgreement.of(readable, run: run.id)
            if output.json { return Terminal.raw(try JSONText.text(agreement)) }
            let votes = agreement.people.reduce(0) { $0 + $1.voteCount }
            return Terminal.write(output.quiet ? "\(votes)" : agreement.text(width: Terminal.listingWidth))
        }
        let options = VotingOptions(
            person: name ?? NSUserName(), count: count, seed: seed,
            agents: agents.map { $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } } ?? [],
            isContestedOnly: contested)
        let store = try ArenaStore(path: database.path)
        var session = try VotingSession(store: store, run: run, options: options)
        if session.questionCount == 0 { return Terminal.write(nothingLeft(session)) }
        if !output.quiet { Terminal.write("\(DisplayText.visible(run.id)), as \(options.person).\n") }
        try ask(&session)
        if output.quiet { return Terminal.write("\(session.keptCount)") }
        Terminal.write("\n" + (try VoteAgreement.of(store, run: run.id).text(width: Terminal.listingWidth)))
    }

    private func ask(_ session: inout VotingSession) throws {
        let reader = KeyReader()
        let signal = InterruptSignal {
            reader.restore()
            Terminal.write("\nStopped. Every vote that was answered with “Kept” is kept; the same command goes on from there.", to: .standardError)
            _exit(130)
        }
        defer { withExtendedLifetime(signal) { reader.restore() } }
        let text = VoteText(width: min(Terminal.size.columns, 100), isColoured: Terminal.isColoured)
        var isNew = true
        while true {
            if isNew {
                let question = try session.question()
                reader.discard()
                Terminal.write(question.map(text.question) ?? "That was the last. u takes it back, any other key ends.")
                if question != nil, !output.quiet { Terminal.write(VoteText.keys) }
            }
            guard let typed = reader.next() else { return }
            let key = VotingSession.Key(typed)
            if key == .quit || (session.isFinished && key != .undo) { return }
            guard let key, let outcome = try session.take(key) else {
                isNew = false
                Terminal.write(VoteText.help)
                continue
            }
            isNew = outcome != .nothingToUndo && outcome != .stays
            Terminal.write(VoteText.sentence(outcome) + (isNew ? "\n" : ""))
        }
    }

    private func nothingLeft(_ session: VotingSession) -> String {
        let (person, run) = (DisplayText.visible(session.options.person), DisplayText.visible(session.run.id))
        guard session.wantedCount > 0 else {
            return "\(run) has no such pairs: people vote on two different answers, neither a forfeit, of closed rounds."
        }
        return "\(person) has voted on all \(session.wantedCount) such pairs of \(run). Rounds that close later bring more."
    }
}
