import Foundation
import Testing

@testable import AgonTournament

@Suite("Preference pairs from elsewhere") struct PairImportTests {
    private static func pair(_ prompt: String, _ chosen: String, _ rejected: String) -> String {
        #"{"prompt": "\#(prompt)", "chosen": "\#(chosen)", "rejected": "\#(rejected)"}"# + "\n"
    }

    private func imported(_ text: String, drops: Bool = false) throws -> (lines: [String], summary: PairImport.Summary) {
        let folder = try PairFolder()
        var lines: [String] = []
        let source = PairImport(path: try folder.write(text, "in.jsonl"), dropsContradictions: drops)
        let summary = try source.run { lines.append($0) }
        return (lines, summary)
    }

    @Test("repeated pairs and pairs of equal sides are left out, contradictions are counted or left out")
    func counts() throws {
        let text = Self.pair("p", "a", "b") + Self.pair("p", "a", "b") + Self.pair("p", "c", "c") + Self.pair("p", "b", "a")
            + Self.pair("q", "b", "a")
        let (lines, summary) = try imported(text)
        #expect(lines.count == 3 && summary.writtenCount == 3)
        #expect(summary.recordCount == 5 && summary.pairCount == 5)
        #expect(summary.duplicateCount == 1 && summary.identicalCount == 1 && summary.contradictionCount == 1)
        let (kept, strict) = try imported(text, drops: true)
        #expect(kept.count == 1 && strict.contradictionCount == 2 && kept[0].contains("\"q\""))
    }

    @Test("the n-th good answer to a prompt is paired with its n-th bad one")
    func labelled() throws {
        func answer(_ prompt: String, _ text: String, _ label: Bool) -> String {
            #"{"prompt": "\#(prompt)", "completion": "\#(text)", "label": \#(label), "from": "x"}"# + "\n"
        }
        let text = answer("p", "g1", true) + answer("q", "h1", true) + answer("p", "b1", false) + answer("p", "g2", true)
            + answer("p", "b2", false) + answer("p", "b3", false)
        let (lines, summary) = try imported(text)
        #expect(
            lines == [
                #"{"prompt":"p","chosen":"g1","rejected":"b1","from":"x"}"# + "\n",
                #"{"prompt":"p","chosen":"g2","rejected":"b2","from":"x"}"# + "\n",
            ])
        #expect(summary.labelledCount == 6 && summary.unpairedCount == 2 && summary.recordCount == 6 && summary.pairCount == 0)
        #expect(summary.text.contains("6 single answers") && summary.text.contains("2 single answers without a counterpart"))
    }

    @Test("importing what was imported changes nothing")
    func again() throws {
        let text = Self.pair("p", "a", "b") + #"{"chosen": "1 + 1 = 2", "rejected": "1 + 1 = 3", "preference": 0.6}"# + "\n"
        let first = try imported(text).lines
        #expect(try imported(first.joined()).lines == first)
        #expect(first[1] == #"{"prompt":"1 + 1 =","chosen":" 2","rejected":" 3","preference":0.6}"# + "\n")
    }

    @Test("a file that appears whole is not there before it is finished, and never where it fails")
    func files() throws {
        let folder = try PairFolder()
        let path = folder.path + "/made/out.jsonl"
        do {
            let file = try LineFile(path)
            try file.write("half")
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/made").isEmpty)
        let file = try LineFile(path)
        for index in 0..<100_000 { try file.write("\(index)\n") }
        #expect(!FileManager.default.fileExists(atPath: path))
        try file.finish()
        #expect(try String(contentsOfFile: path, encoding: .utf8).hasSuffix("99999\n"))
    }
}
