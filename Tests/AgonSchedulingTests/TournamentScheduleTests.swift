import AgonCore
import AgonScheduling
import Testing

/// Whole tournaments in which results come from strengths, round by round.
struct PlayedTournament {
    let entrants: [Entrant]
    /// Greater is stronger, by name.
    let strengths: [String: Double]
    var history = ScheduleHistory()
    private(set) var pairingsByRound: [[Pairing]] = []

    init(count: Int) {
        entrants = (0..<count).map { Entrant(name: "agent\($0)", role: .learner) }
        strengths = Dictionary(uniqueKeysWithValues: entrants.enumerated().map { ($1.name, Double($0)) })
    }

    /// Plays one round; the stronger always wins, unless `isLevel`.
    mutating func play(_ scheduler: any Scheduler, seed: Seed, isLevel: Bool = false) {
        let round = pairingsByRound.count + 1
        let pairings = scheduler.pairings(round: round, entrants: entrants, history: history, seed: seed)
        pairingsByRound.append(pairings)
        for (room, pairing) in pairings.enumerated() {
            let (one, other) = (pairing.seats[0], pairing.seats[1])
            let score = isLevel ? 0.5 : (strengths[one] ?? 0) > (strengths[other] ?? 0) ? 1.0 : 0
            history.record(
                Match(
                    round: round, room: room, cluster: room, first: PolicyID(agent: one, version: 0),
                    second: PolicyID(agent: other, version: 0), score: score))
        }
    }

    /// Every meeting once, whoever sat where.
    func meetings(round: Int) -> [Set<String>] { Array(Set(pairingsByRound[round - 1].map { Set($0.seats) })) }
}

@Suite struct SwissTests {
    @Test("nobody meets twice while it can be avoided, and nobody rests twice", arguments: 2...13)
    func rematches(count: Int) {
        let roundCount = count - (count.isMultiple(of: 2) ? 1 : 0)
        let scheduler = Swiss(roundCount: min(roundCount, 6))
        var tournament = PlayedTournament(count: count)
        var byes: [String] = []
        for round in 1...min(roundCount, 6) {
            tournament.play(scheduler, seed: Seed(run: 1))
            let meetings = tournament.meetings(round: round)
            #expect(meetings.count == count / 2 && Set(meetings.joined()).count == count / 2 * 2)
            byes += tournament.entrants.map(\.name).filter { name in !meetings.contains { $0.contains(name) } }
        }
        #expect(Set(byes).count == byes.count)
        let all = (1...min(roundCount, 6)).flatMap { tournament.meetings(round: $0) }
        // A field can run into a corner from which no pairing without a rematch is left; seven of these rounds do not.
        if count > 8 { #expect(Set(all).count == all.count) }
        #expect(scheduler.pairings(round: 7, entrants: tournament.entrants, history: tournament.history, seed: Seed(run: 1)).isEmpty)
    }

    @Test("winners meet winners, and the strongest comes first")
    func scoreGroups() throws {
        let scheduler = Swiss()
        #expect(scheduler.roundLimit(entrantCount: 64) == 6 && scheduler.roundLimit(entrantCount: 65) == 7)
        var tournament = PlayedTournament(count: 64)
        for round in 1...6 {
            let before = points(scheduler, tournament, before: round)
            tournament.play(scheduler, seed: Seed(run: 2))
            for meeting in tournament.meetings(round: round) {
                let points = meeting.compactMap { before[$0] }
                #expect(abs(points[0] - points[1]) <= 1)
            }
        }
        let points = points(scheduler, tournament, before: 7)
        #expect(points.filter { $0.value == 6 }.map(\.key) == ["agent63"])
        #expect(points.values.reduce(0, +) == 6 * 32)
    }

    private func points(_ scheduler: Swiss, _ tournament: PlayedTournament, before round: Int) -> [String: Double] {
        let table = scheduler.table(entrants: tournament.entrants, history: tournament.history, before: round)
        return Dictionary(uniqueKeysWithValues: table.rows.map { ($0.name, $0.points) })
    }

    @Test("the table has whom everybody met, a bye as an own opponent, and Buchholz's sum between equal points")
    func table() throws {
        // In a field of three the one without a game is told by its absence.
        var history = ScheduleHistory()
        let games = [(1, "agent0", "agent1", 1.0), (2, "agent0", "agent2", 0.5), (3, "agent2", "agent1", 0.0)]
        for (round, one, other, score) in games {
            for room in 0..<2 {
                history.record(
                    Match(
                        round: round, room: room, cluster: room, first: PolicyID(agent: one, version: 0),
                        second: PolicyID(agent: other, version: 0), score: score))
            }
        }
        let entrants = PlayedTournament(count: 3).entrants
        let table = Swiss(roundCount: 3).table(entrants: entrants, history: history, before: 4)
        #expect(table.roundLimit == 3)
        #expect(table.rows.map(\.name) == ["agent0", "agent1", "agent2"] && table.rows.map(\.points) == [2.5, 2, 1.5])
        #expect(table.rows.map(\.buchholz) == [2 + 1.5 + 2.5, 2.5 + 2 + 1.5, 1.5 + 2.5 + 2])
        #expect(table.rows[0].encounters.map(\.opponent) == ["agent1", "agent2", nil])
        let early = Swiss(roundCount: 3).table(entrants: entrants, history: history, before: 2)
        // Both have a point; who had the bye met nobody stronger than itself.
        #expect(early.rows.map(\.name) == ["agent2", "agent0", "agent1"] && early.rows.map(\.place) == [1, 2, 3])
        #expect(early.leaders.map(\.name) == ["agent2"])
    }

    @Test("a large field is paired without rematches")
    func largeField() {
        var tournament = PlayedTournament(count: 301)
        for _ in 1...9 { tournament.play(Swiss(), seed: Seed(run: 3)) }
        let all = (1...9).flatMap { tournament.meetings(round: $0) }
        #expect(all.count == 9 * 150 && Set(all).count == all.count)
    }
}

@Suite struct KnockoutTests {
    private func bracket(_ scheduler: Knockout, _ tournament: PlayedTournament, before round: Int, seed: UInt64) -> KnockoutBracket {
        scheduler.bracket(entrants: tournament.entrants, history: tournament.history, before: round, seed: Seed(run: seed))
    }

