import AgonCore
import AgonStore

/// Matches counted by agents: who beat whom, and who did what from which side.
///
/// Matches of an agent against its own versions are left out.
struct Meetings {
    private struct Count {
        var wins = 0
        var draws = 0
        var losses = 0

        mutating func add(_ score: Double) {
            if score > 0.5 { wins += 1 } else if score < 0.5 { losses += 1 } else { draws += 1 }
        }
    }

    private struct Side: Hashable {
        var agent: Int
        var cluster: Int
        var isFirst: Bool
    }

    private let names: [String]
    /// `[agent][agent]`, seen from the first.
    private var counts: [Count]
    private var sideCounts: [Side: Count] = [:]

    init(_ matches: MatchList) {
        names = Set(matches.policies.map(\.agent)).sorted()
        let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        let agents = matches.policies.map { places[$0.agent] ?? 0 }
        counts = Array(repeating: Count(), count: names.count * names.count)
        for index in matches.indices {
            let (first, second) = (agents[Int(matches.firsts[index])], agents[Int(matches.seconds[index])])
            guard first != second else { continue }
            let (score, cluster) = (matches.scores[index], matches.clusters[index])
            counts[first * names.count + second].add(score)
            counts[second * names.count + first].add(1 - score)
            sideCounts[Side(agent: first, cluster: cluster, isFirst: true), default: Count()].add(score)
            sideCounts[Side(agent: second, cluster: cluster, isFirst: false), default: Count()].add(1 - score)
        }
    }

    /// Each two agents that met, once, by name.
    var table: [HeadToHead] {
        names.indices.flatMap { one in
            names.indices.dropFirst(one + 1).compactMap { other -> HeadToHead? in
                let count = counts[one * names.count + other]
                guard count.wins + count.draws + count.losses > 0 else { return nil }
                return HeadToHead(first: names[one], second: names[other], wins: count.wins, draws: count.draws, losses: count.losses)
            }
        }
    }

    /// What each agent did as the first and as the second of a match, prompt by prompt.
    var sides: [MatchTally] {
        sideCounts.sorted { ($0.key.agent, $0.key.isFirst ? 0 : 1, $0.key.cluster) < ($1.key.agent, $1.key.isFirst ? 0 : 1, $1.key.cluster) }
            .map { side, count in
                MatchTally(agent: names[side.agent], isFirst: side.isFirst, wins: count.wins, draws: count.draws, losses: count.losses)
            }
    }
}
