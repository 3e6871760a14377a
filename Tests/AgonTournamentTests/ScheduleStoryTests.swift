import AgonCore
import AgonScheduling
import AgonStore
import Synchronization
import Testing

@testable import AgonTournament

/// Whole runs under every schedule.
@Suite struct ScheduleStoryTests {
    private static let field = """
        name: story-schedule
        game: tic-tac-toe
        agents: [HERE/agents/noisy, ROOT/agents/random, ROOT/agents/perfect, HERE/agents/first]
        anchors: [ROOT/agents/random]
        rounds: 6
        schedule: SCHEDULE
        judge: {kind: referee}
        """

    private func story(_ schedule: String, _ text: String = field) throws -> StoryArena {
        let story = try StoryArena(text.replacing("SCHEDULE", with: schedule))
        try story.write("kind: scripted\nstrategy: first_legal\n", "agents/first/agent.yaml")
        return story
    }

    @Test(
        "a run that dies in its second round goes on and decides the same, under every schedule",
        arguments: [
            "{kind: gauntlet, challengers: [noisy], rooms_per_pairing: 4}", "{kind: swiss, rooms_per_pairing: 2}",
            "{kind: knockout, seeds: [noisy], best_of: 4}", "{kind: ladder, rating_window: 60, rooms_per_pairing: 2}",
            "{kind: budget, rooms: 10}",
        ])
    func resumed(schedule: String) async throws {
        let story = try story(schedule)
        let signature = try await story.tournament("whole").play()
        #expect(try await story.dies("dead", at: .roomsCommitted, round: 2))
        #expect(try await story.tournament("dead", threads: 1).play() == signature)
        #expect(try differingTables(story.content("dead"), story.content("whole")).isEmpty)
    }

    @Test("a knockout ends with its champion, before the arena's last round, and says so")
    func knockout() async throws {
        let story = try story("{kind: knockout, best_of: 6, seeds: [first, random]}")
        let tournament = try story.tournament("db")
        let sentences = Mutex<[String]>([])
        try await tournament.play(onEvent: { if case .ended(let sentence) = $0 { sentences.withLock { $0.append(sentence) } } })
        let rounds = try tournament.store.rounds(run: tournament.run.id).count
        #expect((2...5).contains(rounds))
        #expect(sentences.withLock { $0 } == ["perfect has won the knockout after \(rounds) rounds."])
        let first = try tournament.store.roomResults(run: tournament.run.id, round: 1)
        let report = try tournament.report()
        #expect(report.knockout?.champion == "perfect" && report.swiss == nil)
        #expect(report.knockout?.stages.map(\.count) == [2, 1] && report.knockout?.seeds.prefix(2) == ["first", "random"])
        let early = try Report(arena: tournament.arena, store: tournament.store, run: tournament.run, upToRound: 1)
        #expect(early.knockout?.champion == nil && early.knockout?.stages[0].allSatisfy { $0.matchCount == 6 } == true)
        // The two best seeds are kept apart, and each meeting has its six rooms.
        #expect(first.count == 12 && !first.contains { Set($0.room.seats.map(\.agent)) == ["first", "random"] })
    }

    @Test("a Swiss tournament takes as many rounds as its field needs where the arena gives no number")
    func swiss() async throws {
        let story = try story("{kind: swiss, rooms_per_pairing: 2}", Self.field.replacing("rounds: 6\n", with: ""))
        let tournament = try story.tournament("db")
        let sentences = Mutex<[String]>([])
        try await tournament.play(onEvent: { if case .ended(let sentence) = $0 { sentences.withLock { $0.append(sentence) } } })
        #expect(try tournament.store.rounds(run: tournament.run.id).count == 2)
        #expect(sentences.withLock { $0.count == 1 && $0[0].hasPrefix("The Swiss tournament is over after 2 rounds: perfect is first with 2 points.") })
        let report = try tournament.report()
        #expect(report.swiss?.rows.count == 4 && report.swiss?.leaders.map(\.name) == ["perfect"] && report.knockout == nil)
        #expect(report.swiss?.rows.allSatisfy { $0.encounters.count == 2 && Set($0.encounters.map(\.opponent)).count == 2 } == true)
    }

