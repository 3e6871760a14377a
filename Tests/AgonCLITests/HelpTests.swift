import Testing

@Suite("Help and usage") struct HelpTests {
    static let commands = ["", "run", "report", "check", "agents", "arenas", "new", "new agent", "new arena", "pretrain"]

    @Test("every command says what it does, with an example", arguments: commands)
    func help(command: String) throws {
        let words = command.split(separator: " ").map(String.init)
        let running = try Running(Project([:]), words + ["--help"])
        let text = running.readToEnd()
        #expect(running.errorsToEnd() == "")
        #expect(running.end() == 0)
        #expect(command.isEmpty || text.contains("Example"))
        try Snapshot.expect(text, "help" + words.map { "-" + $0 }.joined())
    }

    @Test(
        "wrong usage ends with 2 and names the right one",
        arguments: [
            (["run"], "Missing expected argument"), (["run", "tiny", "--sed", "3"], "Did you mean '--seed'?"),
            (["run", "tiny", "--seed", "-1"], "--seed"), (["run", "tiny", "--threads", "0"], "--threads is 0"),
            (["run", "tinny"], "did you mean `arenas/tiny.yaml`?"), (["report", "arenas/tinny.yaml"], "did you mean `arenas/tiny.yaml`?"),
            (["check", "agents/randm"], "did you mean `agents/random`?"), (["pretrain", "mni"], "did you mean `pretraining/mini.yaml`?"),
            (["fly"], "Unexpected argument 'fly'"), (["new", "agent", "x"], "--from AGENT"),
            (["new", "agent", "../x", "--kind", "scripted"], "cannot name a folder"),
            (["new", "agent", "x", "--from", "randm"], "did you mean `agents/random`?"),
            (["new", "agent", "x", "--strategy", "perfekt"], "did you mean `perfect`?"),
            (["new", "arena", "x", "--game", "go"], "there is no game `go`"), (["new", "arena", "tiny"], "exists already"),
        ])
    func usage(arguments: [String], sentence: String) throws {
        let running = try Running(Project(), arguments)
        #expect(running.readToEnd() == "")
        #expect(running.errorsToEnd().contains(sentence))
        #expect(running.end() == 2)
    }
}
