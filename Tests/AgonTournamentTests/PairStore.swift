import AgonCore
import AgonStore

/// A database with one closed round whose texts are hostile: a room for each two neighbours of `texts`.
struct PairStore {
    static let judge = JudgeID(name: "taste", version: 2)
    static let texts = PairFileTests.hostile

    /// - Parameter configuration: of the run, which says whether it is a game.
    static func make(
        in folder: PairFolder, configuration: String = "name: sums\n",
        prompt: (Int) -> Prompt = { Prompt(id: "p\($0)", text: "ask " + texts[$0]) }
    ) throws -> ArenaStore {
        let store = try ArenaStore(path: folder.path + "/arena.sqlite")
        let run = RunRecord(id: "sums-1-aa", arena: "sums", seed: 1, configuration: configuration, kernels: "portable")
        let names = ["ada", "zoe"]
        try store.begin(
            run: run, entrants: names.map { Entrant(name: $0, role: .learner) },
            versions: names.map { VersionRecord(name: $0, version: 0, round: 0, hash: $0, parent: nil, path: "") })
        let policies = names.map { PolicyID(agent: $0, version: 0) }
        let rooms = (0..<texts.count - 1).map { index in
            RoomResult(
                room: Room(
                    round: 1, index: index, group: index, prompt: prompt(index), seats: policies),
                rollouts: [Rollout(text: texts[index]), Rollout(text: texts[index + 1])], judge: judge,
                scores: [2.5, index.isMultiple(of: 3) ? nil : 0.5],
                verdicts: [PairVerdict(first: 0, second: 1, verdict: .first)], ranking: Ranking(ranks: [1, 2]))
        }
        try store.save(rooms: rooms, run: run.id)
        let pairs = rooms.indices.map { index in
            PreferencePair(
                round: 1, promptID: "p\(index)", chosen: RolloutAddress(room: index, seat: 0, policy: policies[0]),
                rejected: RolloutAddress(room: index, seat: 1, policy: policies[1]), judge: judge,
                label: index == 0 ? 0.75 : 1)
        }
        try store.close(
            RoundClosing(
                round: RoundRecord(number: 1, signature: "s", timings: RoundTimings()), matches: [], pairs: pairs,
                ratings: [], versions: [], updates: [], evaluations: [], judgeHealth: nil), run: run.id)
        return store
    }
}
