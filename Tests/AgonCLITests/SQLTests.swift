import Testing

@Suite("Queries from the command line") struct SQLTests {
    @Test("a query is answered as a table, CSV, JSON or lines, and the tables are listed without one")
    func answers() throws {
        let project = try Project()
        #expect(try project.run("run", "tiny", "--quiet").code == 0)
        let rooms = try project.run("sql", "SELECT COUNT(*) > 0 AS some, 'a,b' AS text, NULL AS none FROM rooms", "--format", "csv")
        #expect(rooms.output == "some,text,none\r\n1,\"a,b\",\r\n" && rooms.code == 0)
        let query = "SELECT 2 AS two, 0.5 AS half, 'x' AS word"
        #expect(try project.run("sql", query).output == "two  half  word\n  2   0.5  x\n")
        #expect(try project.run("sql", query, "--quiet").output == "2\t0.5\tx\n")
        let json = try project.run("sql", query, "--json").output.filter { !$0.isWhitespace }
        #expect(json == #"[{"half":0.5,"two":2,"word":"x"}]"#)
        let tables = try project.run("sql").output
        #expect(tables.contains("verdicts") && tables.contains("judge_measures"))
    }

    @Test(
        "nothing can be written, and what SQLite does not understand is said in its words",
        arguments: [
            ("DELETE FROM rooms", "must begin with SELECT"), ("PRAGMA journal_mode = DELETE", "must begin with SELECT"),
            ("ATTACH 'x' AS y", "must begin with SELECT"), ("WITH a AS (SELECT 1) DELETE FROM rooms", "can only read"),
            ("SELECT 1; DELETE FROM rooms", "cannot answer the query"), ("SELECT x FROM nowhere", "no such table: nowhere"),
            ("", "must begin with SELECT"),
        ])
    func refused(query: String, sentence: String) throws {
        let project = try Project()
        #expect(try project.run("run", "tiny", "--quiet").code == 0)
        let before = try project.run("sql", "SELECT COUNT(*) FROM rooms", "--quiet").output
        let outcome = try project.run("sql", query)
        #expect(outcome.code == 2 && outcome.output == "" && outcome.errors.contains(sentence), "\(outcome.errors)")
        #expect(try project.run("sql", "SELECT COUNT(*) FROM rooms", "--quiet").output == before)
    }

    @Test("a database that is not there is a sentence")
    func missing() throws {
        let outcome = try Project([:]).run("sql", "SELECT 1")
        #expect(outcome.code == 2 && outcome.errors.contains("there is no database"))
    }
}
