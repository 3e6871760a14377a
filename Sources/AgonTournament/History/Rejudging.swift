import AgonAgents
public import AgonCore
import AgonJudging
import AgonRatings
import AgonStore
import AgonTransformer
import Synchronization

/// A run's stored answers brought to a judge again, without playing a room: how far it agrees with what was said then, and
/// the board that it would have made.
public struct Rejudging: Sendable, Hashable, Codable {
    /// An agent's rating then and by the judge.
    public struct Row: Sendable, Hashable, Codable {
        public var policy: PolicyID
        public var stored: Estimate?
        public var rejudged: Estimate?
    }

    public var run: String
    public var judge: String
    public var roomCount: Int
    /// Pairs of answers that a judge decides, and no rule.
    public var pairCount: Int
    /// Of these, on which both said the same.
    public var sameCount: Int
    /// Share of pairs with a readable verdict of both on which they agree, clustered by prompt.
    public var agreement: Estimate?
    /// Cohen's κ of both; nil where both always say the same one thing.
    public var kappa: Double?
    /// The newest version of each agent, by falling rating of the judge.
    public var board: [Row]
    /// Members that left a panel, a sentence each.
    public var lost: [String]

    /// - Parameters:
    ///   - folder: the judge's folder; nil: the judge that the arena has, each room by the version that judged it then.
    ///   - threads: that the judge may use; they change no verdict.
    ///   - shouldStop: asked after each round.
    /// - Throws: `configuration` for a folder in an arena of games, and for an arena whose own judge cannot be put back to
    ///   how it was; `Interruption`; what the judge throws.
    public init(_ stored: StoredRun, judge folder: String?, threads: Int, shouldStop: () -> Bool = { false }) async throws {
        let lost = Mutex<[String]>([])
        let past = try PastJudges(stored, folder: folder, threads: threads) { sentence in lost.withLock { $0.append(sentence) } }
        (run, judge, roomCount, pairCount, sameCount) = (stored.record.id, past.name, 0, 0, 0)
        var votes: [[Verdict?]] = []
        var (agreed, clusters): ([Double], [Int]) = ([], [])
        var (before, after): ([Match], [Match]) = ([], [])
        for round in stride(from: 1, through: stored.closedRoundCount, by: 1) {
            let results = try stored.store.roomResults(run: run, round: round).filter(\.room.isRated)
            let again = try await past.results(results, seed: stored.seed(ofRound: round))
            roomCount += results.count
            for (old, new) in zip(results, again) {
                before += Match.matches(of: old)
                after += Match.matches(of: new)
                for (one, other) in zip(old.verdicts, new.verdicts) where !one.byRule {
                    pairCount += 1
                    sameCount += one.verdict == other.verdict ? 1 : 0
                    votes.append([one.verdict, other.verdict].map { $0 == .void ? nil : $0 })
                    guard one.verdict != .void, other.verdict != .void else { continue }
                    agreed.append(one.verdict == other.verdict ? 1 : 0)
                    clusters.append(old.room.prompt.cluster)
                }
            }
            if shouldStop() { throw Interruption() }
        }
        agreement = Interval.mean(of: agreed, clusters: clusters).map { Estimate(value: $0.value, low: $0.low, high: $0.high) }
        kappa = JudgeAgreement(judges: [JudgeID(name: "then"), JudgeID(name: "now")], votes: votes).cohenKappa(0, 1).kappa
        board = try Rejudging.board(stored, before, after)
        self.lost = lost.withLock { $0 }
    }

    private static func board(_ stored: StoredRun, _ before: [Match], _ after: [Match]) throws -> [Row] {
        let fits = try [before, after].map {
            try BradleyTerry.fit($0, anchor: stored.arena.referencePolicy, options: .init(anchorRating: stored.arena.configuration.initialRating))
        }
        let newest = Dictionary(
            try stored.store.ratings(run: stored.record.id).map { ($0.policy.agent, $0) }, uniquingKeysWith: { $0.round > $1.round ? $0 : $1 })
        func estimate(_ fit: BradleyTerryFit, _ policy: PolicyID) -> Estimate? {
            fit[policy]?.rating.map { Estimate(value: $0.value, low: $0.low, high: $0.high) }
        }
        return newest.values.map(\.policy).sorted().map { policy in
            Row(policy: policy, stored: estimate(fits[0], policy), rejudged: estimate(fits[1], policy))
        }.sorted { ($0.rejudged?.value ?? -.infinity, $1.policy) > ($1.rejudged?.value ?? -.infinity, $0.policy) }
    }