    @Test("the bracket keeps every stage with its pairings, scores, byes and replays")
    func stages() {
        var tournament = PlayedTournament(count: 3)
        let scheduler = Knockout(seeds: ["agent0", "agent1", "agent2"], bestOf: 4, extensionLimit: 1)
        for isLevel in [true, false, true, true] { tournament.play(scheduler, seed: Seed(run: 6), isLevel: isLevel) }
        let stages = bracket(scheduler, tournament, before: 5, seed: 6).stages
        #expect(stages.map { $0.map(\.home) } == [["agent0", "agent1"], ["agent0"]])
        #expect(stages[0][0].away == nil && stages[0][0].winner == "agent0" && !stages[0][0].isWonBySeed)
        #expect((stages[0][1].points, stages[0][1].matchCount, stages[0][1].levelCount) == (2, 8, 1))
        #expect(stages[0][1].winner == "agent2" && stages[1][0].away == "agent2")
        #expect(stages[1][0].winner == "agent0" && stages[1][0].isWonBySeed && stages[1][0].levelCount == 2)
        let open = bracket(scheduler, tournament, before: 2, seed: 6)
        #expect(open.champion == nil && open.stages.count == 1 && open.stages[0][1].winner == nil && open.stageCount == 2)
    }

    @Test("the strongest wins in as many rounds as there are stages, and each loser plays no more", arguments: 2...17)
    func bracket(count: Int) throws {
        var tournament = PlayedTournament(count: count)
        let scheduler = Knockout(bestOf: 3)
        var losers: Set<String> = []
        var round = 0
        while bracket(scheduler, tournament, before: round + 1, seed: 4).champion == nil {
            round += 1
            try #require(round <= 5)
            tournament.play(scheduler, seed: Seed(run: 4))
            let meetings = tournament.meetings(round: round)
            #expect(tournament.pairingsByRound[round - 1].count == 4 * meetings.count)
            for meeting in meetings {
                #expect(losers.isDisjoint(with: meeting))
                losers.formUnion(meeting.sorted { (tournament.strengths[$0] ?? 0) < (tournament.strengths[$1] ?? 0) }.prefix(1))
            }
        }
        #expect(losers.count == count - 1)
        let champion = bracket(scheduler, tournament, before: round + 1, seed: 4).champion
        #expect(champion == "agent\(count - 1)")
        #expect(scheduler.pairings(round: round + 1, entrants: tournament.entrants, history: tournament.history, seed: Seed(run: 4)).isEmpty)
        #expect(try #require(scheduler.roundLimit(entrantCount: count)) == 3 * round)
    }

