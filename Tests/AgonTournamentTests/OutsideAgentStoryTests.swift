import AgonAgents
import AgonCore
import AgonLaws
import AgonStore
import Foundation
import Synchronization
import Testing

@testable import AgonTournament

/// Agents from outside in whole runs: programs, and models behind endpoints.
@Suite struct OutsideAgentStoryTests {
    private static let places = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    private static func has(_ program: String) -> Bool {
        places.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
    }

    private static let game = """
        name: outside
        game: tic-tac-toe
        agents: [HERE/agents/bot, ROOT/agents/random, ROOT/agents/novice, HERE/agents/good]
        anchors: [ROOT/agents/novice]
        rounds: 2
        schedule: {kind: round_robin, rooms_per_pairing: 4, baseline_rooms_per_pairing: 4}
        judge: {kind: referee}
        gate: {prompts: 0}
        evaluation: {prompts: 0}
        """

    private static let task = """
        name: outside
        task: sort-digits
        agents: [HERE/agents/bot, ROOT/agents/rookie, ROOT/agents/perfect, HERE/agents/good]
        anchors: [ROOT/agents/rookie]
        rounds: 2
        max_new_tokens: 8
        schedule: {kind: round_robin, rooms_per_pairing: 4, baseline_rooms_per_pairing: 4}
        judge: {kind: exact}
        gate: {prompts: 0}
        evaluation: {prompts: 0}
        """

