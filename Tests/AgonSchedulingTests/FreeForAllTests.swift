import AgonCore
import AgonScheduling
import Testing

@Suite struct FreeForAllTests {
    @Test("everyone sits in every room, learners several times")
    func counts() {
        let scheduler = FreeForAll(roomCount: 9, seatsPerLearner: 3)
        let pairings = scheduler.pairings(round: 1, entrants: mixedField, seed: Seed(run: 1))
        #expect(pairings.count == 9)
        #expect(pairings.map(\.group) == Array(0..<9))
        let expected = ["ada", "ada", "ada", "basho", "basho", "basho", "perfect", "random", "rookie", "veteran"]
        for pairing in pairings { #expect(pairing.seats.sorted() == expected) }
    }

    @Test("each agent sits everywhere about equally often")
    func balance() {
        let scheduler = FreeForAll(roomCount: 3000, seatsPerLearner: 1)
        let pairings = scheduler.pairings(round: 1, entrants: mixedField, seed: Seed(run: 2))
        for entrant in mixedField {
            for seat in mixedField.indices {
                // 500 expected; four standard deviations of the binomial are 82.
                let count = pairings.count { $0.seats[seat] == entrant.name }
                #expect((418...582).contains(count), "\(entrant.name) in seat \(seat)")
            }
        }
    }

    @Test("a room's seats do not depend on how many rooms there are")
    func roomsAreIndependent() {
        let few = FreeForAll(roomCount: 5, seatsPerLearner: 2)
        let many = FreeForAll(roomCount: 50, seatsPerLearner: 2)
        let all = many.pairings(round: 6, entrants: mixedField, seed: Seed(run: 3))
        #expect(few.pairings(round: 6, entrants: mixedField, seed: Seed(run: 3)) == Array(all.prefix(5)))
    }
}
