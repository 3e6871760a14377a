import AgonAgents
import AgonCore
import AgonGames
import AgonScheduling

extension ArenaConfiguration {
    /// Who meets whom.
    public enum Schedule: Sendable, Hashable {
        case roundRobin(roomsPerPairing: Int, baselineRoomsPerPairing: Int)
        case freeForAll(rooms: Int, seatsPerLearner: Int)
        case gauntlet(challengers: [String], roomsPerPairing: Int)
        /// `rounds`: nil takes as many as a knockout of the same field would have.
        case swiss(roomsPerPairing: Int, rounds: Int?)
        case knockout(seeds: [String], bestOf: Int, extensions: Int)
        case ladder(window: Double, widening: Double, roomsPerPairing: Int)
        case selfPlay(roomsPerLearner: Int, latestRatio: Double, window: Int, priority: Double)
        case budget(rooms: Int)
    }
}

/// The keys of `schedule`, and how they become one.
enum ScheduleKeys {
    static let section = Section(
        "schedule",
        [
            Key("kind", .choice(kinds, default: nil), "`round_robin`: everybody meets everybody, in twos or in as many as the game seats. `free_for_all`: everybody sits in every room. `gauntlet`: a few meet everyone. `swiss`: who has about as many points meets, nobody twice. `knockout`: who loses is out; level meetings are played again. `ladder`: matchmaking by rating. `self_play`: learners against one another and against past versions; anchors do not play, so progress shows in the held-out measures and not in the ratings. `budget`: the meeting that tells most about the ratings. All but free_for_all play each prompt again with the seats changed."),
            Key("rooms", .integer(1...1_000_000, default: 64), unit: "rooms", "free_for_all, budget: rooms a round."),
            Key("seats_per_learner", .integer(1...64, default: 2), unit: "seats", "free_for_all: how many answers each learner gives in a room; known elsewhere as `num_generations`."),
            Key("rooms_per_pairing", .integer(0...1_000_000, default: 32), unit: "rooms", "round_robin: rooms a round between two models of which one learns, half of them return games; gauntlet, swiss, ladder: of each meeting. In games for more than two: of each table with a learner."),
            Key("baseline_rooms_per_pairing", .integer(0...1_000_000, default: 4), unit: "rooms", "round_robin: rooms a round of all other pairings. They serve the ratings only."),
            Key("challengers", .list(default: []), "gauntlet: who meets everyone, by name; all learners where it is left out."),
            Key("seeds", .list(default: []), "knockout: names in order of strength, the best kept apart longest and given the byes; who is not named follows by lot."),
            Key("best_of", .integer(1...10_000, default: 2), unit: "rooms", "knockout: rooms of a meeting, rounded up to an even number."),
            Key("extensions", .integer(0...100, default: 2), "knockout: how often a level meeting is played again before the better seed goes on."),
            Key("rating_window", .number(0...10_000, default: 100), unit: "Elo", "ladder: how far apart two may be rated."),
            Key("widening", .number(0...1000, default: 0.5), unit: "share", "ladder: how much of the window is added for each round of waiting."),
            Key("rooms_per_learner", .integer(1...1_000_000, default: 64), unit: "rooms", "self_play: rooms a round of each learner."),
            Key("latest_ratio", .number(0...1, default: 0.5), unit: "share", "self_play: how many of them are against a newest version; the others are against the pool."),
            Key("window", .integer(0...1000, default: 8), unit: "versions", "self_play: how many past versions of each learner the pool holds."),
            Key("priority", .number(0...64, default: 2), "self_play: past versions come in proportion to the share of points that they still win, to this power; 0 takes all alike."),
        ])

    private static let kinds = ["round_robin", "free_for_all", "gauntlet", "swiss", "knockout", "ladder", "self_play", "budget"]