    @Test("the best seeds meet late, and byes are theirs")
    func seeding() {
        let seeds = (0..<6).reversed().map { "agent\($0)" }
        var tournament = PlayedTournament(count: 6)
        let scheduler = Knockout(seeds: seeds)
        tournament.play(scheduler, seed: Seed(run: 5))
        #expect(Set(tournament.meetings(round: 1)) == [["agent2", "agent1"], ["agent3", "agent0"]])
        tournament.play(scheduler, seed: Seed(run: 5))
        #expect(Set(tournament.meetings(round: 2)) == [["agent5", "agent2"], ["agent4", "agent3"]])
        tournament.play(scheduler, seed: Seed(run: 5))
        #expect(tournament.meetings(round: 3) == [["agent5", "agent4"]])
    }

    @Test("level meetings are played again while the others wait, and then the better seed goes on")
    func extensions() {
        let scheduler = Knockout(seeds: ["agent0", "agent1", "agent2"], extensionLimit: 1)
        var tournament = PlayedTournament(count: 3)
        for _ in 1...4 { tournament.play(scheduler, seed: Seed(run: 6), isLevel: true) }
        #expect((1...4).map { tournament.meetings(round: $0) } == [
            [["agent1", "agent2"]], [["agent1", "agent2"]], [["agent0", "agent1"]], [["agent0", "agent1"]],
        ])
        #expect(bracket(scheduler, tournament, before: 5, seed: 6).champion == "agent0")
    }
}

@Suite struct LadderTests {
    private func field(_ count: Int, tiers: Int = 1, owners: Int = 0) -> [Entrant] {
        (0..<count).map {
            Entrant(name: "agent\($0)", role: .learner, tier: "tier\($0 % tiers)", owner: owners == 0 ? "" : "owner\($0 % owners)")
        }
    }

    private func ratings(_ field: [Entrant], seed: UInt64) -> [String: Double] {
        var generator = SeededGenerator(Seed(run: seed))
        return Dictionary(uniqueKeysWithValues: field.map { ($0.name, 700 + 600 * generator.unit()) })
    }

    @Test("no tier or owner meets itself across or within, nobody sits twice, and all are in reach")
    func rooms() throws {
        let field = field(2000, tiers: 3, owners: 40)
        let history = ScheduleHistory(ratings: ratings(field, seed: 7))
        let byName = Dictionary(uniqueKeysWithValues: field.map { ($0.name, $0) })
        let pairings = Ladder(window: 50).pairings(round: 1, entrants: field, history: history, seed: Seed(run: 7))
        let firsts = stride(from: 0, to: pairings.count, by: 2).map { pairings[$0].seats }
        #expect(Set(firsts.joined()).count == 2 * firsts.count && firsts.count > 900)
        for seats in firsts {
            let (one, other) = (try #require(byName[seats[0]]), try #require(byName[seats[1]]))
            #expect(one.tier == other.tier && one.owner != other.owner)
            #expect(abs((history.ratings[one.name] ?? 0) - (history.ratings[other.name] ?? 0)) <= 50)
        }
    }

    @Test("the more are queued, the nearer the opponents")
    func depth() {
        let gaps = [20, 200, 2000].map { count -> Double in
            let field = field(count)
            let history = ScheduleHistory(ratings: ratings(field, seed: 8))
            let pairings = Ladder(window: 1000).pairings(round: 1, entrants: field, history: history, seed: Seed(run: 8))
            let sorted = pairings.map { abs((history.ratings[$0.seats[0]] ?? 0) - (history.ratings[$0.seats[1]] ?? 0)) }.sorted()
            return sorted[sorted.count * 95 / 100]
        }
        #expect(gaps[0] > gaps[1] && gaps[1] > gaps[2])
    }

    @Test("who finds nobody waits, and its window widens until somebody is in reach")
    func widening() {
        let field = field(3)
        let history = ScheduleHistory(ratings: ["agent0": 1000, "agent1": 1010, "agent2": 1190])
        let ladder = Ladder(window: 100, widening: 0.5)
        for (round, names) in [(1, ["agent0", "agent1"]), (2, ["agent0", "agent1"])] {
            let pairings = ladder.pairings(round: round, entrants: field, history: history, seed: Seed(run: 9))
            #expect(Set(pairings.flatMap(\.seats)) == Set(names))
        }
        // After two rounds of the other two, the third has waited for two rounds and looks 200 points far.
        var played = history
        for round in 1...2 {
            played.record(
                Match(
                    round: round, room: 0, cluster: 0, first: PolicyID(agent: "agent0", version: 0),
                    second: PolicyID(agent: "agent1", version: 0), score: 1))
        }
        let pairings = ladder.pairings(round: 3, entrants: field, history: played, seed: Seed(run: 9))
        #expect(Set(pairings.flatMap(\.seats)) == ["agent1", "agent2"])
    }

    @Test("nobody meets last round's opponent where another is in reach")
    func rematches() {
        var tournament = PlayedTournament(count: 30)
        tournament.history.ratings = ratings(tournament.entrants, seed: 10)
        for _ in 1...4 { tournament.play(Ladder(window: 1000), seed: Seed(run: 10)) }
        for round in 1..<4 {
            let repeated = Set(tournament.meetings(round: round)).intersection(tournament.meetings(round: round + 1))
            #expect(repeated.count <= 2)
        }
    }
}

@Suite struct SelfPlayTests {
    private let learners = [Entrant(name: "ada", role: .learner), Entrant(name: "basho", role: .learner)]

