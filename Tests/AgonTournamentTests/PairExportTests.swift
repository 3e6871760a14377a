import AgonCore
import AgonStore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTournament

@Suite("Preference pairs out of a database") struct PairExportTests {
    private func written(
        _ format: PairExport.Format, _ store: ArenaStore, filter: PairFilter = PairFilter()
    ) throws -> (text: String, summary: PairExport.Summary) {
        var text = ""
        let summary = try PairExport(format: format, filter: filter).run(store) { text += $0 }
        return (text, summary)
    }

    @Test("every format reads back to the texts that are stored, byte for byte", arguments: PairExport.Format.allCases)
    func texts(format: PairExport.Format) throws {
        let folder = try PairFolder()
        let store = try PairStore.make(in: folder)
        let (text, summary) = try written(format, store)
        let count = PairStore.texts.count - 1
        #expect(summary.pairCount == count)
        #expect(summary.lineCount == (format == .kto ? 2 * count : count))
        let path = try folder.write(text, format == .csv ? "pairs.csv" : "pairs.jsonl")
        var records: [PairRecord] = []
        _ = try PairImport(path: path).forEachPair { record, _ in records.append(record) }
        try #require(records.count == count)
        for (index, record) in records.enumerated() {
            #expect(Array(record.prompt.plain.utf8) == Array("ask \(PairStore.texts[index])".utf8))
            #expect(Array(record.chosen.plain.utf8) == Array(PairStore.texts[index].utf8))
            #expect(Array(record.rejected.plain.utf8) == Array(PairStore.texts[index + 1].utf8))
            #expect(record.prompt.isConversation == (format == .trlConversational))
            #expect(record.column("arena") == "sums" && record.column("judge") == "taste")
        }
        guard format != .kto else { return }
        #expect(records[0].preference == 0.75 && records[1].preference == 1)
        #expect(records[1].column("score_margin") == .number(2))
        #expect(records[0].column("score_margin") == nil)
        #expect(records[2].column("rejected_agent") == "zoe" && records[2].column("chosen_room") == 2)
    }

    @Test("a prompt of several messages is written as them in conversations, and as its text elsewhere")
    func conversations() throws {
        let folder = try PairFolder()
        func talk(_ index: Int) -> Conversation { Conversation([Message(.system, "s\n### user"), Message(.user, PairStore.texts[index])]) }
        let store = try PairStore.make(in: folder) { Prompt(id: "p\($0)", conversation: talk($0)) }
        for format in [PairExport.Format.trl, .trlConversational] {
            let path = try folder.write(written(format, store).text, "pairs.jsonl")
            var prompts: [PairText] = []
            _ = try PairImport(path: path).forEachPair { record, _ in prompts.append(record.prompt) }
            #expect(prompts == PairStore.texts.indices.dropLast().map { index in
                format == .trl
                    ? .text(talk(index).text)
                    : .messages(talk(index).messages.map { ChatMessage(role: $0.role.rawValue, content: $0.content) })
            })
        }
    }

    @Test("a column that TRL's trainers would take for something else is not called so")
    func columns() throws {
        let folder = try PairFolder()
        let line = try written(.trl, PairStore.make(in: folder)).text.split(separator: "\n")[0]
        guard case .object(let members) = try ChatValue(json: String(line)) else { return }
        #expect(Set(members.map(\.key)).isDisjoint(with: ["label", "margin", "images", "tools", "completion"]))
        #expect(members.map(\.key).prefix(3) == ["prompt", "chosen", "rejected"])
    }

    @Test("filters leave out what they name")
    func filters() throws {
        let folder = try PairFolder()
        let store = try PairStore.make(in: folder)
        #expect(try written(.trl, store, filter: PairFilter(agent: "nobody")).summary.lineCount == 0)
        #expect(try written(.csv, store, filter: PairFilter(rounds: 2...9)).text.split(separator: "\r\n").count == 1)
        let scored = try written(.trl, store, filter: PairFilter(minMargin: 2)).summary.lineCount
        #expect(scored == (0..<PairStore.texts.count - 1).count { !$0.isMultiple(of: 3) })
    }

    @Test("the transcripts of a game are refused unless they are asked for")
    func games() throws {
        let folder = try PairFolder()
        let store = try PairStore.make(in: folder, configuration: "name: x\ngame: tic-tac-toe\n")
        #expect { try written(.trl, store) } throws: { ($0 as? TournamentError)?.message.contains("--transcripts") == true }
        let export = PairExport(format: .trl, filter: PairFilter(), includesGames: true)
        #expect(try export.run(store) { _ in }.lineCount == PairStore.texts.count - 1)
    }

    @Test("statistics of the database equal those of its export")
    func statistics() throws {
        let folder = try PairFolder()
        let store = try PairStore.make(in: folder)
        let path = try folder.write(written(.trl, store).text, "pairs.jsonl")
        let (stored, read) = (try PairStatistics(store, PairFilter(), tokenizer: nil), try PairStatistics(file: path, tokenizer: nil))
        #expect(try JSONText.text(stored) == JSONText.text(read))
        let count = PairStore.texts.count - 1
        #expect(stored.pairCount == count && stored.promptCount == count && stored.arenas == ["sums": count])
        #expect(stored.chosenAgents == ["ada": count] && stored.rejectedAgents == ["zoe": count])
        #expect(stored.preference?.min == 0.75 && stored.margin?.mean == 2)
        let lengths = PairStore.texts.map { $0.unicodeScalars.count }
        let longer = zip(lengths, lengths.dropFirst()).reduce(0.0) { $0 + ($1.0 > $1.1 ? 1 : $1.0 == $1.1 ? 0.5 : 0) }
        #expect(abs((stored.chosenLonger?.value ?? .nan) - longer / Double(count)) < 1e-12)
    }
}
