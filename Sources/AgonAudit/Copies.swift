public import AgonCore
import Foundation

/// Equal rollouts at different addresses.
///
/// Every address draws its own noise, so that two rollouts that say the same either met by chance or one was copied. Where a
/// replay confirms a rollout nothing is left to ask, however often others said the same: it is never the copy. For those that
/// cannot be replayed the probability of the tokens, as stored, says how likely chance is.
public struct Copies: Sendable {
    private let sequences: [TokenSequence?]
    private let places: [TokenSequence: [Int]]

    /// - Parameter sequences: of one run, in the order of their addresses; nil for rollouts without tokens.
    public init(_ sequences: [TokenSequence?]) {
        self.sequences = sequences
        places = Dictionary(grouping: sequences.indices.filter { sequences[$0] != nil }) { sequences[$0] ?? TokenSequence(tokens: [], own: []) }
    }

    /// The first other rollout that saw and said the same; nil where there is none.
    public func other(than index: Int) -> Int? {
        sequences[index].flatMap { places[$0]?.first { $0 != index } }
    }

    /// Rollouts that say what an earlier one said and are too improbable to say it by chance.
    ///
    /// Of all pairs of rollouts each may be equal with the probability p of the later one's tokens. Those with p · pairs ≤
    /// `falseRate` are named, so that a run without copies has one named with at most that probability.
    ///
    /// - Parameters:
    ///   - logProbability: Σ log p of a rollout's own tokens under what drew them; nil for one that was confirmed, or whose
    ///     options draw from another distribution.
    ///   - falseRate: the probability of a false alarm in the whole run.
    /// - Returns: pairs of copy and source.
    public func improbable(logProbability: (Int) -> Double?, falseRate: Double = 1e-6) -> [(copy: Int, source: Int)] {
        let count = Double(sequences.count)
        let threshold = falseRate / max(1, count * (count - 1) / 2)
        var found: [(copy: Int, source: Int)] = []
        for group in places.values where group.count > 1 {
            for index in group.dropFirst() {
                guard let logProbability = logProbability(index), logProbability <= log(threshold) else { continue }
                found.append((index, group[0]))
            }
        }
        return found.sorted { $0.copy < $1.copy }
    }
}