    private func opponents(_ scheduler: SelfPlay, _ history: ScheduleHistory, entrants: [Entrant]? = nil) -> [PolicyID: Int] {
        let pairings = scheduler.pairings(round: 5, entrants: entrants ?? learners, history: history, seed: Seed(run: 11))
        return stride(from: 0, to: pairings.count, by: 2).reduce(into: [:]) { counts, first in
            let pairing = pairings[first]
            guard pairing.seats[0] == "ada" else { return }
            let version = pairing.versions.isEmpty ? nil : pairing.versions[1]
            counts[PolicyID(agent: pairing.seats[1], version: version ?? history.newestVersions[pairing.seats[1]] ?? 0), default: 0] += 1
        }
    }

    @Test("the newest come as often as the ratio says, the others are the last versions of the window")
    func window() {
        let history = ScheduleHistory(newestVersions: ["ada": 9, "basho": 2])
        let counts = opponents(SelfPlay(roomsPerLearner: 4000, latestRatio: 0.3, window: 3, priority: 0), history)
        let expected = [("basho", 2, 600), ("ada", 8, 280), ("ada", 7, 280), ("ada", 6, 280), ("basho", 1, 280), ("basho", 0, 280)]
        #expect(counts.count == expected.count)
        for (agent, version, count) in expected {
            #expect(abs((counts[PolicyID(agent: agent, version: version)] ?? 0) - count) < 90, "\(agent)@v\(version)")
        }
    }

    @Test("versions that still win come most often")
    func priority() {
        var history = ScheduleHistory(newestVersions: ["ada": 3])
        for (version, score) in [(0, 1.0), (1, 0.5), (2, 0)] {
            for room in 0..<9 {
                history.record(
                    Match(
                        round: 4, room: room, cluster: room, first: PolicyID(agent: "ada", version: 3),
                        second: PolicyID(agent: "ada", version: version), score: score))
            }
        }
        let alone = [learners[0]]
        let counts = opponents(SelfPlay(roomsPerLearner: 4000, latestRatio: 0, window: 3, priority: 2), history, entrants: alone)
        // (1 − share)²: 0.05², 0.5², 0.95².
        let total = 0.0025 + 0.25 + 0.9025
        for (version, weight) in [(0, 0.0025), (1, 0.25), (2, 0.9025)] {
            let expected = 2000 * weight / total
            #expect(abs(Double(counts[PolicyID(agent: "ada", version: version)] ?? 0) - expected) < 4 * expected.squareRoot() + 3)
        }
        #expect(opponents(SelfPlay(roomsPerLearner: 10, latestRatio: 0), ScheduleHistory(), entrants: alone) == [PolicyID(agent: "ada", version: 0): 5])
    }
}

@Suite struct BudgetTests {
    private func match(_ one: String, _ other: String, room: Int) -> Match {
        Match(
            round: 1, room: room, cluster: room, first: PolicyID(agent: one, version: 0),
            second: PolicyID(agent: other, version: 0), score: room.isMultiple(of: 2) ? 1 : 0)
    }

    @Test("two groups that never met are connected first, then who has played least")
    func connects() {
        let field = (0..<6).map { Entrant(name: "agent\($0)", role: .learner) }
        var history = ScheduleHistory()
        var room = 0
        for group in [[0, 1, 2], [3, 4, 5]] {
            for (one, other) in [(0, 1), (0, 2), (1, 2)] {
                for _ in 0..<40 {
                    history.record(match("agent\(group[one])", "agent\(group[other])", room: room))
                    room += 1
                }
            }
        }
        let pairings = Budget(roomsPerRound: 6).pairings(round: 2, entrants: field, history: history, seed: Seed(run: 12))
        let groups = pairings.map { Set($0.seats.map { ["agent0", "agent1", "agent2"].contains($0) }) }
        #expect(groups.allSatisfy { $0.count == 2 })
        let newcomer = field + [Entrant(name: "newcomer", role: .learner)]
        let first = Budget(roomsPerRound: 2).pairings(round: 2, entrants: newcomer, history: history, seed: Seed(run: 12))
        #expect(first[0].seats.contains("newcomer"))
    }

