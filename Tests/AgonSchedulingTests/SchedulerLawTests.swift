import AgonCore
import AgonScheduling
import Testing

/// Two learners, two anchors, two scripted: every kind of pair is there.
let mixedField = [
    Entrant(name: "ada", role: .learner), Entrant(name: "basho", role: .learner),
    Entrant(name: "rookie", role: .anchor), Entrant(name: "veteran", role: .anchor),
    Entrant(name: "random", role: .scripted), Entrant(name: "perfect", role: .scripted),
]

/// What every scheduler must obey, over fields of every size.
@Suite struct SchedulerLawTests {
    private let schedulers: [any Scheduler] = [
        RoundRobin(roomsPerPairing: 6, baselineRoomsPerPairing: 2),
        RoundRobin(roomsPerPairing: 3, baselineRoomsPerPairing: 0),
        FreeForAll(roomCount: 12, seatsPerLearner: 2), FreeForAll(roomCount: 5, seatsPerLearner: 1),
    ]
    private let fields = (0...mixedField.count).map { Array(mixedField.prefix($0)) }

    @Test("the same round, entrants and seed give the same pairings")
    func pure() {
        for scheduler in schedulers {
            for field in fields {
                let pairings = scheduler.pairings(round: 3, entrants: field, seed: Seed(run: 1))
                #expect(pairings == scheduler.pairings(round: 3, entrants: field, seed: Seed(run: 1)))
            }
        }
    }

    @Test("the order of the list of entrants decides nothing")
    func listOrderIsIrrelevant() {
        for scheduler in schedulers {
            let expected = scheduler.pairings(round: 2, entrants: mixedField, seed: Seed(run: 2))
            for index in 0..<20 {
                var generator = SeededGenerator(Seed(run: 3).child(.shuffle, index))
                let field = generator.shuffled(mixedField)
                #expect(scheduler.pairings(round: 2, entrants: field, seed: Seed(run: 2)) == expected)
            }
        }
    }

    @Test("another round or seed changes the order, and not who meets whom how often")
    func meetingsAreFixed() {
        for scheduler in schedulers {
            let first = scheduler.pairings(round: 1, entrants: mixedField, seed: Seed(run: 4))
            for (round, run) in [(2, 4), (1, 5), (90, 4)] {
                let other = scheduler.pairings(round: round, entrants: mixedField, seed: Seed(run: UInt64(run)))
                #expect(other != first)
                #expect(meetings(other) == meetings(first))
            }
        }
    }

    @Test("nobody meets only itself, and nobody is made up")
    func nobodyIsAlone() {
        for scheduler in schedulers {
            for field in fields {
                let pairings = scheduler.pairings(round: 1, entrants: field, seed: Seed(run: 6))
                for pairing in pairings {
                    #expect(Set(pairing.seats).count > 1)
                    #expect(Set(pairing.seats).isSubset(of: field.map(\.name)))
                }
                if field.count < 2 { #expect(pairings.isEmpty) }
            }
        }
    }

    @Test("groups are numbered from 0 without gaps, in room order, and hold the same agents")
    func groups() {
        for scheduler in schedulers {
            let pairings = scheduler.pairings(round: 1, entrants: mixedField, seed: Seed(run: 7))
            #expect(pairings.first?.group == 0)
            for (left, right) in zip(pairings, pairings.dropFirst()) {
                #expect(right.group == left.group || right.group == left.group + 1)
                if left.group == right.group { #expect(left.seats.sorted() == right.seats.sorted()) }
            }
        }
    }

    private func meetings(_ pairings: [Pairing]) -> [[String]: Int] {
        pairings.reduce(into: [:]) { $0[$1.seats.sorted(), default: 0] += 1 }
    }
}