    @Test("in self-play past versions sit in rooms, are rated as themselves and leave the agent's own totals alone")
    func selfPlay() async throws {
        let text = StoryArena.game.replacing("ROOT/agents/otto, ", with: "")
            .replacing("{kind: round_robin, rooms_per_pairing: 12, baseline_rooms_per_pairing: 2}",
                with: "{kind: self_play, rooms_per_learner: 24, latest_ratio: 0.25, window: 2, priority: 1}")
        let story = try StoryArena(text)
        let tournament = try story.tournament("whole")
        let signature = try await tournament.play()
        let (store, run) = (tournament.store, tournament.run.id)
        let last = try store.roomResults(run: run, round: 3)
        let seats = Set(last.flatMap(\.room.seats))
        #expect(last.count == 24 && seats.allSatisfy { $0.agent == "xena" } && seats.count > 1)
        #expect(!last.contains { !$0.room.seats.contains(seats.max() ?? $0.room.seats[0]) })
        #expect(try !store.pairs(run: run, round: 1).isEmpty)
        let matches = try store.matches(run: run)
        #expect(!matches.isEmpty && matches.allSatisfy { $0.first != $0.second })
        let row = try #require(try store.ratings(run: run).last { $0.policy.agent == "xena" })
        #expect(row.wins + row.draws + row.losses == matches.count)
        #expect(try await story.dies("dead", at: .roomsJudged, round: 3))
        #expect(try await story.tournament("dead", threads: 1).play() == signature)
        #expect(try differingTables(story.content("dead"), story.content("whole")).isEmpty)
    }

    @Test("a ladder on which everybody must wait goes on when the windows are wide enough")
    func waiting() async throws {
        let story = try story("{kind: ladder, rating_window: 1, widening: 3, rooms_per_pairing: 8}", Self.field.replacing("rounds: 6", with: "rounds: 12"))
        let tournament = try story.tournament("db")
        let signature = try await tournament.play()
        let rounds = try (1...12).map { try tournament.store.roomResults(run: tournament.run.id, round: $0).count }
        #expect(rounds[0] > 0 && rounds.contains(0) && rounds.lastIndex { $0 > 0 } ?? 0 > rounds.firstIndex(of: 0) ?? 99)
        #expect(try await story.tournament("again", threads: 1).play() == signature)
    }

    @Test("a ladder keeps fee tiers apart and never pairs two of one owner")
    func tiers() async throws {
        let story = try story(
            "{kind: ladder, rating_window: 9999, rooms_per_pairing: 2}",
            Self.field.replacing("HERE/agents/first]", with: "HERE/agents/first, HERE/agents/rich, HERE/agents/twin]"))
        for (name, keys) in [("rich", "tier: gold"), ("twin", "tier: gold\nowner: ann"), ("first", "owner: ann")] {
            try story.write("kind: scripted\nstrategy: first_legal\n\(keys)\n", "agents/\(name)/agent.yaml")
        }
        let tournament = try story.tournament("db")
        try await tournament.play()
        let met = try Set(tournament.store.matches(run: tournament.run.id).map { Set([$0.first.agent, $0.second.agent]) })
        #expect(met.contains(["rich", "twin"]) && met.allSatisfy { $0 == ["rich", "twin"] || $0.isDisjoint(with: ["rich", "twin"]) })
        try story.write("kind: scripted\nstrategy: first_legal\ntier: gold\nowner: ann\n", "agents/rich/agent.yaml")
        let other = try story.tournament("db")
        #expect(other.run.id != tournament.run.id, "who may meet decides, so it is another run")
        try await other.play()
        #expect(try !other.store.matches(run: other.run.id).contains { $0.first.agent == "rich" || $0.second.agent == "rich" })
    }
}
