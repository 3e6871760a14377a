import AgonCore
import AgonJudging
import AgonStore
import Foundation
import Synchronization
import Testing

@testable import AgonTournament

/// Runs whose judge is a panel.
@Suite struct PanelStoryTests {
    private static let members = ["sorter", "exact", "idle"]

    private static let small = StoryArena.prompts
        .replacing("rooms: 12, seats_per_learner: 2", with: "rooms: 8, seats_per_learner: 1")
        .replacing("prompts: 8", with: "prompts: 4").replacing("every: 2, prompts: 12", with: "every: 2, prompts: 4")
        .replacing("rounds: 3", with: "rounds: 2")

    /// A panel of a judge that learns, one that knows the answers and one that learns too but ties whatever it reads.
    private func arena(rule: String) throws -> StoryArena {
        let text = Self.small.replacing(StoryArena.judge, with: "{kind: panel, folder: HERE/judges/panel, canaries: 4, refresh: {steps: 2}}")
        let arena = try StoryArena(text)
        try arena.write("kind: panel\nmembers: [sorter, exact, idle]\nrule: \(rule)\n", "judges/panel/judge.yaml")
        try arena.write("kind: exact\n", "judges/exact/judge.yaml")
        for (name, margin) in [("sorter", "0"), ("idle", "1000000")] {
            try arena.write(
                "kind: reward_model\nmodel: ROOT/judges/sorter/model\ntie_margin: \(margin)\n", "judges/\(name)/judge.yaml")
        }
        return arena
    }

    /// What the members said of a pair, by their place in the panel.
    private func votes(_ room: RoomResult, _ pair: PairVerdict) -> [Verdict] {
        Self.members.compactMap { name in
            room.votes.first { $0.judge.name == name && $0.first == pair.first && $0.second == pair.second }?.verdict
        }
    }

    /// How often each member was right on the canaries of some rooms.
    private func accuracies(_ rooms: [RoomResult]) -> [JudgeAccuracy] {
        Self.members.indices.map { member in
            rooms.filter(\.room.isCanary).reduce(into: JudgeAccuracy()) { sum, room in
                for pair in room.verdicts where !pair.byRule {
                    guard let one = room.rollouts[pair.first].gold, let other = room.rollouts[pair.second].gold, one != other
                    else { continue }
                    sum.count(votes(room, pair)[member], truth: one > other ? .first : .second)
                }
            }
        }
    }

    @Test("every member votes on every pair, the rule decides by the votes alone, and a run that dies goes on the same", arguments: [
        "majority", "mean",
    ])
    func countedVotes(rule: String) async throws {
        let arena = try arena(rule: rule)
        let tournament = try arena.tournament("db")
        try await tournament.play()
        for number in 1...2 {
            for room in try tournament.store.roomResults(run: tournament.run.id, round: number) {
                #expect(room.judge.name == "panel")
                for pair in room.verdicts where !pair.byRule {
                    let said = votes(room, pair)
                    try #require(said.count == 3)
                    let lean = said.reduce(0) { $0 + ($1 == .first ? 1 : $1 == .second ? -1 : 0) }
                    // Of three with one that always ties, two make a majority.
                    let needed = rule == "majority" ? 2 : 1
                    #expect(pair.verdict == (lean >= needed ? .first : lean <= -needed ? .second : .tie))
                }
            }
        }
        try await resumes(arena, like: "db")
    }

    /// Dies at every round's end and in the middle of one.
    private func resumes(_ arena: StoryArena, like whole: String) async throws {
        for (step, round) in [(RoundStep.roundClosed, 1), (.judgeRefreshed, 2)] {
            let hasDied = try await arena.dies("resumed", at: step, round: round)
            #expect(hasDied)
        }
        try await arena.tournament("resumed").play()
        #expect(try differingTables(arena.content("resumed"), arena.content(whole)).isEmpty)
    }