    /// Which kinds read a key.
    private static let readers: [(key: String, kinds: [String])] = [
        ("rooms", ["free_for_all", "budget"]), ("seats_per_learner", ["free_for_all"]),
        ("rooms_per_pairing", ["round_robin", "gauntlet", "swiss", "ladder"]), ("baseline_rooms_per_pairing", ["round_robin"]),
        ("challengers", ["gauntlet"]), ("seeds", ["knockout"]), ("best_of", ["knockout"]), ("extensions", ["knockout"]),
        ("rating_window", ["ladder"]), ("widening", ["ladder"]), ("rooms_per_learner", ["self_play"]),
        ("latest_ratio", ["self_play"]), ("window", ["self_play"]), ("priority", ["self_play"]),
    ]

    /// - Parameter rounds: what the arena's `rounds` says; nil where it says nothing.
    static func read(_ reader: ConfigurationReader, rounds: Int?) throws -> ArenaConfiguration.Schedule {
        let kind = try reader.text("kind")
        for (key, kinds) in readers where !kinds.contains(kind) {
            try reader.refuse([key], belongingTo: kinds.map { "`kind: \($0)`" }.joined(separator: ", "))
        }
        let roomsPerPairing = try reader.integer("rooms_per_pairing")
        if ["swiss", "ladder"].contains(kind), roomsPerPairing == 0 {
            throw reader.error("rooms_per_pairing", "a meeting needs a room: give 1 or more.")
        }
        switch kind {
        case "free_for_all":
            return .freeForAll(rooms: try reader.integer("rooms"), seatsPerLearner: try reader.integer("seats_per_learner"))
        case "gauntlet": return .gauntlet(challengers: try reader.list("challengers"), roomsPerPairing: roomsPerPairing)
        case "swiss": return .swiss(roomsPerPairing: roomsPerPairing, rounds: rounds)
        case "knockout":
            return .knockout(
                seeds: try reader.list("seeds"), bestOf: try reader.integer("best_of"), extensions: try reader.integer("extensions"))
        case "ladder":
            return .ladder(
                window: try reader.number("rating_window"), widening: try reader.number("widening"), roomsPerPairing: roomsPerPairing)
        case "self_play":
            return .selfPlay(
                roomsPerLearner: try reader.integer("rooms_per_learner"), latestRatio: try reader.number("latest_ratio"),
                window: try reader.integer("window"), priority: try reader.number("priority"))
        case "budget": return .budget(rooms: try reader.integer("rooms"))
        default:
            return .roundRobin(
                roomsPerPairing: roomsPerPairing, baselineRoomsPerPairing: try reader.integer("baseline_rooms_per_pairing"))
        }
    }

    /// Names in `challengers` and `seeds` must take part.
    static func check(_ reader: ConfigurationReader, agents: [String]) throws {
        for key in ["challengers", "seeds"] {
            let names = try reader.list(key)
            for name in names where !agents.contains(name) {
                let hint = NearestName.of(name, among: agents).map { "did you mean `\($0)`?" } ?? "name one of \(agents.joined(separator: ", "))."
                throw reader.error(key, "`\(name)` does not take part: \(hint)")
            }
            if let twice = names.first(where: { name in names.count(where: { $0 == name }) > 1 }) {
                throw reader.error(key, "`\(twice)` stands twice: remove one.")
            }
        }
    }
}

extension Arena {
    var scheduler: any Scheduler {
        switch configuration.schedule {
        case .roundRobin(let rooms, let baseline):
            guard let game, game.seatCount > 2 else {
                return RoundRobin(roomsPerPairing: rooms, baselineRoomsPerPairing: baseline)
            }
            return TableRotation(seatCount: game.seatCount, roomsPerTable: rooms, baselineRoomsPerTable: baseline)
        case .freeForAll(let rooms, let seats): return FreeForAll(roomCount: rooms, seatsPerLearner: seats)
        case .gauntlet(let challengers, let rooms): return Gauntlet(challengers: challengers, roomsPerPairing: rooms)
        case .swiss(let rooms, let rounds): return Swiss(roundCount: rounds, roomsPerPairing: rooms)
        case .knockout(let seeds, let rooms, let extensions):
            return Knockout(seeds: seeds, bestOf: rooms, extensionLimit: extensions)
        case .ladder(let window, let widening, let rooms):
            return Ladder(
                window: window, widening: widening, roomsPerPairing: rooms, initialRating: configuration.initialRating)
        case .selfPlay(let rooms, let latest, let window, let priority):
            return SelfPlay(roomsPerLearner: rooms, latestRatio: latest, window: window, priority: priority)
        case .budget(let rooms): return Budget(roomsPerRound: rooms, initialRating: configuration.initialRating)
        }
    }

