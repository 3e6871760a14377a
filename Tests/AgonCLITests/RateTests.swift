import Testing

@Suite("Anyone's battles from the command line") struct RateTests {
    /// Four games, three of them won by one: 400·log₁₀(3) = 190.85 points between the two, the mean at 1000.
    private static let battles = """
        model_a,model_b,winner
        ann,bob,model_a
        bob,ann,model_b
        ann,bob,model_a
        ann,bob,model_b
        ann,ann,tie

        """

    @Test("a log becomes a board, with what was left out and what must be said")
    func board() throws {
        let project = try Project(["battles.csv": Self.battles])
        let table = try project.run("rate", "battles.csv")
        #expect(table.code == 0 && table.errors == "")
        try Snapshot.expect(table.output, "rate")
        let csv = try project.run("rate", "battles.csv", "--format", "csv").output
        #expect(csv.contains("\r\n1,1,2,ann,1095.424,") && csv.contains("\r\n2,1,2,bob,904.576,"))
        let anchored = try project.run("rate", "battles.csv", "--anchor", "bob=1500", "--format", "markdown").output
        #expect(anchored.contains("| 1 | ann \\* | 1691 |") && anchored.contains("bob is at 1500"))
        #expect(try project.run("rate", "battles.csv", "--quiet").output == "ann\nbob\n")
        let json = try project.run("rate", "battles.csv", "--bootstrap", "200", "--json").output
        #expect(json.contains("\"selfPlayCount\" : 1") && json.contains("200 bootstrap replicates"))
    }

    @Test("--out writes the page, its badge and the tables, whatever the players are called")
    func files() throws {
        let project = try Project(["battles.csv": Self.battles.replacing("ann", with: "<b>ann</b>")])
        let table = try project.run("rate", "battles.csv", "--out", "board")
        #expect(table.code == 0 && table.errors == "\nreport: board/report.html\n")
        #expect(try project.run("rate", "battles.csv").output == table.output)
        let page = try project.read("board/report.html")
        #expect(page.contains("&lt;b&gt;ann&lt;/b&gt; is first at 1095") && !page.contains("<b>ann") && page.contains("data-pairs=\"0 1 3 0 1 750\""))
        for file in ["report.md", "report.json", "standings.csv", "badge.svg"] { #expect(try !project.read("board/" + file).isEmpty) }
    }

    @Test("--cycles says what the ratings hide: a circle, who is left without a ranking, and the pairs that surprise")
    func cycles() throws {
        let circle = [("ann", "bob"), ("bob", "cid"), ("cid", "ann")].flatMap { winner, loser in
            Array(repeating: "\(winner),\(loser),a\n", count: 30) + Array(repeating: "\(winner),\(loser),b\n", count: 10)
        }
        let project = try Project(["battles.csv": "a,b,winner\n" + circle.joined()])
        #expect(try !project.run("rate", "battles.csv").output.contains("circle"))
        let text = try project.run("rate", "battles.csv", "--cycles").output
        #expect(text.contains("1 of 1 triples go in a circle") && text.contains("100.0% of what the pairs say is explained by no ranking"))
        #expect(text.contains("Without a ranking") && text.contains(/ann against bob +40 +75\.0% +50\.0% +3\.2/))
        let markdown = try project.run("rate", "battles.csv", "--cycles", "--format", "markdown").output
        #expect(markdown.contains("| ann | 33.3% |"))
        #expect(try project.run("rate", "battles.csv", "--cycles", "--json").output.contains("\"cyclicTripleCount\" : 1"))
        _ = try project.run("rate", "battles.csv", "--cycles", "--out", "board")
        #expect(try project.read("board/report.html").contains("What the ratings hide"))
    }

    @Test("JSON Lines, PGN and the standard input are read, by every system")
    func systems() throws {
        let project = try Project([
            "a.jsonl": [("ann", "bob", "model_a"), ("bob", "ann", "model_a"), ("bob", "ann", "tie"), ("ann", "bob", "model_a"), ("bob", "ann", "b")]
                .map { #"{"model_a": "\#($0.0)", "model_b": "\#($0.1)", "winner": "\#($0.2)"}"# + "\n" }.joined(),
            "a.pgn": "[White \"ann\"]\n[Black \"bob\"]\n[Result \"1-0\"]\n\n1-0\n\n",
        ])
        for system in ["bradley-terry", "davidson", "rao-kupper", "elo", "elo-averaged", "glicko-2", "plackett-luce", "bradley-terry-full", "trueskill"] {
            #expect(try project.run("rate", "a.jsonl", "--system", system, "--quiet").output == "ann\nbob\n", "\(system)")
        }
        #expect(try project.run("rate", "a.pgn", "--quiet").output == "ann\nbob\n")
        let piped = try Running(project, ["rate", "-", "--quiet"], input: Self.battles)
        #expect(piped.readToEnd() == "ann\nbob\n" && piped.end() == 0)
    }

    @Test(
        "what cannot be rated is said in a sentence",
        arguments: [
            (["nowhere.csv"], "nowhere.csv does not exist"), (["bad.csv"], "bad.csv: Line 3: the winner purple"),
            (["empty.csv"], "empty.csv"), (["battles.csv", "--system", "davidsn"], "did you mean `davidson`?"),
            (["battles.csv", "--anchor", "zed"], "The anchor zed is not among the 2 players"),
            (["battles.csv", "--bootstrap", "3"], "--bootstrap is 3, it must be 100 to 100000"),
            (["battles.csv", "--system", "elo", "--bootstrap", "300"], "elo has intervals of its own"),
            (["battles.csv", "--system", "contextual"], "name them with --covariates"),
            (["battles.csv", "--covariates", "length"], "bradley-terry reads no covariates"),
            (["battles.csv", "--system", "trueskill", "--anchor", "bob"], "trueskill starts everybody alike and cannot be anchored"),
        ])
    func refused(arguments: [String], sentence: String) throws {
        let project = try Project([
            "battles.csv": Self.battles, "bad.csv": "model_a,model_b,winner\na,b,model_a\na,b,purple\n",
            "empty.csv": "model_a,model_b,winner\n",
        ])
        let running = try Running(project, ["rate"] + arguments)
        let (output, errors) = (running.readToEnd(), running.errorsToEnd())
        #expect(running.end() == 2 && output == "")
        #expect(errors.contains(sentence), "\(errors)")
    }
}
