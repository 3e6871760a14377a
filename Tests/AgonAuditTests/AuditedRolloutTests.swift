import AgonAudit
import AgonCore
import Testing

/// What the checks say of one rollout.
@Suite struct AuditedRolloutTests {
    /// Two answers, the first ended by token 0, the second at its limit.
    private let honest = AuditedRollout(
        tokens: [9, 5, 0, 7, 4, 4],
        answers: [
            AuditedAnswer(start: 1, count: 2, limit: 8, endTokens: [0]), AuditedAnswer(start: 4, count: 2, limit: 2, endTokens: [0]),
        ], logProbs: [-1, -0.5, -2, -0.25])

    @Test("an honest rollout holds")
    func holds() {
        #expect(honest.endingComplaint == nil)
        #expect(honest.drawComplaint(drawn: [5, 0, 4, 4]) == nil)
        #expect(honest.logProbComplaint(replayed: honest.logProbs, bound: 0) == nil)
    }

    @Test("an answer that is cut, or has no token, did not end")
    func endings() throws {
        var cut = honest
        cut.answers[0] = AuditedAnswer(start: 1, count: 1, limit: 8, endTokens: [0])
        #expect(try #require(cut.endingComplaint).expected == "an end token or 8 tokens")
        cut.answers[0].limit = 1
        #expect(cut.endingComplaint == nil)
        cut.answers[1].count = 0
        #expect(cut.endingComplaint?.seen == "answer 2 of 2 stops after 0")
        cut.answers[1].limit = 0
        #expect(cut.endingComplaint == nil)
    }

    @Test("the first token that the seed does not draw is named, and how many there are")
    func draws() throws {
        let complaint = try #require(honest.drawComplaint(drawn: [5, 0, 3, -1]))
        #expect(complaint.check == .draw && complaint.expected == "token 3 as own token 3 of 4")
        #expect(complaint.seen == "token 4; 2 of 4 are not what the seed draws")
    }

    @Test("log-probabilities agree to the bit, or within a bound; what is no number never does")
    func logProbs() {
        var replayed = honest.logProbs
        replayed[2] = replayed[2].nextUp
        #expect(honest.logProbComplaint(replayed: replayed, bound: 0)?.check == .logProb)
        #expect(honest.logProbComplaint(replayed: replayed, bound: 1e-4) == nil)
        replayed[2] += 2e-4
        #expect(honest.logProbComplaint(replayed: replayed, bound: 1e-4) != nil)
        var broken = honest
        broken.logProbs[0] = .nan
        #expect(broken.logProbComplaint(replayed: honest.logProbs, bound: 1e9) != nil)
        broken.logProbs = [-1]
        #expect(broken.logProbComplaint(replayed: honest.logProbs, bound: 1e9)?.seen == "1")
    }
}

/// What honest machines differ by, and what bounds follow.
@Suite struct AuditBoundTests {
    @Test("a bound is ten times above the honest maximum, or there is none")
    func bounds() {
        let honest = Deviations((1...2000).map { Double($0) * 1e-9 }, mismatchCount: 0)
        #expect(honest.tokenCount == 2000 && abs(honest.median - 1e-6) < 2e-9 && abs(honest.high - 1.998e-6) < 2e-9)
        #expect(abs(honest.maximum - 2e-6) < 1e-15)
        #expect(AuditBound(nats: 1e-4, above: honest)?.nats == 1e-4)
        #expect(AuditBound(nats: 1.9e-5, above: honest) == nil)
        #expect(AuditBound(nats: -1, above: Deviations([], mismatchCount: 0)) == nil)
        #expect(AuditBound(nats: 0, above: Deviations([0, 0], mismatchCount: 0)) == .exact)
        #expect(AuditBound(nats: 1, above: Deviations([.nan], mismatchCount: 0)) == nil)
    }
}

/// Equal rollouts at different addresses.
@Suite struct CopiesTests {
    private func sequence(_ own: Int32...) -> TokenSequence { TokenSequence(prompt: [1], completion: own) }

    @Test("the later of two equal rollouts is named where chance does not explain it, and never the one that was there first")
    func copies() {
        let copies = Copies([sequence(1, 2), sequence(3), nil, sequence(1, 2), sequence(3), nil])
        #expect(copies.improbable { $0 == 0 || $0 == 3 ? -40 : -3 }.map { [$0.copy, $0.source] } == [[3, 0]])
        #expect(copies.other(than: 0) == 3 && copies.other(than: 3) == 0 && copies.other(than: 2) == nil)
    }

    @Test("a rollout that was confirmed is no copy, however improbable it is")
    func confirmed() {
        #expect(Copies([sequence(1), sequence(1)]).improbable { _ in nil }.isEmpty)
    }

    @Test("honest policies that say few different things are never named")
    func collisions() {
        // A thousand answers, each one of eight with probability 1/8.
        var generator = SeededGenerator(Seed(run: 1))
        let answers = (0..<1000).map { _ in sequence(Int32(generator.index(below: 8))) }
        #expect(Copies(answers).improbable { _ in -2.08 }.isEmpty)
    }
}