    /// Rooms in the first round; later ones may have fewer.
    public var roomsPerRound: Int { firstPairings.count }

    /// Whom the first round brings together.
    var firstPairings: [Pairing] {
        Array(scheduler.schedule(
            round: 1, entrants: entrants, history: ScheduleHistory(), seed: Seed(run: configuration.seed)))
    }

    /// A round's tables: pairings from the scheduler, a prompt for each group. The first are canaries, so that the judge can
    /// learn from them before it judges the rest.
    ///
    /// - Parameters:
    ///   - versions: who plays for each agent where the schedule asks for no past version.
    ///   - history: what the schedule may look back on.
    func tables(round: Int, versions: [String: PolicyID], history: ScheduleHistory, runSeed: Seed) -> [Room] {
        let pairings = scheduler.pairings(
            round: round, entrants: entrants, history: history, seed: scheduleSeed(runSeed, round: round))
        let groups = Set(pairings.map(\.group)).sorted()
        let drawn = prompts.prompts(.training, count: groups.count, seed: runSeed.child(.round, round).child(.prompt, 0))
        let promptOfGroup = Dictionary(uniqueKeysWithValues: zip(groups, drawn))
        return pairings.enumerated().compactMap { index, pairing in
            guard let prompt = promptOfGroup[pairing.group] else { return nil }
            return Room(
                round: round, index: index, group: pairing.group, prompt: prompt,
                seats: pairing.seats.enumerated().compactMap { seat, name in
                    let past = pairing.versions.isEmpty ? nil : pairing.versions[seat]
                    return past.map { PolicyID(agent: name, version: $0) } ?? versions[name]
                },
                isCanary: index < configuration.judge.canaryRoomCount)
        }
    }

    /// Past versions of one learner that may sit in a round's rooms.
    var poolSize: Int {
        if case .selfPlay(_, let latest, let window, _) = configuration.schedule, latest < 1 { window } else { 0 }
    }
}

extension Arena {
    /// What a round's pairings are drawn by: brackets and score groups keep one lot for the whole run, the other schedules
    /// draw anew each round.
    ///
    /// - Parameter seed: the run's.
    func scheduleSeed(_ seed: Seed, round: Int) -> Seed {
        switch configuration.schedule {
        case .swiss, .knockout: seed.child(.schedule, 0)
        default: seed.child(.round, round).child(.schedule, 0)
        }
    }

    /// Why no round follows, where the schedule has come to its end; nil where one does.
    func scheduleEnd(after state: RunState, seed: Seed) -> String? {
        let (round, history) = (state.round + 1, state.scheduleHistory)
        func isEmpty(_ round: Int) -> Bool {
            scheduler.schedule(round: round, entrants: entrants, history: history, seed: scheduleSeed(seed, round: round)).count == 0
        }
        guard isEmpty(round) else { return nil }
        // On a ladder everybody may have to wait until the windows are wide enough.
        if case .ladder = configuration.schedule, (round..<max(round, configuration.roundCount) + 1).contains(where: { !isEmpty($0) }) { return nil }
        return ContestOutcome(arena: self, history: history, roundCount: state.round, seed: seed)?.sentence
            ?? "The schedule has nothing more to play after \(state.round == 1 ? "1 round" : "\(state.round) rounds")."
    }
}
