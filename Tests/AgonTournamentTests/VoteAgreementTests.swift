import AgonCore
import AgonStore
import Testing

@testable import AgonTournament

@Suite("How far people agree with judges and with one another") struct VoteAgreementTests {
    private func votes(_ person: String, _ verdicts: [Verdict]) -> [PersonalVote] {
        verdicts.enumerated().map { room, verdict in
            PersonalVote(
                round: 1, room: room,
                vote: Vote(
                    judge: JudgeID(name: person), first: 0, second: 1, verdict: verdict,
                    straight: room.isMultiple(of: 2) ? verdict : nil, swapped: room.isMultiple(of: 2) ? nil : verdict),
                usedIn: room == 0 ? 2 : nil)
        }
    }

    /// Over six rooms `brutus` and `senate` always say first; `cassius` says first, first, tie, first, void, tie.
    private let rooms = VoteStore.rooms(8) { ["good \($0)", "bad \($0)"] }

    @Test("shares, κ and α of a small table are those worked out by hand, with ties and voids counted apart")
    func table() throws {
        let all = votes("eve", [.first, .second, .tie, .first, .first, .second]) + votes("bob", [.first, .first, .tie, .tie])
        let agreement = VoteAgreement(run: "r", votes: all, rooms: rooms)
        #expect(agreement.pairCount == 6 && agreement.people.map(\.name) == ["bob", "eve"])
        // Shown first in rooms 0, 2, 4 is the first seat, in 1, 3, 5 the second.
        let eve = agreement.people[1]
        #expect(eve.voteCount == 6 && eve.tieCount == 1 && eve.firstShownCount == 4 && eve.secondShownCount == 1 && eve.usedCount == 1)
        #expect(agreement.withJudges.map { "\($0.person)-\($0.other)" } == ["bob-brutus", "bob-cassius", "bob-senate", "eve-brutus", "eve-cassius", "eve-senate"])
        let brutus = agreement.withJudges[3]
        #expect(brutus.pairCount == 6 && brutus.sameCount == 3 && brutus.oneTieCount == 1 && brutus.voidCount == 0)
        #expect(brutus.agreement?.value == 0.5 && brutus.kappa?.value == 0)
        let cassius = agreement.withJudges[4]
        #expect(cassius.pairCount == 5 && cassius.voidCount == 1 && cassius.sameCount == 3 && cassius.oneTieCount == 1)
        // p_o = 3/5, p_e = 2/5 · 3/5 + 2/5 · 0 + 1/5 · 2/5 = 8/25, κ = 7/17.
        #expect(abs((cassius.kappa?.value ?? 9) - 7.0 / 17) < 1e-12)
        let pair = try #require(agreement.betweenPeople.first)
        // p_o = 2/4, p_e = 2/4 · 2/4 + 0 · 1/4 + 2/4 · 1/4 = 3/8, κ = 1/5.
        #expect(agreement.betweenPeople.count == 1 && pair.isWithPerson && pair.pairCount == 4 && pair.sameCount == 2 && pair.oneTieCount == 1)
        #expect(abs((pair.kappa?.value ?? 9) - 0.2) < 1e-12)
        // Eight values: first 4, tie 3, second 1; two pairs of four disagree. α = 1 − 7 · 4 / (64 − 16 − 9 − 1).
        #expect(agreement.alphaOfPeople.voteCount == 8 && abs((agreement.alphaOfPeople.value ?? 9) - (1 - 28.0 / 38)) < 1e-12)
        // bob 4, eve 6, brutus 6, cassius 5 without his void; the panel's verdicts are not counted again.
        #expect(agreement.alphaOfAll.voteCount == 21)
        for comparison in agreement.withJudges + agreement.betweenPeople {
            let (share, kappa) = (try #require(comparison.agreement), comparison.kappa)
            #expect(share.low < share.value && share.value < share.high)
            if let kappa { #expect(kappa.low <= kappa.value && kappa.value <= kappa.high) }
        }
    }

    @Test("text and JSON say the same, and nothing where nobody voted")
    func shown() throws {
        let agreement = VoteAgreement(run: "taste-1-aa", votes: votes("eve", [.first, .second]), rooms: rooms)
        let text = agreement.text(width: 100)
        #expect(text.hasPrefix("taste-1-aa: 2 votes of 1 person on 2 pairs.\n"))
        #expect(text.contains(#/\neve     brutus       2 +50\.0% \[/#) && text.hasSuffix("among people and judges (6 votes)."), "\(text)")
        #expect(text.split(separator: "\n").allSatisfy { DisplayText.width(String($0)) <= 100 })
        #expect(try JSONText.text(agreement).contains("\"sameCount\" : 1"))
        let none = VoteAgreement(run: "taste-1-aa", votes: [], rooms: [])
        #expect(none.text(width: 80) == "Nobody has voted on taste-1-aa yet." && none.alphaOfAll.value == nil)
    }

    @Test("a database gives the same numbers as its votes and rooms")
    func stored() throws {
        let folder = try PairFolder()
        let store = try VoteStore.make(in: folder, count: 8)
        var own = votes("eve", [.first, .second, .tie])
        for index in own.indices { own[index].usedIn = nil }
        try store.save(votes: own, run: VoteStore.run.id)
        #expect(try VoteAgreement.of(store, run: VoteStore.run.id) == VoteAgreement(run: VoteStore.run.id, votes: own, rooms: rooms))
    }
}
