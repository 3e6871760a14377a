import Testing

@Suite("Help and usage") struct HelpTests {
    static let commands = [
        "", "run", "report", "check", "agents", "agents list", "agents show", "agents check", "agents new", "arenas", "new", "new agent", "new arena", "pretrain",
        "pairs", "pairs export", "pairs import", "pairs stats", "train", "judge", "judge train", "judge run", "vote", "rate", "sql",
        "compare", "rerate", "rejudge", "replay", "audit", "calibrate", "versions", "promote", "rollback", "verify", "lineage",
        "revoke", "play",
    ]

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
            (["run", "tiny", "--seed", "-3"], "it must be a whole number from 0 to 18446744073709551615."),
            (["report", "tiny", "--seed", "x"], "it must be a whole number from 0 to"), (["pretrain", "mini", "--seed", "-3"], "from 0 to"),
            (["new", "arena", "x", "--seed", "-3"], "from 0 to"), (["new", "arena", "x", "--rounds", "-3"], "`rounds` is `-3`, it must be 0 to 100000"),
            (["run", "tiny", "--threads", "-2"], "--threads is -2, it must be 1 to 1024."),
            (["new", "agent", "x", "--strategy", "noisy_expert", "--skill", "-1"], "--skill is -1.0, it must be 0 to 1."),
            (["run", "tiny", "--threads", "0"], "--threads is 0"),
            (["run", "x"], "x does not exist: there are arenas/long.yaml, arenas/tiny.yaml."),
            (["run", "tinny"], "did you mean `arenas/tiny.yaml`?"), (["report", "arenas/tinny.yaml"], "did you mean `arenas/tiny.yaml`?"),
            (["check", "agents/randm"], "did you mean `agents/random`?"), (["pretrain", "mni"], "did you mean `pretraining/mini.yaml`?"),
            (["fly"], "Unexpected argument 'fly'"), (["new", "agent", "x"], "--from AGENT"),
            (["new", "agent", "../x", "--kind", "scripted"], "cannot name a folder"),
            (["new", "agent", "x", "--from", "randm"], "did you mean `agents/random`?"),
            (["new", "agent", "x", "--strategy", "perfekt"], "did you mean `perfect`?"),
            (["new", "agent", "x", "--strategy", "perfekt", "--dry-run"], "did you mean `perfect`?"),
            (["new", "agent", "x", "--strategy", "zzz", "--dry-run"], "it must be one of random, first_legal, perfect, noisy_expert, echo, fixed, alpha_beta_4"),
            (["new", "arena", "Versions"], "`Versions` is a folder beside the database already"),
            (["run", "agents/random"], "agents/random is an agent, not an arena: type the path of a file, such as `arenas/long.yaml`, in which random plays.\n"),
            (["report", "agents"], "agents is a folder, not an arena: type the path of a file, such as `arenas/long.yaml`.\n"),
            (["pretrain", "arenas"], "arenas is a folder, not a pretraining file: type the path of a file, such as `pretraining/mini.yaml`.\n"),
            (["run", "tiny", "--db", "agents"], "agents is a folder, not a database file: name a file, such as "),
            (["arenas", "--db", "agents"], "agents/arena.sqlite.\n"),
            (["vote", "--json"], "so give --summary"), (["vote", "--count", "-1"], "--count is -1, it must be 1 to 100000."),
            (["vote"], "there is no database at"), (["new", "arena", "x", "--game", "go"], "there is no game `go`"), (["new", "arena", "tiny"], "exists already"),
        ])
    func usage(arguments: [String], sentence: String) throws {
        let running = try Running(Project(), arguments)
        #expect(running.readToEnd() == "")
        #expect(running.errorsToEnd().contains(sentence))
        #expect(running.end() == 2)
    }
}
