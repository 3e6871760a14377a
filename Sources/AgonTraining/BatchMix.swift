public import AgonCore

/// Batches with a fixed number of items of one's own and of others, as SAPO shares rollouts.
///
/// The items of one's own come first in the data. What no longer fills a batch of exactly this mix is left out by lot.
///
/// - Source: Gensyn 2025, arXiv:2509.08721, §3.
public struct BatchMix: Sendable, Hashable {
    /// Items of one's own, and of others, in a batch.
    public let local: Int
    public let external: Int

    /// - Precondition: both are at least 0, and one is above.
    public init(local: Int, external: Int) {
        precondition(local >= 0 && external >= 0 && local + external > 0, "a batch of \(local) and \(external) holds nothing")
        self.local = local
        self.external = external
    }

    public var batchSize: Int { local + external }

    /// How many whole batches there are.
    public func batchCount(localCount: Int, externalCount: Int) -> Int {
        min(local > 0 ? localCount / local : .max, external > 0 ? externalCount / external : .max)
    }

    /// The items of all whole batches, batch by batch, those of one's own first in each.
    /// - Parameter generator: draws who is left out and which batch each item comes into.
    public func order(localCount: Int, externalCount: Int, _ generator: inout SeededGenerator) -> [Int] {
        let own = generator.shuffled(Array(0..<localCount))
        let others = generator.shuffled(Array(localCount..<localCount + externalCount))
        return (0..<batchCount(localCount: localCount, externalCount: externalCount)).flatMap { batch -> [Int] in
            Array(own[batch * local..<(batch + 1) * local]) + Array(others[batch * external..<(batch + 1) * external])
        }
    }
}
