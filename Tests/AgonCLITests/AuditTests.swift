import Foundation
import Testing

@Suite("Audits from the command line", .timeLimit(.minutes(2))) struct AuditTests {
    @Test("an honest run ends with 0, and one with another prompt in its database with 1 and the room's name")
    func audit() throws {
        let arena = Project.answers("answers", maxNewTokens: 8, seats: 2).replacingOccurrences(of: "256", with: "12")
        let project = try Project(Project.small.merging(["arenas/answers.yaml": arena + "limits: {forfeits: 1}\n"]) { first, _ in first })
        try project.pretrain()
        try project.write("kind: transformer\nmodel: ../mini\n", to: "agents/twin/agent.yaml")
        #expect(try project.run("run", "answers", "--quiet").code == 0)
        let honest = try project.run("audit", "answers")
        #expect(honest.code == 0 && honest.output.contains("24 rooms of 2 rounds, 72 rollouts") && honest.output.contains("Nothing was rejected."))
        let id = try project.run("sql", "SELECT name FROM runs", "--quiet").output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(try project.run("audit", id, "--quiet", "--agent", "mini").output == "0 of 48\n")
        let sample = try project.run("audit", "answers", "--rounds", "2", "--sample", "3", "--sample-seed", "5", "--json").output
        #expect(sample.contains("\"roomCount\" : 3") && sample.contains("\"sampleSeed\" : 5") && sample.contains("\"rejections\" : ["))

        let calibration = try project.run("calibrate", "--agent", "mini", "--tokens", "200")
        #expect(calibration.code == 0 && calibration.output.contains("0 (exact)") && calibration.output.contains("leaderboard/calibration.json"))
        #expect(try project.read("leaderboard/calibration.json").contains("\"agent\" : \"mini\""))

        // One prompt's digits in another order, in the bytes of the file.
        let prompt = try project.run("sql", "SELECT prompt FROM rooms WHERE round = 2 AND room = 3", "--quiet").output
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let other = String(prompt.dropLast().reversed()) + "="
        let file = URL(fileURLWithPath: project.folder + "/leaderboard/arena.sqlite")
        var bytes = try Data(contentsOf: file)
        var start = bytes.startIndex
        while let place = bytes.range(of: Data(prompt.utf8), in: start..<bytes.endIndex) {
            bytes.replaceSubrange(place, with: Data(other.utf8))
            start = place.upperBound
        }
        try bytes.write(to: file)
        let forged = try project.run("audit", "answers")
        #expect(forged.code == 1 && forged.output.contains("round 2, room 3: room: expected the prompt `\(prompt)`; seen `\(other)`"))
        #expect(try project.run("audit", "answers", "--rounds", "1", "--quiet").code == 0)
    }

    @Test("what cannot be audited is told in a sentence")
    func refused() throws {
        let project = try Project()
        #expect(try project.run("run", "tiny", "--quiet").code == 0)
        for (words, code, sentence) in [
            (["audit", "tiny", "--rounds", "4"], Int32(2), "rounds 1 to 3 are closed"), (["audit", "tiny", "--rounds", "2-1"], 2, "such as 3-5"),
            (["audit", "tiny", "--agent", "nobody"], 2, "no agent nobody"), (["audit", "tiny", "--sample-seed", "3"], 2, "add --sample"),
            (["audit", "long"], 1, "has no run"), (["calibrate", "--agent", "random"], 2, "none of these agents has a native model"),
        ] {
            let running = try Running(project, words)
            _ = running.readToEnd()
            #expect(running.errorsToEnd().contains(sentence), "\(words)")
            #expect(running.end() == code, "\(words)")
        }
        let rules = try project.run("audit", "tiny")
        #expect(rules.code == 0 && rules.output.contains("24 rooms of 3 rounds, 0 rollouts"))
    }
}