    /// A program that does something with each question, after reading its id, and its first move where it has one.
    private static func script(_ body: String) -> String {
        #"""
        read -r l; echo '{"agon":1}'
        while read -r l; do
            id=${l#*\"id\":\"}; id=${id%%\"*}
            case "$l" in *\"moves\":*) text=${l#*\"moves\":[\"}; text=${text%%\"*};; *) text=12;; esac
            \#(body)
        done

        """#
    }
    private static let answering = #"echo "{\"id\":\"$id\",\"text\":\"$text\"}""#

    private func arena(_ text: String, _ body: String, _ keys: String = "") throws -> StoryArena {
        let arena = try StoryArena(text)
        for (name, body) in [("bot", body), ("good", Self.answering)] {
            try arena.write(Self.script(body), "agents/\(name)/agent.sh")
            try arena.write("kind: process\ncommand: [sh, agent.sh]\n" + (name == "bot" ? keys : ""), "agents/\(name)/agent.yaml")
        }
        return arena
    }

    private func results(_ tournament: Tournament) throws -> [RoomResult] {
        try (1...2).flatMap { try tournament.store.roomResults(run: tournament.run.id, round: $0) }
    }

    /// What each seat of an agent forfeited, in the order of the rooms.
    private func forfeits(_ results: [RoomResult], of agent: String) -> [Forfeit?] {
        results.flatMap { result in zip(result.room.seats, result.rollouts).filter { $0.0.agent == agent }.map(\.1.forfeit) }
    }

    @Test("programs play whole games and answer prompts beside models, and never learn", arguments: [game, task], ["", "per_room: true\ncopies: 3\nroom_seconds: 60\n"])
    func play(text: String, keys: String) async throws {
        let arena = try arena(text, Self.answering, keys)
        let tournament = try arena.tournament("db")
        #expect(tournament.arena.learners.isEmpty && tournament.arena.entrants.count { $0.role == .scripted } == 3)
        try await tournament.play()
        let results = try results(tournament)
        #expect(results.count > 10 && forfeits(results, of: "bot").allSatisfy { $0 == nil })
        #expect(forfeits(results, of: "bot").count == forfeits(results, of: "good").count)
        #expect(try tournament.store.versions(run: tournament.run.id).allSatisfy { $0.version == 0 })
        #expect(FileManager.default.fileExists(atPath: "\(arena.folder)/db/errors/\(tournament.run.id)/bot.log"))
    }

    @Test("a program that answers alike obeys the laws of policies, however many processes it has", arguments: ["", "copies: 3\n", "per_room: true\ncopies: 2\n"])
    func laws(keys: String) async throws {
        let arena = try arena(Self.game, Self.answering, keys)
        let bot = try #require(try Arena(file: arena.file).outsiders["bot"])
        let requests = (0..<5).map { room in
            PolicyRequest(
                prompt: "5", maxNewTokens: 1, seed: Seed(run: 1).child(.room, room), legalMoves: ["\(room + 1)", "9"], room: UInt64(room), seat: 1)
        }
        #expect(try await PolicyLaws.violations(of: bot, requests: requests).isEmpty)
        #expect(try await bot.respond(to: requests).map(\.text) == ["1", "2", "3", "4", "5"])
        await bot.stop()
    }

    /// What the program does, its keys, what its forfeits are called and what their reasons say.
    private static let table: [(body: String, keys: String, forfeit: Forfeit, reason: String)] = [
        ("exit 7", "", .crashed, "exited with status 7"),
        ("sleep 1000", "seconds: 0.1\n", .timeout, "did not answer within 0.1 seconds"),
        ("head -c 1073741824 /dev/zero", "output_kib: 64\n", .flooded, "more than 65536 bytes"),
        (#"printf '{"id":"%s","text":"\377"}\n' "$id""#, "", .garbled, "not UTF-8"),
        ("sleep 1000 & exit 1", "", .crashed, "exited with status 1"),
        (#"echo "{\"id\":\"$id\",\"text\":\"1\",\"seat\":7}""#, "", .misaddressed, "answered for seat 7 instead of"),
    ]

    @Test("every fault is a forfeit with its reason, then a disqualification that is told, and costs nobody else", arguments: table.indices, [game, task])
    func faults(index: Int, text: String) async throws {
        let fault = Self.table[index]
        let arena = try arena(text, fault.body, fault.keys)
        let notes = Mutex<[String]>([])
        var pulse = Pulse()
        pulse.onEvent = { event in if case .agentLost(let sentence) = event { notes.withLock { $0.append(sentence) } } }
        let tournament = try arena.tournament("db")
        _ = try await tournament.play(pulse)
        let results = try results(tournament)
        let own = results.flatMap { result in zip(result.room.seats, result.rollouts).filter { $0.0.agent == "bot" }.map(\.1) }
        #expect(own.prefix(3).allSatisfy { $0.forfeit == fault.forfeit && $0.reason.contains(fault.reason) }, "\(own.map(\.reason))")
        #expect(own.count > 6 && own.dropFirst(3).allSatisfy { $0.forfeit == .disqualified && $0.reason.hasPrefix("failed 3 times in a row") })
        #expect(forfeits(results, of: "good").allSatisfy { $0 == nil })
        let told = notes.withLock { $0 }
        #expect(told.count == 1 && told[0].hasPrefix("Agent bot is disqualified: ") && told[0].contains(fault.reason))
        let report = try tournament.report()
        let line = "bot is disqualified: it \(own.last?.reason ?? "")"
        #expect(TerminalReport(width: 400).text(report).contains(line) && MarkdownReport.text(report).contains("- bot is disqualified: it failed 3 times"))
        #expect(HTMLReport.text(report).contains("bot is disqualified: it failed 3 times in a row"))
        #expect(try tournament.store.forfeitCounts(run: tournament.run.id)["bot"] == [fault.forfeit: 3, .disqualified: own.count - 3])
    }

    @Test("whoever exits between rooms, or is illegal once, is not disqualified")
    func mild() async throws {
        let arena = try arena(Self.game, "\(Self.answering); exit 0")
        let tournament = try arena.tournament("db")
        try await tournament.play()
        #expect(forfeits(try results(tournament), of: "bot").allSatisfy { $0 == nil })
        let other = try self.arena(Self.game, #"echo "{\"id\":\"$id\",\"text\":\"x\"}""#)
        let illegal = try other.tournament("db")
        try await illegal.play()
        #expect(forfeits(try results(illegal), of: "bot").allSatisfy { $0 == .illegal })
    }

    @Test("agents from outside answer at the same time, so that none waits for another")
    func together() async throws {
        let arena = try arena(Self.task, Self.answering)
        for (own, other) in [("bot", "good"), ("good", "bot")] {
            try arena.write(Self.script("touch ../\(own).here; until [ -e ../\(other).here ]; do sleep 0.01; done; \(Self.answering)"), "agents/\(own)/agent.sh")
        }
        let loaded = try Arena(file: arena.file)
        let seats = ["bot", "good"].map { PolicyID(agent: $0, version: 0) }
        let player = RoomPlayer(arena: loaded, policies: Dictionary(uniqueKeysWithValues: seats.compactMap { id in loaded.outsiders[id.agent].map { (id, $0) } }))
        let room = Room(round: 1, index: 0, group: 0, prompt: Prompt(id: "p", text: "21="), seats: seats)
        #expect(try await player.play([room], seed: Seed(run: 1))[0].map(\.text) == ["12", "12"])
        await loaded.disconnect()
    }

    @Test("a run that dies goes on with whom it had disqualified, and decides the same")
    func resume() async throws {
        let arena = try arena(Self.game, "exit 7")
        _ = try await arena.tournament("whole").play()
        #expect(try await arena.dies("db", at: .roomsCommitted, round: 1, occurrence: 4))
        let notes = Mutex<[String]>([])
        var pulse = Pulse()
        pulse.onEvent = { event in if case .agentLost(let sentence) = event { notes.withLock { $0.append(sentence) } } }
        _ = try await arena.tournament("db").play(pulse)
        #expect(notes.withLock { $0 } == ["Agent bot was disqualified before: it failed 3 times in a row, at last it exited with status 7."])
        #expect(differingTables(try arena.content("whole"), try arena.content("db")).isEmpty)
    }

    @Test("a run changes with a program's text, and not with its limits")
    func identity() throws {
        let arena = try arena(Self.game, Self.answering)
        let first = try arena.tournament("db").run.id
        try arena.write("kind: process\ncommand: [sh, agent.sh]\nseconds: 3\n", "agents/bot/agent.yaml")
        #expect(try arena.tournament("db").run.id == first)
        try arena.write(Self.script("exit 1"), "agents/bot/agent.sh")
        #expect(try arena.tournament("db").run.id != first)
    }

    @Test("a server that is not there costs its agent its rooms, and no key reaches the database")
    func endpoint() async throws {
        let arena = try arena(Self.task, Self.answering)
        try arena.write("kind: endpoint\nurl: http://127.0.0.1:1/v1\nmodel: m\nretries: 0\ncache: none\n", "agents/bot/agent.yaml")
        let tournament = try arena.tournament("db")
        try await tournament.play()
        let results = try results(tournament)
        let own = forfeits(results, of: "bot")
        #expect(own.prefix(3).allSatisfy { $0 == .unreachable || $0 == .disqualified } && own.last == .disqualified)
        #expect(forfeits(results, of: "good").allSatisfy { $0 == nil })
        try arena.write("kind: endpoint\nurl: http://127.0.0.1:1/v1\nmodel: m\napi_key_env: NO_SUCH_KEY\n", "agents/bot/agent.yaml")
        let error = #expect(throws: AgentError.self) { _ = try Arena(file: arena.file) }
        #expect(error?.message.contains("agents/bot/agent.yaml:4: the environment variable NO_SUCH_KEY is not set") == true, "\(error?.message ?? "")")
    }

    @Test("what answers cost is summed over a game's turns and stands in the report")
    func costs() async throws {
        let arena = try arena(Self.game, Self.answering)
        let loaded = try Arena(file: arena.file)
        let id = PolicyID(agent: "bot", version: 0)
        let other = PolicyID(agent: "good", version: 0)
        let player = RoomPlayer(arena: loaded, policies: [id: PaidPolicy(id: id), other: PaidPolicy(id: other)])
        let room = Room(round: 1, index: 0, group: 0, prompt: Prompt(id: "", text: ""), seats: [id, other])
        let rollouts = try await player.play([room], seed: Seed(run: 1))[0]
        #expect(rollouts.map { $0.usage?.requestCount } == [4, 3] && rollouts.map { $0.usage?.cost } == [2, 1.5])
        let records = OutsideRecords(usage: ["bot": rollouts[0].usage ?? JudgeUsage()])
        #expect(records.costLines == ["bot: 4 requests, 0 from the cache, 40 tokens, cost 2.00"] && records.lossLines.isEmpty)
    }

    @Test("the example in Python sorts digits, and plays", .enabled(if: has("python3"), "needs python3"))
    func python() async throws {
        try await example("python")
        #expect(try String(contentsOfFile: StoryArena.root + "/Examples/agents/python/agent.py", encoding: .utf8).split(separator: "\n").count <= 20)
    }

    @Test("the example in Swift sorts digits, and plays", .enabled(if: has("swiftc"), "needs swiftc"))
    func swift() async throws {
        try await example("swift")
        #expect(try String(contentsOfFile: StoryArena.root + "/Examples/agents/swift/agent.swift", encoding: .utf8).split(separator: "\n").count <= 20)
    }

    private func example(_ language: String) async throws {
        let folder = NSTemporaryDirectory() + "agon-example-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.copyItem(atPath: StoryArena.root + "/Examples/agents/\(language)", toPath: folder)
        if language == "swift" {
            let compiler = Process()
            compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            compiler.arguments = ["swiftc", "agent.swift", "-o", "agent"]
            compiler.currentDirectoryURL = URL(fileURLWithPath: folder)
            try compiler.run()
            compiler.waitUntilExit()
            try #require(compiler.terminationStatus == 0)
        }
        for text in [Self.game, Self.task] {
            let arena = try arena(text, Self.answering)
            try FileManager.default.removeItem(atPath: arena.folder + "/agents/bot")
            try FileManager.default.copyItem(atPath: folder, toPath: arena.folder + "/agents/bot")
            let tournament = try arena.tournament("db")
            try await tournament.play()
            let own = try results(tournament).flatMap { result in
                zip(result.room.seats, result.rollouts).filter { $0.0.agent == "bot" }.map(\.1)
            }
            #expect(own.count > 6 && own.allSatisfy { $0.forfeit == nil && (text == Self.game || $0.gold == 1) })
        }
    }

    @Test("check, the listing and new know agents from outside")
    func catalog() throws {
        let arena = try arena(Self.game, Self.answering, "per_room: true\ncopies: 4\n")
        let catalog = Catalog(root: arena.folder)
        try arena.write("kind: endpoint\nurl: http://127.0.0.1:1/v1\nmodel: m\n", "agents/far/agent.yaml")
        try arena.write("kind: process\ncommand: [no-such-bot]\n", "agents/gone/agent.yaml")
        #expect(catalog.check(arena.folder + "/agents/bot", as: .agent).message == "process agent bot: `sh agent.sh`, a process for each room, 4 at a time, with the machine as its user has it.")
        #expect(catalog.check(arena.folder + "/agents/far", as: .agent).message == "endpoint agent far: model m at http://127.0.0.1:1/v1.")
        #expect(catalog.check(arena.folder + "/agents/gone", as: .agent).message.contains("agents/gone/agent.yaml:2: there is no program `no-such-bot`"))
        #expect(catalog.check(arena.file, as: .arena).isUsable)
        let listing = try catalog.agents(database: arena.folder + "/none")
        #expect(listing.first { $0.name == "bot" }.map { [$0.kind, $0.source] } == ["process", "sh agent.sh"])
        #expect(listing.first { $0.name == "far" }.map { [$0.kind, $0.source] } == ["endpoint", "model m at http://127.0.0.1:1/v1"])
        _ = try NewAgent(name: "mine", source: .process(command: [])).write(in: catalog)
        #expect(FileManager.default.fileExists(atPath: arena.folder + "/agents/mine/agent.py"))
        _ = try NewAgent(name: "own", source: .process(command: ["./a b", "-x"])).write(in: catalog)
        _ = try NewAgent(name: "near", source: .endpoint(url: "http://127.0.0.1:11434/v1", model: "qwen2.5:0.5b")).write(in: catalog)
        #expect(catalog.check(arena.folder + "/agents/near", as: .agent).isUsable)
        #expect(throws: TournamentError.self) { _ = try NewAgent(name: "copy", source: .agent(arena.folder + "/agents/bot")).thing(in: catalog) }
    }
}

/// Plays the first legal move and charges for it.
private struct PaidPolicy: OutsidePolicy {
    let id: PolicyID
    var roomLimit: Int? { 1 }
    func end(rooms: [UInt64]) async {}
    func stop() async {}

    func respond(to requests: [PolicyRequest]) async throws -> [PolicyResponse] {
        requests.map { request in
            var usage = JudgeUsage()
            (usage.requestCount, usage.promptTokenCount, usage.cost) = (1, 10, 0.5)
            return PolicyResponse(text: request.legalMoves.first ?? "", usage: usage)
        }
    }
}
