import Foundation
import Testing

@Suite("Voting from the command line", .timeLimit(.minutes(2))) struct VoteTests {
    /// A project whose arena `answers` has been run: two agents with the same model answer.
    private func project() throws -> Project {
        let arena = Project.answers("answers", maxNewTokens: 8, seats: 2).replacingOccurrences(of: "256", with: "24")
        let project = try Project(Project.small.merging(["arenas/answers.yaml": arena + "limits: {forfeits: 1}\n"]) { first, _ in first })
        try project.pretrain()
        try project.write("kind: transformer\nmodel: ../mini\n", to: "agents/twin/agent.yaml")
        #expect(try project.run("run", "answers", "--quiet").code == 0)
        return project
    }

    private func vote(_ project: Project, _ arguments: [String], typing input: String) throws -> Project.Outcome {
        let running = try Running(project, ["vote", "answers"] + arguments, input: input)
        let output = running.readToEnd()
        return Project.Outcome(output: output, errors: running.errorsToEnd(), code: running.end())
    }

    @Test("a scripted session keeps each vote, says what it did, comes back to the rest, and tells nobody's name")
    func scripted() throws {
        let project = try project()
        let first = try vote(project, ["--name", "eve", "--count", "5", "--quiet"], typing: "1\nx\nt\nu\n2\ns\nq\n")
        #expect(first.code == 0 && first.errors == "")
        for sentence in ["1 of 5\n", "Kept: answer 1 is better.", "the second answer is better", "Kept: a tie.", "Taken back.", "Kept: answer 2 is better.", "Skipped.", "4 of 5\n"] {
            #expect(first.output.contains(sentence), "\(sentence)")
        }
        #expect(!first.output.contains("mini") && !first.output.contains("twin") && !first.output.contains("exact"))
        #expect(first.output.hasSuffix("\n2\n"))
        #expect(try project.run("vote", "--summary", "--quiet").output == "2\n")
        // The end of the input ends the session; what was answered is kept.
        let second = try vote(project, ["--name", "eve"], typing: "tie\n1\n")
        #expect(second.code == 0 && second.output.contains("as eve.") && second.output.contains(": 4 votes of 1 person on 4 pairs."))
        let other = try vote(project, ["--name", "bob", "--count", "1"], typing: "1\n")
        #expect(other.output.contains("That was the last. u takes it back") && other.output.contains("5 votes of 2 people"))
        let json = try project.run("vote", "answers", "--summary", "--json").output
        #expect(json.contains("\"name\" : \"bob\"") && json.contains("\"other\" : \"exact\"") && json.contains("\"voteCount\" : 4"))
        let lines = try project.run("pairs", "export", "--judge", "eve").output.split(separator: "\n")
        #expect(lines.count == 3 && lines.allSatisfy { $0.contains("\"judge\":\"eve\"") || $0.contains("\"judge\": \"eve\"") })
        #expect(try project.run("pairs", "stats", "--judge", "human", "--quiet").output == "4\n")
        #expect(try vote(project, ["--name", "human"], typing: "").errors.contains("stands for all people"))
    }

    @Test("on a terminal single keys vote without Enter, and are not echoed")
    func keys() throws {
        let project = try project()
        let text = try Terminal.output(
            of: project, ["vote", "answers", "--name", "eve", "--count", "3"], columns: 60,
            keys: [
                ("? help", "1"), ("? help", "t"), ("? help", "u"), ("? help", "s"), ("? help", "2"), ("That was the last", "q"),
            ])
        #expect(text.contains("Kept: answer 1 is better.\r\n") && text.contains("Taken back.") && text.contains("Skipped."))
        #expect(text.contains("2 votes of 1 person on 2 pairs."))
    }

    @Test("people vote while a run goes on, and Ctrl-C loses nothing that was kept")
    func meanwhile() throws {
        let project = try project()
        let long = try project.start("run", "long")
        try long.read(until: "round 1/")
        let voter = try Running(project, ["vote", "answers", "--name", "eve"], input: "1\n2\n")
        #expect(voter.readToEnd().contains("2 votes of 1 person") && voter.end() == 0)
        long.interrupt()
        _ = long.readToEnd()
        #expect(long.end() == 130)
        let missing = try project.run("vote", "long")
        #expect(missing.code == 2 && missing.errors.contains("plays a game, whose referee decides"))
        #expect(try project.run("vote").errors.contains("has runs of answers, long: name the arena or the run."))
        #expect(try project.run("vote", "nowhere").code == 1)
    }
}
