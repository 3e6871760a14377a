import AgonCore
import AgonRatings
import Testing

struct EloTests {
    struct Golden: Decodable {
        struct Case: Decodable {
            var k: Double
            var initial: Double
            var scale: Double
            var exact: [String: Exact]
        }
        var cases: [Case]
    }

    @Test func `equals 40-digit arithmetic on 500 games at every setting`() throws {
        let games = try Fixtures.battles("elo_500x12.csv")
        let golden = try Fixtures.json("elo.json", as: Golden.self)
        #expect(golden.cases.count == 4)
        for setting in golden.cases {
            var elo = Elo<String>(options: .init(initial: setting.initial, k: setting.k, scale: setting.scale))
            for game in games { try elo.apply(room: [game]) }
            for (agent, exact) in setting.exact { #expect(abs(elo[agent] - exact.value) < 1e-9) }
        }
    }

    @Test func `rooms of two to eight seats equal the pinned rule`() throws {
        let golden = try Fixtures.json("elo_rooms.json", as: RoomsGolden.self)
        var elo = Elo<String>(options: .init(initial: 1500, k: 32))
        var seen = 0
        for (index, row) in try Fixtures.rows("rooms_60x10.csv").enumerated() {
            let agents = row[1].split(separator: " ").map { policy(String($0)) }
            let ranks = row[2].split(separator: " ").compactMap { Int($0) }
            var room: [Match] = []
            for first in agents.indices {
                for second in (first + 1)..<max(agents.count, first + 1) {
                    room.append(
                        Match(
                            round: 1, room: index, cluster: index, first: agents[first], second: agents[second],
                            score: ranks[first] == ranks[second] ? 0.5 : ranks[first] < ranks[second] ? 1 : 0,
                            weight: 1 / Double(agents.count - 1)))
                }
            }
            try elo.apply(room: room)
            guard let snapshot = golden.snapshots.first(where: { $0.room == index }) else { continue }
            seen += 1
            for (agent, exact) in snapshot.ratings { #expect(abs(elo[agent] - exact.value) < 1e-9) }
        }
        #expect(seen == 4)
    }

    struct RoomsGolden: Decodable {
        struct Snapshot: Decodable {
            var room: Int
            var ratings: [String: Exact]

            init(from decoder: any Decoder) throws {
                var list = try decoder.unkeyedContainer()
                room = try list.decode(Int.self)
                ratings = try list.decode([String: Exact].self)
            }
        }
        var snapshots: [Snapshot]
    }

    @Test func `what one wins the others lose`() throws {
        var elo = Elo<PolicyID>()
        for game in try Fixtures.battles("elo_500x12.csv") { try elo.apply(room: [game]) }
        let sum = elo.ratings.values.reduce(0, +)
        #expect(abs(sum - 12_000) < 1e-8)
    }

    @Test func `versions of one agent share its rating or have their own`() throws {
        let match = Match(round: 1, room: 0, cluster: 0, first: policy("a", 1), second: policy("a", 0), score: 1)
        var agents = Elo<String>()
        try agents.apply(room: [match])
        #expect(agents["a"] == 1000)
        var versions = Elo<PolicyID>()
        try versions.apply(room: [match])
        #expect(versions[policy("a", 1)] == 1008)
        #expect(versions[policy("a", 0)] == 992)
    }

    @Test func `a score outside 0 to 1 is refused and moves nothing`() throws {
        var elo = Elo<String>()
        let good = Match(round: 1, room: 0, cluster: 0, first: policy("a"), second: policy("b"), score: 1)
        var bad = good
        bad.score = 2
        #expect(throws: RatingError.self) { try elo.apply(room: [good, bad]) }
        #expect(elo.ratings.isEmpty)
    }
}
