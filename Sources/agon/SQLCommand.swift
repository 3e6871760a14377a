import AgonStore
import AgonTournament
import ArgumentParser

struct SQLCommand: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, csv
    }

    static let configuration = CommandConfiguration(
        commandName: "sql", abstract: "Ask the database anything that SQL can, without changing it.",
        discussion: """
            Everything that runs have stored is in tables: rooms, rollouts, verdicts, votes, matches, ratings, pairs, \
            updates and more. Without a query the tables are listed with their columns. One query at a time, which can \
            only read; a run may go on meanwhile.

            Example: agon sql "SELECT name, COUNT(*) FROM versions GROUP BY name"
            """)

    @Argument(help: "The query. (default: list the tables)")
    var query = """
        SELECT m.name AS "table", group_concat(c.name, ', ') AS columns FROM sqlite_master AS m, pragma_table_info(m.name) AS c \
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE 'grdb%' GROUP BY m.name ORDER BY m.name
        """
    @Option(help: "How the answer is printed.")
    var format = Format.table
    @OptionGroup var database: DatabaseOption
    @OptionGroup var output: OutputOptions

    func run() throws {
        let answer = try ArenaStore.readOnly(path: database.path).answer(query)
        if output.json { return Terminal.raw(try QueryText.json(answer)) }
        if output.quiet {
            for row in answer.rows { Terminal.write(row.map { DisplayText.visible($0 ?? "") }.joined(separator: "\t")) }
            return
        }
        switch format {
        case .table: Terminal.write(QueryText.table(answer, width: Terminal.listingWidth))
        case .csv: Terminal.raw(QueryText.csv(answer))
        }
    }
}
