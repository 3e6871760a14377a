import AgonCore
import AgonStore
import Testing

@testable import AgonTournament

@Suite("People at the ballot") struct VotingTests {
    private func session(_ store: ArenaStore, _ person: String = "eve", count: Int = 30, seed: UInt64 = 1) throws -> VotingSession {
        try VotingSession(
            store: store, run: VoteStore.run, options: VotingOptions(person: person, count: count, seed: seed))
    }

    /// Votes for the answer that begins with `good`, wherever it is shown, until the end.
    private func voteForGood(_ session: inout VotingSession, upTo limit: Int = .max) throws -> [VotingSession.Question] {
        var asked: [VotingSession.Question] = []
        while asked.count < limit, let question = try session.question() {
            asked.append(question)
            let key: VotingSession.Key = question.answers[0].hasPrefix("good") ? .first : .second
            #expect(try session.take(key) == .kept(key))
        }
        return asked
    }

    @Test("both orders occur, and the stored vote names the right seat in both, with the order in which it was shown")
    func orders() throws {
        let folder = try PairFolder()
        let store = try VoteStore.make(in: folder)
        var session = try session(store)
        let asked = try voteForGood(&session)
        #expect(asked.map(\.number) == Array(1...12) && asked.allSatisfy { $0.count == 12 })
        let isSwapped = asked.map { $0.answers[0].hasPrefix("bad") }
        #expect(Set(isSwapped) == [true, false])
        let votes = try store.personalVotes(run: VoteStore.run.id)
        #expect(votes.count == 12)
        for vote in votes {
            let place = try #require(asked.firstIndex { $0.prompt == "question \(vote.room)" })
            #expect(vote.vote.judge == JudgeID(name: "eve") && vote.vote.verdict == .first)
            #expect(vote.vote.straight == (isSwapped[place] ? nil : .first))
            #expect(vote.vote.swapped == (isSwapped[place] ? .first : nil))
        }
    }

    @Test("who comes back is asked the rest in the same order, and another person everything in that order too")
    func resumed() throws {
        let folder = try PairFolder()
        let store = try VoteStore.make(in: folder)
        var whole = try session(store, "other")
        let all = try voteForGood(&whole)
        var first = try session(store)
        let seen = try voteForGood(&first, upTo: 5)
        var second = try session(try ArenaStore(path: folder.path + "/arena.sqlite"))
        #expect(second.questionCount == 7 && second.wantedCount == 12)
        let rest = try voteForGood(&second)
        #expect((seen + rest).map(\.prompt) == all.map(\.prompt))
        #expect((seen + rest).map(\.answers) != all.map(\.answers))
        #expect(try session(store).questionCount == 0)
        #expect(try session(store, "third", count: 4, seed: 2).questionCount == 4)
        var reseeded = try session(store, "third", seed: 2)
        #expect(try voteForGood(&reseeded).map(\.prompt) != all.map(\.prompt))
    }

    @Test("undo takes the last vote back, steps over a skip, and leaves what a round has learned from")
    func undo() throws {
        let folder = try PairFolder()
        let store = try VoteStore.make(in: folder)
        var session = try session(store)
        #expect(try session.take(.undo) == .nothingToUndo)
        let first = try session.question()
        #expect(try session.take(.tie) == .kept(.tie))
        #expect(try store.personalVotes(run: VoteStore.run.id).map(\.vote.verdict) == [.tie])
        #expect(try session.take(.skip) == .skipped)
        #expect(try session.take(.undo) == .undone && session.keptCount == 1)
        #expect(try session.take(.undo) == .undone && session.keptCount == 0)
        #expect(try session.question() == first && store.personalVotes(run: VoteStore.run.id).isEmpty)
        #expect(try session.take(.quit) == nil && session.take(.help) == nil)
        _ = try voteForGood(&session)
        let used = try store.takeVotes(run: VoteStore.run.id, round: 2)
        #expect(used.map(\.room) == [0, 4, 8])
        var outcomes: [VotingSession.Outcome?] = []
        repeat { outcomes.append(try session.take(.undo)) } while outcomes.last == .undone
        #expect(outcomes.last == .stays)
        #expect(try session.take(.undo) == .stays)
        #expect(session.keptCount == 12 - (outcomes.count - 1))
        #expect(try store.personalVotes(run: VoteStore.run.id).count == session.keptCount)
    }

