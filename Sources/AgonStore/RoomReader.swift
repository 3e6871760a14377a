internal import AgonCore
internal import Foundation
internal import GRDB

/// Puts stored rooms together again: three ordered queries, walked side by side.
struct RoomReader {
    private let db: Database

    init(_ db: Database) { self.db = db }

    /// - Parameter condition: over `rooms`, with numbered parameters.
    /// - Returns: the rooms in round and room order.
    func rooms(where condition: String, _ values: [(any DatabaseValueConvertible)?]) throws -> [RoomResult] {
        var results: [RoomResult] = []
        var places: [Int64: Int] = [:]
        var scored: [Bool] = []
        try db.forEachRow(
            """
            SELECT id, round, room, room_group, CAST(prompt_id AS BLOB), CAST(prompt AS BLOB),
                CAST(reference AS BLOB), is_canary, judge, judge_version, is_scored,
                stage, stage_index, is_rated
            FROM rooms WHERE \(condition) ORDER BY round, room
            """, values
        ) { row in
            places[row[0]] = results.count
            scored.append(row[10])
            let prompt = Prompt(
                id: Text.decode(row[4]), stored: Text.decode(row[5]),
                reference: (row[6] as Data?).map(Text.decode))
            let room = Room(
                round: row[1], index: row[2], group: row[3], prompt: prompt, seats: [], isCanary: row[7],
                stage: try (row[11] as String?).map {
                    RoomStage(index: row[12], kind: try word($0, StageKind.self), isRated: row[13])
                })
            results.append(
                RoomResult(
                    room: room, rollouts: [], judge: JudgeID(name: row[8], version: row[9]), scores: [],
                    verdicts: [], ranking: Ranking(ranks: [])))
        }
        try db.forEachRow(
            """
            SELECT room_id, versions.name, versions.version, CAST(text AS BLOB), token_count, tokens, own,
                log_probs, finish, forfeit, gold, score, rank, CAST(reason AS BLOB)
            FROM rooms JOIN rollouts ON rollouts.room_id = rooms.id JOIN versions ON versions.id = policy_id
            WHERE \(condition) ORDER BY room_id, seat
            """, values
        ) { row in
            guard let place = places[row[0]] else { return }
            results[place].room.seats.append(PolicyID(agent: row[1], version: row[2]))
            results[place].rollouts.append(try rollout(row))
            if scored[place] { results[place].scores.append(row[11]) }
            results[place].ranking.ranks.append(row[12])
        }
        try db.forEachRow(
            """
            SELECT room_id, first, second, verdict, by_rule, preference
            FROM rooms JOIN verdicts ON verdicts.room_id = rooms.id WHERE \(condition) ORDER BY room_id, position
            """, values
        ) { row in
            guard let place = places[row[0]] else { return }
            results[place].verdicts.append(
                PairVerdict(
                    first: row[1], second: row[2], verdict: try word(row[3], Verdict.self), byRule: row[4],
                    preference: row[5]))
        }
        try addVotes(to: &results, places, where: condition, values)
        return results
    }

    /// What the judges said of the rooms and what it cost.
    private func addVotes(
        to results: inout [RoomResult], _ places: [Int64: Int], where condition: String,
        _ values: [(any DatabaseValueConvertible)?]
    ) throws {
        try db.forEachRow(
            """
            SELECT room_id, \(Self.voteColumns)
            FROM rooms JOIN votes ON votes.room_id = rooms.id WHERE \(condition) AND NOT is_person
            ORDER BY room_id, votes.position
            """, values
        ) { row in
            guard let place = places[row[0]] else { return }
            results[place].votes.append(try Self.vote(row))
        }
        try db.forEachRow(
            """
            SELECT room_id, request_count, cached_count, retry_count, prompt_tokens, completion_tokens, cost, seconds
            FROM rooms JOIN judge_usage ON room_id = rooms.id WHERE \(condition)
            """, values
        ) { row in
            guard let place = places[row[0]] else { return }
            results[place].usage = Self.usage(row)
        }
        try db.forEachRow(
            """
            SELECT room_id, request_count, cached_count, retry_count, prompt_tokens, completion_tokens, cost, seconds, seat
            FROM rooms JOIN agent_usage ON room_id = rooms.id WHERE \(condition)
            """, values
        ) { row in
            guard let place = places[row[0]] else { return }
            results[place].rollouts[row[8]].usage = Self.usage(row)
        }
    }

    /// What something cost, from the second column on.
    static func usage(_ row: Row) -> JudgeUsage {
        var usage = JudgeUsage()
        (usage.requestCount, usage.cachedCount, usage.retryCount) = (row[1], row[2], row[3])
        (usage.promptTokenCount, usage.completionTokenCount) = (row[4], row[5])
        (usage.cost, usage.seconds) = (row[6], row[7])
        return usage
    }

    static let voteColumns = """
        votes.judge, votes.judge_version, first, second, verdict, straight, swapped, preference, CAST(reason AS BLOB)
        """

    /// A vote from `voteColumns`, which begin at the second column.
    static func vote(_ row: Row) throws -> Vote {
        Vote(
            judge: JudgeID(name: row[1], version: row[2]), first: row[3], second: row[4],
            verdict: try word(row[5], Verdict.self), straight: try (row[6] as String?).map { try word($0, Verdict.self) },
            swapped: try (row[7] as String?).map { try word($0, Verdict.self) }, preference: row[8],
            reason: Text.decode(row[9]))
    }

    private func rollout(_ row: Row) throws -> Rollout {
        var sequence: TokenSequence?
        if let count: Int = row[4] {
            guard let tokens = Blobs.integers(row[5]), tokens.count == count,
                let own = Blobs.marks(row[6], count: count)
            else {
                throw StoreError(.damaged, "the tokens of a rollout of room key \(row[0] as Int64) are damaged.")
            }
            sequence = TokenSequence(tokens: tokens, own: own)
        }
        guard let logProbs = Blobs.floats(row[7]) else {
            throw StoreError(.damaged, "the log-probabilities of a rollout of room key \(row[0] as Int64) are damaged.")
        }
        return Rollout(
            text: Text.decode(row[3]), sequence: sequence, logProbs: logProbs,
            finish: try word(row[8], FinishReason.self),
            forfeit: try (row[9] as String?).map { try word($0, Forfeit.self) },
            reason: (row[13] as Data?).map(Text.decode) ?? "", gold: row[10])
    }
}
