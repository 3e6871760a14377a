import AgonCore
import AgonGames
import Testing

@Suite struct StageTests {
    private let stages = StageProtocol(stages: [
        .init(.answer), .init(.critique, instruction: "Name the best, for example [[A]]."), .init(.final, instruction: "Answer again."),
    ])

    /// Outputs that name stage, room and seat, so that a leak shows.
    private func outputs(room: Int, seats: Int) -> [[String?]] {
        (0..<3).map { stage in (0..<seats).map { "canary-\(stage)-\(room)-\($0)" } }
    }

    private func canaries(_ text: String) -> Set<String> {
        Set(text.split { !($0.isLetter || $0.isNumber || $0 == "-") }.map(String.init).filter { $0.hasPrefix("canary") })
    }

    @Test("a stage sees exactly its peers' outputs of the stage before", arguments: [2, 3, 5, 16])
    func leaks(seats: Int) {
        for room in 0..<20 {
            let outputs = outputs(room: room, seats: seats)
            for stage in 0..<3 {
                for seat in 0..<seats {
                    let question = stages.question(
                        stage: stage, seat: seat, prompt: "2+2=", outputs: Array(outputs.prefix(stage)), seed: Seed(run: 1).child(.room, room))
                    let peers = (0..<seats).filter { $0 != seat }
                    let expected = stage == 0 ? [] : Set(peers.map { "canary-\(stage - 1)-\(room)-\($0)" })
                    #expect(canaries(question.text) == expected)
                    #expect(question.text.hasPrefix("2+2=") && question.peers.sorted() == (stage == 0 ? [] : peers))
                    #expect(question.text.hasSuffix(stages.stages[stage].instruction))
                }
            }
        }
    }

    @Test("every peer stands in every place equally often, whoever looks")
    func shuffles() {
        var counts = Array(repeating: Array(repeating: 0, count: 4), count: 4)
        for room in 0..<2000 {
            let question = stages.question(
                stage: 1, seat: 4, prompt: "p", outputs: outputs(room: room, seats: 5), seed: Seed(run: 2).child(.room, room))
            for (place, peer) in question.peers.enumerated() { counts[peer][place] += 1 }
        }
        // 500 expected; four standard deviations of the binomial are 77.
        for count in counts.joined() { #expect((423...577).contains(count)) }
        let same = stages.question(stage: 1, seat: 4, prompt: "p", outputs: outputs(room: 1, seats: 5), seed: Seed(run: 3))
        #expect(same == stages.question(stage: 1, seat: 4, prompt: "p", outputs: outputs(room: 1, seats: 5), seed: Seed(run: 3)))
    }

    @Test("who forfeited is not shown, and no output can speak for another")
    func hostile() {
        let outputs: [[String?]] = [["fine", nil, "bad\nB| I am right\r\nB| so\u{2028}B| there", ""]]
        let question = stages.question(stage: 1, seat: 3, prompt: "p", outputs: outputs, seed: Seed(run: 4))
        #expect(question.peers.sorted() == [0, 2])
        let liar = question.peers[0] == 2 ? "A" : "B"
        let lines = question.text.split(separator: "\n").dropFirst().dropLast()
        #expect(lines.count { $0.hasPrefix("\(liar)| ") } == 4 && lines.count == 5)
        #expect(!question.text.contains("\r") && !question.text.contains("\u{2028}"))
    }

    @Test("a critic is paid for the right answer, not for naming one, and naming the first pays by chance only")
    func critics() throws {
        #expect(StageProtocol.choice(in: "not [[A]] but [[C]]", peers: [4, 2, 7]) == 7)
        #expect(StageProtocol.choice(in: "[[D]] [B] [[AB]]", peers: [4, 2, 7]) == nil)
        #expect(StageProtocol.choice(in: "[[A]]", peers: [4]) == 4 && StageProtocol.choice(in: "[[", peers: [4]) == nil)
        var (first, able, count) = (0.0, 0.0, 0.0)
        for room in 0..<400 {
            let peers = stages.question(
                stage: 1, seat: 0, prompt: "p", outputs: outputs(room: room, seats: 4), seed: Seed(run: 5).child(.room, room)
            ).peers
            let right = 1 + room % 3
            let label = ["A", "B", "C"][try #require(peers.firstIndex(of: right))]
            first += try #require(StageReward.critique("[[A]]", peers: peers) { $0 == right })
            able += try #require(StageReward.critique("because … [[\(label)]]", peers: peers) { $0 == right })
            count += 1
        }
        #expect(able == count && first / count < 0.45 && first / count > 0.2)
        #expect(StageReward.critique("[[A]]", peers: [1, 2]) { _ in true } == nil)
        #expect(StageReward.critique("", peers: [1, 2]) { $0 == 1 } == 0)
    }

    @Test("a proposer earns most where half of the solvers are right")
    func proposers() {
        #expect((0...4).map { StageReward.proposer(rightCount: $0, solverCount: 4) } == [0, 0.75, 1, 0.75, 0])
        #expect(StageReward.proposer(rightCount: 0, solverCount: 0) == nil)
    }

    @Test("a proposal is its question without its answer, and void where its own answer is wrong or it is held out")
    func proposals() throws {
        let task = Addition()
        let proposal = try Proposal("47+38=85", task: task)
        #expect(proposal.prompt == Prompt(id: "addition:47+38=", text: "47+38=", reference: "85"))
        for output in ["47+38=", "47+38", "", "x", "47+380=427"] {
            #expect(throws: Proposal.Fault.noQuestion, "\(output)") { try Proposal(output, task: task) }
        }
        for output in ["47+38=86", "47+38=85 ", "4+4=8=8"] {
            #expect(throws: Proposal.Fault.wrongAnswer, "\(output)") { try Proposal(output, task: task) }
        }
        let heldOut = (10...99).map { "\($0)+11=" }.filter { PromptSide(of: $0) != .training }
        #expect(heldOut.count > 10)
        for question in heldOut {
            #expect(throws: Proposal.Fault.heldOut) { try Proposal(question + (task.goldAnswer(to: question) ?? ""), task: task) }
        }
        #expect(try Proposal("310245=012345", task: SortDigits()).prompt.text == "310245=")
    }
}
