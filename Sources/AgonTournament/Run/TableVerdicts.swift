import AgonCore
import AgonGames
import AgonJudging

/// Judges tables: rooms of answers by the arena's judge, critics by whom they named, proposers by who could answer them.
struct TableVerdicts {
    let judge: any Judge
    /// Whether rollouts carry gold. Without it the answers that are ranked first are taken for the right ones.
    let hasGold: Bool
    let seed: Seed

    /// Who ranks critics and proposers.
    static let rewardJudge = JudgeID(name: "stages")

    /// Results in the order of tables and rooms.
    func results(_ tables: [[PlayedRoom]]) async throws -> [RoomResult] {
        let answered = tables.joined().filter { !$0.isRewarded }
        var judged = try await Verdicts(judge: judge, seed: seed).results(answered.map(\.room), answered.map(\.rollouts))[...]
        return try tables.flatMap { table in
            var results: [RoomResult?] = table.map { $0.isRewarded ? nil : judged.removeFirst() }
            for (index, played) in table.enumerated() where played.isRewarded {
                let rewards = switch played.room.stage?.kind {
                case .critique: critics(played, of: results[index - 1])
                default: proposers(played, solved: results.compactMap { $0 })
                }
                results[index] = try rewarded(played, rewards)
            }
            return results.compactMap { $0 }
        }
    }

    private func critics(_ played: PlayedRoom, of answers: RoomResult?) -> [Double?] {
        guard let answers else { preconditionFailure("critics follow answers") }
        func isRight(_ seat: Int) -> Bool {
            hasGold ? answers.rollouts[seat].gold == 1 : answers.ranking.ranks[seat] == 1
        }
        return played.rollouts.indices.map { seat in
            StageReward.critique(played.rollouts[seat].text, peers: played.peers[seat], isRight: isRight)
        }
    }

    private func proposers(_ played: PlayedRoom, solved: [RoomResult]) -> [Double?] {
        let bySeat = Dictionary(uniqueKeysWithValues: solved.map { ($0.room.index - played.room.index - 1, $0) })
        return played.rollouts.indices.map { seat in
            bySeat[seat].flatMap { result in
                StageReward.proposer(
                    rightCount: result.rollouts.count { $0.gold == 1 }, solverCount: result.rollouts.count)
            }
        }
    }

    private func rewarded(_ played: PlayedRoom, _ rewards: [Double?]) throws -> RoomResult {
        var rollouts = played.rollouts
        for seat in rollouts.indices where rollouts[seat].forfeit == nil { rollouts[seat].gold = rewards[seat] }
        let scores = rollouts.indices.filter { rollouts[$0].forfeit == nil }.map { rewards[$0] }
        let judgement = scores.count < 2 ? nil : Judgement(scoring: scores, tieMargin: 0)
        return try RoomJudging.result(room: played.room, rollouts: rollouts, judge: Self.rewardJudge, judgement: judgement)
    }
}

extension PlayedRoom {
    /// Whether what follows from a room ranks it, and no judge.
    fileprivate var isRewarded: Bool { room.stage?.kind == .critique || room.stage?.kind == .propose }
}
