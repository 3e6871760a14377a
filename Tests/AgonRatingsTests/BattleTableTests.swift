import AgonCore
import Testing

@testable import AgonRatings

struct BattleTableTests {
    static func random(_ count: Int, players: Int, seed: Int, roomsOf size: Int = 2) -> BattleLog {
        var generator = SeededGenerator(Seed(run: UInt64(seed)))
        var log = BattleLog()
        for _ in 0..<count {
            let names = generator.shuffled((0..<players).map { "p\($0)" }).prefix(size)
            let seats = names.map { log.player($0) }
            log.addRoom(seats, ranks: seats.map { _ in Int32(generator.index(below: 3)) })
        }
        return log
    }

    @Test(arguments: [2, 4]) func `merging tables equals concatenating logs, in any cut`(size: Int) {
        let one = Self.random(300, players: 9, seed: 1, roomsOf: size)
        let other = Self.random(200, players: 12, seed: 2, roomsOf: size)
        var both = one
        both.add(other)
        #expect(BattleTable(merging: [one.table(), other.table()]) == both.table())
        #expect(both.table().battleCount == 500 * size * (size - 1) / 2)
        #expect(BattleTable(merging: [both.table()]) == both.table())
    }

    @Test func `order and direction of battles do not matter`() {
        let log = Self.random(400, players: 7, seed: 3)
        var turned = BattleTable.Builder()
        for room in (0..<log.roomCount).reversed() {
            let seats = log.room(room)
            let names = seats.map { log.names[Int(log.seats[$0])] }
            turned.add(
                first: turned.player(names[1]), second: turned.player(names[0]),
                outcome: BattleOutcome(Int32(log.ranks[seats.lowerBound + 1]), Int32(log.ranks[seats.lowerBound])))
        }
        #expect(turned.table() == log.table())
    }

    @Test func `many players overflow the triangle into the same table`() {
        var builder = BattleTable.Builder(triangleLimit: 16)
        for index in 0..<19 { _ = builder.player("p\(index)") }
        let last: Int32 = 18
        builder.add(first: last, second: 0, outcome: .win)
        builder.add(first: 0, second: last, outcome: .tie, count: 2)
        builder.add(first: 1, second: 0, outcome: .loss)
        let table = builder.table()
        #expect(table.pairs.count == 2 && table.battleCount == 4)
        let pair = table.pairs.first { $0.ties == 2 }
        #expect(pair.map { $0.wins + $0.losses } == 1 && pair.map { $0.points } == 1, "p0 comes first and lost once")
    }

    @Test func `counts overflow their 16 bits into the same table`() {
        var builder = BattleTable.Builder()
        let (a, b) = (builder.player("a"), builder.player("b"))
        builder.add(first: a, second: b, outcome: .win, count: 65_530)
        for _ in 0..<10 { builder.add(first: b, second: a, outcome: .loss) }
        builder.add(first: a, second: b, outcome: .tie, count: 200_000)
        let table = BattleTable(merging: [builder.table(), builder.table()])
        #expect(table.pairs.map { [$0.wins, $0.ties, $0.losses] } == [[131_080, 400_000, 0]])
        #expect(table.singles.count == 1 && table.battleCount == 531_080)
    }

    @Test func `a panel's fractional score is both outcomes in one room`() throws {
        var match = Match(round: 1, room: 0, cluster: 5, first: policy("a"), second: policy("b"), score: 0.75)
        let table = try BattleTable([match])
        #expect(table.pairs.map { [$0.wins, $0.ties, $0.losses] } == [[0.75, 0, 0.25]])
        #expect(table.roomCount == 1 && table.singles[0].weight == 0)
        match.score = .infinity
        #expect(throws: RatingError.self) { try BattleTable([match]) }
    }

    @Test func `rooms of one number are one room, a lone battle is none`() {
        var builder = BattleTable.Builder()
        let (a, b, c) = (builder.player("a"), builder.player("b"), builder.player("c"))
        builder.add(first: a, second: b, outcome: .win, weight: 1, room: 7)
        builder.add(first: b, second: c, outcome: .tie, weight: 1, room: 9)
        var later = BattleTable.Builder()
        let (x, y) = (later.player("b"), later.player("a"))
        later.add(first: x, second: y, outcome: .win, weight: 1, room: 7)
        builder.add(later)
        let table = builder.table()
        #expect(table.roomCount == 1 && table.roomBattles.count == 2)
        #expect(table.singles.map(\.weight) == [0, 1])
    }

    @Test func `islands, one-way groups, the winless and the perfect are found`() {
        var builder = BattleTable.Builder()
        func play(_ winner: String, _ loser: String) {
            builder.add(first: builder.player(winner), second: builder.player(loser), outcome: .win)
        }
        for (winner, loser) in [("a", "b"), ("b", "c"), ("c", "a"), ("a", "w"), ("p", "b"), ("x", "y"), ("y", "x")] {
            play(winner, loser)
        }
        let table = builder.table()
        let graph = Connectivity(table)
        #expect(table.names == ["a", "b", "c", "p", "w", "x", "y"])
        #expect(graph.island == [0, 0, 0, 0, 0, 1, 1] && graph.islandCount == 2)
        #expect(graph.strongComponentCount == 4 && !graph.hasEstimate)
        #expect(graph.isWinless == [false, false, false, false, true, false, false])
        #expect(graph.isPerfect == [false, false, false, true, false, false, false])
        #expect(graph.isSeparated == [false, false, false, true, true, false, false])
    }

    @Test func `a tie counts both ways for existence`() {
        var builder = BattleTable.Builder()
        builder.add(first: builder.player("a"), second: builder.player("b"), outcome: .tie)
        #expect(Connectivity(builder.table()).hasEstimate)
        #expect(Connectivity(BattleTable.Builder().table()).hasEstimate, "nobody needs no estimate")
    }
}
