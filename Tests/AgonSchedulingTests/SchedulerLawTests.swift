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
        Gauntlet(roomsPerPairing: 4), Gauntlet(challengers: ["random", "ada"], roomsPerPairing: 2),
        TableRotation(seatCount: 3, roomsPerTable: 6, baselineRoomsPerTable: 2), TableRotation(seatCount: 2, roomsPerTable: 4, baselineRoomsPerTable: 0),
    ]
    /// Those whose meetings depend on the round, on chance or on what was played.
    private let movingSchedulers: [any Scheduler] = [
        Swiss(roundCount: 5), Swiss(roomsPerPairing: 4), Knockout(), Knockout(seeds: ["random", "ada"], bestOf: 4),
        Ladder(window: 400), SelfPlay(roomsPerLearner: 6), Budget(roomsPerRound: 20),
    ]
    private let fields = (0...mixedField.count).map { Array(mixedField.prefix($0)) }

    /// Two rounds of the mixed field, with ratings and versions.
    private var history: ScheduleHistory {
        var history = ScheduleHistory(
            ratings: ["ada": 1100, "basho": 1040, "perfect": 1300, "random": 700], newestVersions: ["ada": 4, "basho": 2])
        let results = [("ada", "random", 1.0), ("basho", "perfect", 0), ("rookie", "veteran", 0.5), ("ada", "perfect", 0.5)]
        for (room, result) in results.enumerated() {
            history.record(
                Match(
                    round: 1 + room / 3, room: room, cluster: room, first: PolicyID(agent: result.0, version: 0),
                    second: PolicyID(agent: result.1, version: 0), score: result.2))
        }
        return history
    }

    @Test("the same round, entrants, history and seed give the same pairings, as many as were announced")
    func pure() {
        for scheduler in schedulers + movingSchedulers {
            for field in fields {
                for history in [ScheduleHistory(), history] {
                    let schedule = scheduler.schedule(round: 3, entrants: field, history: history, seed: Seed(run: 1))
                    let pairings = Array(schedule)
                    #expect(pairings.count == schedule.count)
                    #expect(pairings == Array(schedule), "a second walk differs")
                    #expect(pairings == scheduler.pairings(round: 3, entrants: field, history: history, seed: Seed(run: 1)))
                    #expect(Array(schedule.dropFirst(3)) == Array(pairings.dropFirst(3)))
                }
            }
        }
    }

    @Test("what was played in a round or after it does not change that round")
    func onlyThePastCounts() {
        let history = history
        let late = Match(
            round: 3, room: 0, cluster: 0, first: PolicyID(agent: "ada", version: 0),
            second: PolicyID(agent: "basho", version: 0), score: 1)
        var later = history
        later.record(late)
        for scheduler in movingSchedulers where !(scheduler is SelfPlay) {
            #expect(
                scheduler.pairings(round: 3, entrants: mixedField, history: later, seed: Seed(run: 8))
                    == scheduler.pairings(round: 3, entrants: mixedField, history: history, seed: Seed(run: 8)))
        }
        #expect(later.before(round: 3).rounds == history.rounds)
    }

    @Test("a prompt and its return stand together, with the seats changed and the versions with them")
    func returns() {
        for scheduler in movingSchedulers {
            let pairings = scheduler.pairings(round: 2, entrants: mixedField, history: history, seed: Seed(run: 9))
            for first in stride(from: 0, to: pairings.count, by: 2) {
                #expect(pairings[first].group == first / 2 && pairings[first + 1].group == first / 2)
                #expect(pairings[first].seats == pairings[first + 1].seats.reversed())
                #expect(pairings[first].versions == pairings[first + 1].versions.reversed())
            }
        }
    }

    @Test("the order of the list of entrants decides nothing")
    func listOrderIsIrrelevant() {
        for scheduler in schedulers + movingSchedulers {
            let expected = scheduler.pairings(round: 2, entrants: mixedField, history: history, seed: Seed(run: 2))
            for index in 0..<20 {
                var generator = SeededGenerator(Seed(run: 3).child(.shuffle, index))
                let field = generator.shuffled(mixedField)
                #expect(scheduler.pairings(round: 2, entrants: field, history: history, seed: Seed(run: 2)) == expected)
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
        for scheduler in schedulers + movingSchedulers {
            for field in fields {
                let pairings = scheduler.pairings(round: 1, entrants: field, seed: Seed(run: 6))
                for pairing in pairings {
                    #expect(Set(pairing.seats).count > 1 || scheduler is SelfPlay)
                    #expect(Set(pairing.seats).isSubset(of: field.map(\.name)))
                }
                if field.count < 2 { #expect(pairings.isEmpty || scheduler is SelfPlay) }
            }
        }
    }

    @Test("groups are numbered from 0 without gaps, in room order, and hold the same agents")
    func groups() {
        for scheduler in schedulers + movingSchedulers {
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