    @Test("weights are the log-odds of what the last rounds' canaries say, and the panel decides by them")
    func weighted() async throws {
        let arena = try arena(rule: "weighted")
        let tournament = try arena.tournament("db")
        try await tournament.play()
        let (store, run) = (tournament.store, tournament.run.id)
        var seen: [RoomResult] = []
        for number in 1...2 {
            let rooms = try store.roomResults(run: run, round: number)
            let (canaries, others) = (rooms.filter(\.room.isCanary), rooms.filter { !$0.room.isCanary })
            for (asked, known) in [(canaries, seen), (others, seen + canaries)] {
                let weights = accuracies(known).map(\.weight)
                for room in asked {
                    for pair in room.verdicts where !pair.byRule {
                        let said = votes(room, pair)
                        try #require(said.count == 3)
                        let hasWeights = weights.contains { $0 > 0 }
                        let sum = zip(weights, said).reduce(0) {
                            $0 + (hasWeights ? $1.0 : 1) * ($1.1 == .first ? 1 : $1.1 == .second ? -1 : 0)
                        }
                        #expect(pair.verdict == (sum > 1e-9 ? .first : sum < -1e-9 ? .second : .tie))
                        if hasWeights { #expect(abs(try #require(pair.preference) - 1 / (1 + exp(-sum))) < 1e-12) }
                    }
                }
            }
            seen += rooms
            let stored = try store.judgeMeasures(run: run).filter { $0.round == number && $0.measure == "weight" }
            let weights = accuracies(seen).map(\.weight)
            #expect(stored.map(\.judge.name) == ["exact", "idle", "sorter"])
            #expect(zip(stored, [weights[1], weights[2], weights[0]]).allSatisfy { abs($0.value - $1) < 1e-12 })
            #expect(weights[1] >= weights[0] && weights[0] > 0 && weights[2] == 0)
        }
        let versions = try store.versions(run: run).filter(\.isJudge)
        #expect(versions.filter { $0.name == "sorter" }.map(\.version) == [0, 1, 2])
        #expect(versions.filter { $0.name == "sorter" && $0.version > 0 }.map(\.parent) == versions.filter { $0.name == "sorter" && $0.version < 2 }.map(\.hash))
        #expect(Set(seen.flatMap(\.votes).filter { $0.judge.name == "sorter" }.map(\.judge.version)) == [0, 1, 2])
        #expect(Set(seen.flatMap(\.votes).filter { $0.judge.name == "exact" }.map(\.judge.version)) == [0])
        try await resumes(arena, like: "db")
    }

    @Test("Dawid and Skene's estimate is made of the last rounds' votes and today's canaries, and a run that dies goes on the same")
    func dawidSkene() async throws {
        let arena = try arena(rule: "dawid_skene")
        let tournament = try arena.tournament("db")
        try await tournament.play()
        let rooms = try (1...2).flatMap { try tournament.store.roomResults(run: tournament.run.id, round: $0) }
        let judges = Self.members.map { JudgeID(name: $0) }
        for number in 1...2 {
            let known = rooms.filter { $0.room.round < number || $0.room.round == number && $0.room.isCanary }
            let model = DawidSkene(DawidSkene.items(of: known.map(\.withoutVersions), judges: judges), judgeCount: 3)
            for room in rooms where room.room.round == number && !room.room.isCanary {
                for pair in room.verdicts where !pair.byRule {
                    let said = votes(room, pair).map { PairVerdict(first: pair.first, second: pair.second, verdict: $0) }
                    let joined = PanelRule.dawidSkene(model).join(said)
                    #expect(pair.verdict == joined.verdict && pair.preference == joined.preference)
                    if said[0].verdict == said[1].verdict { #expect(pair.verdict == said[0].verdict) }
                }
            }
        }
        try await resumes(arena, like: "db")
    }

    @Test("a member that is lost stays away for the rest of the run, though its server comes back, and the run says so")
    func lostMember() async throws {
        let server = try ClosedServer()
        let text = Self.small.replacing(StoryArena.judge, with: "{kind: panel, folder: HERE/judges/panel, canaries: 4}")
        let arena = try StoryArena(text)
        try arena.write("kind: panel\nmembers: [exact, far, near]\nrule: weighted\n", "judges/panel/judge.yaml")
        for name in ["exact", "near"] { try arena.write("kind: exact\n", "judges/\(name)/judge.yaml") }
        try arena.write("Which is right?\n", "judges/far/rubric.md")
        try arena.write(
            "kind: llm\nurl: http://127.0.0.1:\(server.port)/v1\nmodel: m\nretries: 0\ntimeout: 0.2\ncache: none\n",
            "judges/far/judge.yaml")
        let told = Mutex<[String]>([])
        let listen: @Sendable (TournamentEvent) -> Void = { event in
            if case .judgeLost(let sentence) = event { told.withLock { $0.append(sentence) } }
        }
        try await arena.tournament("whole").play(onEvent: listen)
        let sentence = try #require(told.withLock { $0.first })
        #expect(sentence.hasPrefix("Judge far") && told.withLock { $0.count } == 1)
        #expect(sentence.split(separator: "left the panel: ").count == 2)

        let hasDied = try await arena.dies("db", at: .roomsCommitted, round: 1, onEvent: listen)
        #expect(hasDied && told.withLock { $0.count } == 2)
        server.open()
        let again = try await arena.dies("db", at: .judgeRefreshed, round: 2, onEvent: listen)
        #expect(again && told.withLock { $0 } == [sentence, sentence, sentence])
        let tournament = try arena.tournament("db")
        try await tournament.play(onEvent: listen)
        #expect(!server.wasAsked)
        let (store, run) = (tournament.store, tournament.run.id)
        #expect(try store.judgeLosses(run: run) == [JudgeLossRecord(round: 1, judge: "far", sentence: sentence)])
        #expect(try differingTables(arena.content("db"), arena.content("whole")).isEmpty)
        for number in 1...2 {
            let rooms = try store.roomResults(run: run, round: number)
            let far = rooms.flatMap(\.votes).filter { $0.judge.name == "far" }
            // The same sentence to the end, however often it was said again.
            #expect(!far.isEmpty && far.allSatisfy { $0.verdict == .void && $0.reason == sentence })
            #expect(rooms.flatMap(\.verdicts).allSatisfy { $0.byRule || $0.verdict != .void })
        }
    }
}

/// A place on loopback that refuses until it is opened, and then knows whether anybody called.
private final class ClosedServer {
    private let descriptor: Int32
    let port: UInt16

    init() throws {
        #if canImport(Glibc)
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let own = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
                bind(own, place, length) == 0 && getsockname(own, place, &length) == 0
            }
        }
        try #require(isBound)
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }

    func open() { listen(descriptor, 8) }

    var wasAsked: Bool {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&state, 1, 0) > 0
    }
}