    @Test("equal strengths tell more than unequal ones", arguments: [5, 300])
    func nearOpponents(count: Int) {
        let field = (0..<count).map { Entrant(name: "agent\($0)", role: .learner) }
        var ratings: [String: Double] = [:]
        for (index, entrant) in field.enumerated() { ratings[entrant.name] = index < 2 ? 1000 : 1000 + 400 * Double(index) }
        let history = ScheduleHistory(ratings: ratings)
        let pairings = Budget(roomsPerRound: 2).pairings(round: 1, entrants: field, history: history, seed: Seed(run: 13))
        if count < 100 { #expect(Set(pairings[0].seats) == ["agent0", "agent1"]) }
        let sweep = Budget(roomsPerRound: 2 * count).pairings(round: 1, entrants: field, history: history, seed: Seed(run: 13))
        let gaps = sweep.map { abs((ratings[$0.seats[0]] ?? 0) - (ratings[$0.seats[1]] ?? 0)) }
        #expect(gaps.allSatisfy { $0 <= 400 * 20 })
    }

    @Test("a budget is spread evenly over equals")
    func spread() {
        let field = (0..<8).map { Entrant(name: "agent\($0)", role: .learner) }
        let pairings = Budget(roomsPerRound: 56).pairings(round: 1, entrants: field, seed: Seed(run: 14))
        let counts = pairings.reduce(into: [:]) { $0[Set($1.seats), default: 0] += 1 }
        #expect(counts.count == 28 && counts.values.allSatisfy { $0 == 2 })
    }
}

@Suite struct ScaleTests {
    @Test("a field of two thousand is scheduled as it is pulled", .timeLimit(.minutes(10)))
    func large() {
        let field = (0..<2000).map { Entrant(name: "agent\($0)", role: .learner) }
        let history = ScheduleHistory()
        let everyone = RoundRobin(roomsPerPairing: 4, baselineRoomsPerPairing: 0)
            .schedule(round: 1, entrants: field, history: history, seed: Seed(run: 15))
        // Four rooms for each of 1 999 000 pairs, of which the first are made and no more.
        #expect(everyone.count == 4 * 1_999_000)
        var seen: Set<String> = []
        for pairing in everyone.prefix(2000) { seen.formUnion(pairing.seats) }
        #expect(seen.count == 2000)
        for scheduler in [Swiss(), Knockout(), Ladder(), Gauntlet(challengers: ["agent7"], roomsPerPairing: 2), Budget(roomsPerRound: 3000)] as [any Scheduler] {
            let schedule = scheduler.schedule(round: 1, entrants: field, history: history, seed: Seed(run: 15))
            #expect(schedule.count == schedule.reduce(0) { count, _ in count + 1 })
            #expect((952...3998).contains(schedule.count))
        }
    }

    @Test("tables: every choice of three sits in every seat equally often, and learners' tables have rooms of their own number")
    func tables() {
        let tables = TableRotation(seatCount: 3, roomsPerTable: 6, baselineRoomsPerTable: 2)
        let pairings = tables.pairings(round: 1, entrants: mixedField, seed: Seed(run: 3))
        // Of the 20 choices among six, 4 are without one of the two learners.
        #expect(pairings.count == 16 * 6 + 4 * 3)
        var seatings: [[String]: Int] = [:]
        for pairing in pairings { seatings[pairing.seats, default: 0] += 1 }
        for (seats, count) in seatings {
            #expect(Set(seats).count == 3)
            #expect(count == (seats.contains("ada") || seats.contains("basho") ? 2 : 1))
            #expect(seatings[[seats[1], seats[2], seats[0]]] == count)
        }
        let groups = Dictionary(grouping: pairings, by: \.group)
        #expect(groups.values.allSatisfy { $0.count == 3 && Set($0.map { $0.seats.sorted() }).count == 1 })
        #expect(tables.pairings(round: 1, entrants: Array(mixedField.prefix(2)), seed: Seed(run: 3)).isEmpty)
    }
}