    @Test("nothing that is shown tells an agent or a judge, and texts cannot steer the terminal or look like headings")
    func blind() throws {
        let folder = try PairFolder()
        let store = try VoteStore.make(in: folder, count: 3) { index in
            ["\u{1B}[2Janswer 2\nanswer 2\r\u{202E}x", String(repeating: "long words ", count: 40) + "\(index) " + String(repeating: "w", count: 70)]
        }
        var session = try session(store)
        while let question = try session.question() {
            let text = VoteText(width: 40).question(question)
            for name in VoteStore.names + VoteStore.judges { #expect(!text.contains(name)) }
            #expect(!text.contains { $0 == "\u{1B}" || $0 == "\r" || $0 == "\u{202E}" })
            let lines = text.split(separator: "\n")
            #expect(lines.count { $0 == "answer 2" } == 1 && lines.contains("│ answer 2␍⟨U+202E⟩x"))
            #expect(lines.allSatisfy { DisplayText.width(String($0)) <= 40 })
            #expect(lines.contains("│ " + String(repeating: "w", count: 38)))
            #expect(lines[0] == "\(question.number) of 3")
            _ = try session.take(.skip)
        }
        #expect(VoteText(width: 40, isColoured: true).question(.init(number: 1, count: 1, prompt: "p", answers: ["a", "b"])).contains("\u{1B}[1mprompt"))
    }

    @Test("pairs are chosen by agents and by whether judges disagree; equal answers are never asked")
    func chosen() throws {
        let folder = try PairFolder()
        let store = try VoteStore.make(in: folder) { $0 < 6 ? ["same", "same "] : ["good", "bad \($0)"] }
        func count(_ agents: [String] = [], contested: Bool = false) throws -> Int {
            try VotingSession(
                store: store, run: VoteStore.run,
                options: VotingOptions(person: "eve", agents: agents, isContestedOnly: contested)
            ).questionCount
        }
        #expect(try count() == 6 && count(["zephyrine"]) == 6 && count(VoteStore.names) == 6)
        // Of rooms 6 to 11 the second member said a tie in room 8 and in 11, and could not read room 9.
        #expect(try count(contested: true) == 2)
        #expect { try count(["zephyrin"]) } throws: { "\($0)".contains("did you mean `zephyrine`?") }
    }

    @Test("canary rooms come first where the run learns from votes")
    func canaries() throws {
        let folder = try PairFolder()
        var run = VoteStore.run
        run.configuration = "name: taste\njudge: {kind: panel, gold: votes}\n"
        let store = try VoteStore.make(in: folder, run: run)
        var session = try VotingSession(store: store, run: run, options: VotingOptions(person: "eve", count: 4))
        let rooms = try voteForGood(&session).map(\.prompt)
        #expect(Set(rooms.prefix(3)) == ["question 0", "question 4", "question 8"])
    }

    @Test(
        "names that would be taken for something else are refused",
        arguments: [
            ("human", "stands for all people"), ("brutus", "is a judge of this run"), ("senate", "is a judge"), ("", "cannot be a voter's name"),
            ("a b", "cannot be"), ("a\u{1B}", "cannot be"), (String(repeating: "x", count: 41), "cannot be"),
        ])
    func names(name: String, sentence: String) throws {
        let folder = try PairFolder()
        let store = try VoteStore.make(in: folder)
        #expect { try session(store, name) } throws: { "\($0)".contains(sentence) }
    }

    @Test("where there is nothing to vote on a sentence says why")
    func nothing() throws {
        let folder = try PairFolder()
        var game = VoteStore.run
        (game.id, game.arena, game.configuration) = ("chess-1-bb", "chess", "name: chess\ngame: tic-tac-toe\n")
        let store = try VoteStore.make(in: folder, isClosed: false)
        #expect { try session(store) } throws: { "\($0)".contains("has no closed round yet") }
        #expect(try VotableRun.find(nil, in: store) == VoteStore.run)
        try store.begin(run: game, entrants: [], versions: [])
        #expect { try VotingSession(store: store, run: game, options: VotingOptions(person: "eve")) } throws: {
            "\($0)".contains("whose referee decides")
        }
        #expect(try VotableRun.find("taste", in: store) == VoteStore.run && VotableRun.find("chess-1-bb", in: store) == game)
        #expect { try VotableRun.find(nil, in: store) } throws: { "\($0)".contains("has runs of chess, taste: name the arena or the run") }
        #expect { try VotableRun.find("tast", in: store) } throws: { "\($0)".contains("did you mean `taste`?") }
    }
}
