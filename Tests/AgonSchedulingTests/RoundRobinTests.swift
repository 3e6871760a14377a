import AgonCore
import AgonScheduling
import Testing

@Suite struct RoundRobinTests {
    private func roomCounts(_ pairings: [Pairing]) -> [Set<String>: Int] {
        pairings.reduce(into: [:]) { $0[Set($1.seats), default: 0] += 1 }
    }

    @Test("pairs that can train have their rooms, all others the baseline's")
    func counts() {
        let scheduler = RoundRobin(roomsPerPairing: 16, baselineRoomsPerPairing: 4)
        let counts = roomCounts(scheduler.pairings(round: 1, entrants: mixedField, seed: Seed(run: 1)))
        #expect(counts.count == 15)
        let training: Set<Set<String>> = [
            ["ada", "basho"], ["ada", "rookie"], ["ada", "veteran"], ["basho", "rookie"], ["basho", "veteran"],
        ]
        for (pair, count) in counts { #expect(count == (training.contains(pair) ? 16 : 4), "\(pair)") }
    }

    @Test("odd counts are rounded up to even ones, and none stays none")
    func rounding() {
        let odd = RoundRobin(roomsPerPairing: 5, baselineRoomsPerPairing: 0)
        let counts = roomCounts(odd.pairings(round: 1, entrants: mixedField, seed: Seed(run: 1)))
        #expect(counts.count == 5)
        #expect(counts.values.allSatisfy { $0 == 6 })
        let none = RoundRobin(roomsPerPairing: 0, baselineRoomsPerPairing: 0)
        #expect(none.pairings(round: 1, entrants: mixedField, seed: Seed(run: 1)).isEmpty)
    }

    @Test("every group is a room and its return room with the seats changed")
    func returnRooms() {
        let scheduler = RoundRobin(roomsPerPairing: 6, baselineRoomsPerPairing: 2)
        let pairings = scheduler.pairings(round: 4, entrants: mixedField, seed: Seed(run: 2))
        for first in stride(from: 0, to: pairings.count, by: 2) {
            #expect(pairings[first].group == first / 2 && pairings[first + 1].group == first / 2)
            #expect(pairings[first].seats == pairings[first + 1].seats.reversed())
            #expect(pairings[first].seats.count == 2)
        }
        for entrant in mixedField {
            let seats = pairings.compactMap { $0.seats.firstIndex(of: entrant.name) }
            #expect(seats.count { $0 == 0 } == seats.count { $0 == 1 })
        }
    }

    @Test("a turn of the circle lets everyone meet everyone once, no one twice in a step", arguments: 2...9)
    func circle(entrantCount: Int) {
        let field = (0..<entrantCount).map { Entrant(name: "agent\($0)", role: .learner) }
        let scheduler = RoundRobin(roomsPerPairing: 4, baselineRoomsPerPairing: 0)
        let pairings = scheduler.pairings(round: 1, entrants: field, seed: Seed(run: 3))
        let pairCount = entrantCount * (entrantCount - 1) / 2
        #expect(pairings.count == 4 * pairCount)
        let games = stride(from: 0, to: pairings.count, by: 2).map { pairings[$0].seats }
        #expect(Set(games.prefix(pairCount).map(Set.init)).count == pairCount)
        #expect(Set(games.suffix(pairCount).map(Set.init)).count == pairCount)
        let step = entrantCount / 2
        for start in stride(from: 0, to: games.count, by: step) {
            #expect(Set(games[start..<start + step].joined()).count == 2 * step)
        }
    }
}
