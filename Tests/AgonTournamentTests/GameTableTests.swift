import AgonCore
import AgonGames
import Synchronization
import Foundation
import Testing

@testable import AgonTournament

/// Plays at random and keeps what it was asked.
private final class WitnessPolicy: Policy {
    let id: PolicyID
    private let strategy: GameStrategy
    private let views = Mutex<[(room: Int, view: String, limit: Int)]>([])

    init(id: PolicyID, strategy: GameStrategy) {
        self.id = id
        self.strategy = strategy
    }

    var asked: [(room: Int, view: String, limit: Int)] { views.withLock { $0 } }

    func respond(to requests: [PolicyRequest]) async throws -> [PolicyResponse] {
        let asked = requests.map { ($0.turns.reduce($0.prompt) { $0 + $1.text }, $0.maxNewTokens) }
        views.withLock { kept in kept += asked.map { (kept.count, $0.0, $0.1) } }
        return zip(requests, asked).map { request, asked in
            var generator = SeededGenerator(request.seed)
            return PolicyResponse(text: strategy.move(inView: asked.0, using: &generator) ?? "")
        }
    }
}

/// Games at the table: each seat is asked about what it may know, and about nothing else.
@Suite struct GameTableTests {
    private func player(_ policies: [any Policy]) throws -> RoomPlayer {
        let story = try StoryArena(StoryArena.scripted)
        return try withExtendedLifetime(story) {
            RoomPlayer(arena: try Arena(file: story.file), policies: Dictionary(uniqueKeysWithValues: policies.map { ($0.id, $0) }))
        }
    }

    private func rooms(_ game: any Game, _ seats: [PolicyID], count: Int) -> [Room] {
        OpeningSource(game: game).prompts(.training, count: count, seed: Seed(run: 1)).enumerated().map { index, prompt in
            Room(round: 1, index: index, group: index, prompt: prompt, seats: seats)
        }
    }

    @Test("whole games are played, each seat asked about its own view only, and scored as the referee scores them", arguments: Games.names)
    func views(name: String) async throws {
        let game = try #require(Games.named(name))
        let random = try #require(game.strategy(named: "random"))
        let seats = (0..<game.seatCount).map { WitnessPolicy(id: PolicyID(agent: "seat\($0)", version: 0), strategy: random) }
        let rooms = rooms(game, seats.map(\.id), count: 24)
        let rollouts = try await GameTable(game: game, player: player(seats)).play(rooms, seed: Seed(run: 2))
        for (room, rollouts) in zip(rooms, rollouts) {
            let scores = try #require(game.scores(opening: room.prompt.text, transcript: rollouts[0].text))
            #expect(rollouts.map(\.gold) == scores && rollouts.allSatisfy { $0.forfeit == nil && $0.text == rollouts[0].text })
        }
        // Every view that a seat was asked about is one that it has in one of the rooms' games.
        for (seat, witness) in seats.enumerated() {
            var known: Set<String> = []
            for (room, rollouts) in zip(rooms, rollouts) {
                let transcript = rollouts[0].text
                for end in 0...transcript.count {
                    guard let position = game.position(after: room.prompt.text + transcript.prefix(end)) else { continue }
                    if position.seatsToMove.contains(seat) { known.insert(position.view(of: seat)) }
                }
            }
            #expect(!witness.asked.isEmpty && witness.asked.allSatisfy { known.contains($0.view) && $0.limit <= game.moveTokenLimit })
        }
    }

    @Test("who makes an illegal move forfeits, both where both do at once, and the others profit", arguments: Games.names)
    func forfeits(name: String) async throws {
        let game = try #require(Games.named(name))
        let random = ScriptedPlayer(id: PolicyID(agent: "random", version: 0), strategy: try #require(game.strategy(named: "random")))
        let parrot = ParrotPolicy(id: PolicyID(agent: "parrot", version: 0), answer: .fixed(["?"]))
        let both = try player([random, parrot])
        var seats = Array(repeating: random.id, count: game.seatCount)
        seats[game.seatCount - 1] = parrot.id
        for rollouts in try await GameTable(game: game, player: both).play(rooms(game, seats, count: 8), seed: Seed(run: 3)) {
            #expect(rollouts.map { $0.forfeit == .illegal } == seats.map { $0 == parrot.id } || game.seatCount > 2)
            if rollouts.contains(where: { $0.forfeit != nil }) {
                #expect(rollouts.map(\.gold) == seats.map { $0 == parrot.id ? 0 : 1 })
            }
        }
        let alone = rooms(game, Array(repeating: parrot.id, count: game.seatCount), count: 4)
        for (room, rollouts) in zip(alone, try await GameTable(game: game, player: both).play(alone, seed: Seed(run: 3))) {
            let asked = try #require(game.position(after: room.prompt.text)).seatsToMove
            #expect(rollouts.indices.filter { rollouts[$0].forfeit == .illegal } == asked)
        }
    }

    @Test("a policy's exploitability is near nothing in equilibrium, and near what is known of random play")
    func exploitability() async throws {
        let story = try StoryArena(
            StoryArena.scripted.replacing("tic-tac-toe", with: "kuhn-poker").replacing("ROOT/agents/perfect", with: "HERE/agents/equal"))
        try story.write("kind: scripted\nstrategy: equilibrium\n", "agents/equal/agent.yaml")
        let arena = try Arena(file: story.file)
        let evaluation = Evaluation(arena: arena, seed: Seed(run: 4), threads: 1)
        var records: [String: EvaluationRecord] = [:]
        for entrant in arena.entrants {
            let policy = try Roster.policy(PolicyID(agent: entrant.name, version: 0), parameters: nil, arena: arena, threads: 1)
            records[entrant.name] = try await evaluation.exploitability(policy, round: 1)
        }
        let (equal, random) = (try #require(records["equal"]), try #require(records["random"]))
        #expect(equal.value >= 0 && equal.value < 0.08 && equal.low >= 0 && equal.count == 12)
        #expect(random.low < 0.4584 && random.high > 0.4583 && random.high - random.low < 0.3)
        #expect(equal.high < random.low)
        let tic = try StoryArena(StoryArena.scripted)
        let without = Evaluation(arena: try Arena(file: tic.file), seed: Seed(run: 4), threads: 1)
        let policy = try Roster.policy(PolicyID(agent: "random", version: 0), parameters: nil, arena: without.arena, threads: 1)
        #expect(try await without.exploitability(policy, round: 1) == nil)
    }

    @Test("an arena of each game runs, and one with fewer agents than seats is refused", arguments: Games.names)
    func arenas(name: String) async throws {
        let story = try StoryArena(
            StoryArena.scripted.replacing("tic-tac-toe", with: name).replacing(", ROOT/agents/perfect", with: "")
                .replacing("rounds: 3", with: "rounds: 1"))
        let game = try #require(Games.named(name))
        if game.seatCount > 2 {
            let error = #expect(throws: (any Error).self) { try Arena(file: story.file) }
            #expect("\(error.map { "\($0)" } ?? "")".contains("seats 3, but there are 2 agents"))
            try story.write("kind: scripted\nstrategy: odds\n", "agents/odds/agent.yaml")
            let text = try String(contentsOfFile: story.file, encoding: .utf8)
            try story.write(text.replacing("agents: [", with: "agents: [HERE/agents/odds, "), "arena.yaml")
        }
        let signature = try await story.tournament("db").play()
        #expect(try await story.tournament("again", threads: 1, roomsPerWave: 3).play() == signature)
    }
}