    /// Pairs with the same verdict, of all: `118 of 120`.
    public var shortText: String { "\(sameCount) of \(pairCount)" }

    /// For people.
    public func text(width: Int) -> String {
        let share = agreement.map { ", \(ReportNumber.percent($0)) of those with a verdict of both" } ?? ""
        let head = "\(judge) on \(ReportNumber.count(roomCount)) stored rooms of run \(run): the same verdict on \(ReportNumber.count(sameCount)) of \(ReportNumber.count(pairCount)) pairs\(share)"
            + (kappa.map { ", κ \(ReportNumber.fixed($0, decimals: 2))." } ?? ".")
        let rows = board.map { row in
            [
                "\(row.policy)", row.stored.map(ReportNumber.rating) ?? ReportNumber.missing,
                row.rejudged.map(ReportNumber.rating) ?? ReportNumber.missing,
                row.stored.flatMap { old in row.rejudged.map { ReportNumber.signed($0.value - old.value) } } ?? ReportNumber.missing,
            ]
        }
        let table = TextTable(
            columns: [
                .init(title: "agent", isNumber: false, expendability: 0), .init(title: "stored", isNumber: true, expendability: 0),
                .init(title: "by this judge", isNumber: true, expendability: 0), .init(title: "change", isNumber: true, expendability: 0),
            ],
            rows: rows.map { $0.map { DisplayText.visible($0) } }, flexibleColumn: 0)
        let lines: [String] = [head, ""] + table.lines(width: width) + lost.map { "\n" + $0 }
        return DisplayText.visible(lines.joined(separator: "\n"), keepsLines: true)
    }
}

/// The judge that stored rooms are brought to.
struct PastJudges {
    private let stored: StoredRun
    private let bench: JudgeBench?
    private let other: (any Judge)?

    init(_ stored: StoredRun, folder: String?, threads: Int, onLoss: @escaping @Sendable (String) -> Void) throws {
        self.stored = stored
        let arena = stored.arena
        guard let folder else {
            if let panel = arena.judges.panel {
                throw TournamentError(.configuration, "\(arena.configuration.file): what the panel \(panel.name) knew of its members in each round is not stored: name a judge with --judge.")
            }
            other = nil
            bench = try JudgeBench(arena: arena, threads: threads) { onLoss($0.message) }
            return
        }
        guard arena.game == nil else {
            throw TournamentError(.configuration, "\(arena.configuration.file) is a game, which its referee decides: leave --judge out to have it decide again.")
        }
        bench = nil
        other = try Judges.load(folder, threads: threads, kernels: arena.kernels, options: arena.configuration.judge.options) { onLoss($0.message) }
        if other?.needsReference == true, !arena.hasGold, arena.judges.tester == nil {
            throw TournamentError(.configuration, "\(folder) compares with gold, which the prompts of \(arena.configuration.file) do not have: name another judge.")
        }
    }

    /// As it is told to people.
    var name: String { other.map { "\($0.id.name)" } ?? stored.arena.configuration.judgeText }

    /// The rooms judged again, in their order.
    func results(_ results: [RoomResult], seed: Seed) async throws -> [RoomResult] {
        var again = results
        for (version, indices) in Dictionary(grouping: results.indices, by: { results[$0].judge.version }).sorted(by: { $0.key < $1.key }) {
            let judge = try other ?? own(version)
            let judged = try await Verdicts(judge: judge, seed: seed).results(
                indices.map { results[$0].room }, indices.map { results[$0].rollouts })
            for (index, result) in zip(indices, judged) { again[index] = result }
        }
        return again
    }

    /// The arena's judge as it was in a version.
    private func own(_ version: Int) throws -> any Judge {
        guard let bench else { preconditionFailure("a judge is the arena's or another") }
        guard let member = stored.arena.judges.learning.first, let model = member.model else { return bench.judge([]) }
        let record = try stored.store.versions(run: stored.record.id).first { $0.isJudge && $0.name == member.name && $0.version == version }
        let parameters = try record.map { version == 0 ? model.parameters : try stored.checkpoints.load($0) } ?? model.parameters
        return bench.judge([
            .init(id: JudgeID(name: member.name, version: version), parameters: parameters, hash: record?.hash ?? member.hash)
        ])
    }
}
