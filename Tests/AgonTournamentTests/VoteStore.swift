import AgonCore
import AgonStore

@testable import AgonTournament

/// A run whose one closed round has a room for each of `count` prompts, between two agents whose names stand in no text.
enum VoteStore {
    static let run = RunRecord(id: "taste-1-aa", arena: "taste", seed: 1, configuration: "name: taste\n", kernels: "portable")
    static let names = ["balthasar", "zephyrine"]
    /// The panel and its two members.
    static let judges = ["senate", "brutus", "cassius"]

    /// The rooms of the round: the panel and `brutus` prefer the first seat; `cassius` says a tie in every third room and
    /// cannot read every fifth. Every fourth room is a canary.
    static func rooms(_ count: Int, texts: (Int) -> [String]) -> [RoomResult] {
        (0..<count).map { index in
            let vote = { (name: String, verdict: Verdict) in
                Vote(judge: JudgeID(name: name, version: index), first: 0, second: 1, verdict: verdict)
            }
            return RoomResult(
                room: Room(
                    round: 1, index: index, group: index, prompt: Prompt(id: "p\(index)", text: "question \(index)"),
                    seats: names.map { PolicyID(agent: $0, version: 0) }, isCanary: index.isMultiple(of: 4)),
                rollouts: texts(index).map { Rollout(text: $0, sequence: TokenSequence(tokens: [1], own: [true]), logProbs: [0]) },
                judge: JudgeID(name: judges[0]), scores: [], verdicts: [PairVerdict(first: 0, second: 1, verdict: .first)],
                ranking: Ranking(ranks: [1, 2]),
                votes: [
                    vote(judges[1], .first),
                    vote(judges[2], index % 5 == 4 ? .void : index % 3 == 2 ? .tie : .first),
                ])
        }
    }

    static func make(
        in folder: PairFolder, count: Int = 12, run: RunRecord = run, isClosed: Bool = true,
        texts: (Int) -> [String] = { ["good \($0)", "bad \($0)"] }
    ) throws -> ArenaStore {
        let store = try ArenaStore(path: folder.path + "/arena.sqlite")
        try store.begin(
            run: run, entrants: names.map { Entrant(name: $0, role: .learner) },
            versions: names.map { VersionRecord(name: $0, version: 0, round: 0, hash: $0, parent: nil, path: "") })
        try store.save(rooms: rooms(count, texts: texts), run: run.id)
        if isClosed { try close(store, round: 1, run: run) }
        return store
    }

    static func close(_ store: ArenaStore, round: Int, run: RunRecord = run) throws {
        try store.close(
            RoundClosing(
                round: RoundRecord(number: round, signature: "s", timings: RoundTimings()), matches: [], pairs: [],
                ratings: [], versions: [], updates: [], evaluations: [], judgeHealth: nil), run: run.id)
    }
}
