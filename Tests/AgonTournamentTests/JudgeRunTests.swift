import AgonAgents
import AgonTransformer
import Foundation
import Testing

@testable import AgonTournament

@Suite("Judging answers that were made elsewhere") struct JudgeRunTests {
    private let folder: PairFolder

    init() throws {
        folder = try PairFolder()
        try OfflineProject.make(in: folder)
        try folder.write("kind: exact\nmatch: number\n", "judges/gold/judge.yaml")
    }

    private func run(_ judge: String, _ input: String, threads: Int = 1) async throws -> (lines: [String], summary: JudgeRun.Summary) {
        let path = try folder.write(input, "outputs.jsonl")
        var lines: [String] = []
        let summary = try await JudgeRun(judge: folder.path + "/judges/" + judge, input: path).run(threads: threads) { lines.append($0) }
        return (lines, summary)
    }

    @Test("answers are ranked against their reference, ids come back, and the summary counts")
    func ranks() async throws {
        let (lines, summary) = try await run(
            "gold",
            """
            {"id": "x1", "prompt": "1+1", "answers": ["3", "2", "2.0"], "reference": "2"}
            {"prompt": "2+2", "answers": ["5", "4"], "reference": "four"}

            """)
        #expect(
            lines == [
                #"{"id":"x1","ranks":[3,1,1],"scores":[0.0,1.0,1.0],"verdicts":[{"first":0,"second":1,"verdict":"second"},{"first":0,"second":2,"verdict":"second"},{"first":1,"second":2,"verdict":"tie"}]}"# + "\n",
                #"{"ranks":[null,null],"scores":[null,null],"verdicts":[{"first":0,"second":1,"verdict":"void"}]}"# + "\n",
            ])
        #expect(summary.taskCount == 2 && summary.pairCount == 4 && summary.tieCount == 1 && summary.voidCount == 1)
        #expect(summary.agreement == nil)
    }

    @Test("a preference file tells how often the judge agrees, and neither batches nor threads matter")
    func agreement() async throws {
        let input = OfflineProject.pairs(150)
        let (lines, summary) = try await run("taste", input)
        #expect(lines.count == 150 && summary.taskCount == 150)
        let firsts = lines.count { $0.contains(#""verdict":"first""#) }
        #expect(summary.agreement?.value == Double(firsts) / 150 && summary.agreement?.count == 150)
        #expect(try await run("taste", input, threads: 4).lines == lines)
        let alone = try await run("taste", input.split(separator: "\n")[140] + "\n").lines
        #expect(alone == [lines[140]])
    }

    @Test(
        "a line that cannot be judged is named before anybody is asked",
        arguments: [
            (#"{"prompt": "p", "answers": ["1"]}"#, ":1: `answers` must be a list of two texts or more"),
            (#"{"prompt": "p", "answers": ["1", 2], "reference": "1"}"#, ":1: `answers` must be a list of two texts or more"),
            (#"{"answers": ["1", "2"]}"#, ":1: `prompt` must be a text"), (#"{"prompt": "p", "answers": ["1", "2"]}"#, "add a `reference`"),
            (#"{"prompt": "p", "completion": "1", "label": true}"#, "one answer cannot be compared"), ("", "is empty"),
        ])
    func faults(line: String, expected: String) async throws {
        do {
            _ = try await run("gold", line)
            Issue.record("\(line) was judged")
        } catch let error as AgentError {
            #expect(error.message.contains(expected), "\(error.message)")
        }
    }
}
