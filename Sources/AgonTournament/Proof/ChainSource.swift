import AgonCore
import AgonProof
import AgonTraining

/// Where a chain and what it is about are read from: a database, or a bundle.
protocol ChainSource {
    /// Whose chain it is: of this run,
    var run: RunRecord { get }
    /// and of this learner.
    var agent: String { get }
    /// The run's, as it was read then.
    var configuration: ArenaConfiguration { get }
    /// SHA-256 of the agent's versions, by number.
    var versions: [Int: String] { get }
    /// The agent's updates in the order of rounds, those of rounds without a statement left out.
    var updates: [ChainUpdate] { get }
    /// As they are kept, in the order of their positions.
    var links: [SealedLink] { get }
    /// The arena's, in the order of the rounds.
    var statements: [SealedStatement] { get }
    /// What the records of a round say now.
    func evidence(round: Int) throws -> ChainEvidence
    /// The folder of a version's weights; nil where they are not at hand.
    func weights(of version: Int) -> String?
    /// The run whose link this is, where it is that of another one and that is known.
    func owner(of link: SealedLink) throws -> String?
    /// The agent's model, for whoever runs updates again; nil where it is not at hand.
    /// - Throws: `inconsistent` where it is another one by now.
    func model() throws -> ReplayModel?
}

/// Between which versions an update lies.
struct ChainUpdate: Sendable, Hashable, Codable {
    var round: Int
    var from: Int
    /// The version that plays on.
    var to: Int
}

/// What a round's records say, whatever the chain says of them.
struct ChainEvidence {
    /// What the agent's update was given, and the hashes of it.
    var items: [LearnedItem]
    var hashes: [[UInt8]]
    /// The rollouts that the items name.
    var rollouts: [RolloutAddress: (sequence: TokenSequence?, text: String)]
    /// The round's statement as it would be made now.
    var statement: RoundStatement
    /// The hashes of the round's pairs.
    var pairs: [[UInt8]]
}

extension ChainSource {
    /// The update's own seed.
    func seed(ofRound round: Int) -> Seed { Seed(run: run.seed).child(.round, round).child(.training, named: agent) }
}
