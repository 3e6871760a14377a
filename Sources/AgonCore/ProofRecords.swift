/// Something of a round that an update learned from, by where it stands.
public enum LearnedItem: Sendable, Hashable, Codable {
    case pair(PreferencePair)
    /// An answer that was called good or bad.
    case labelled(RolloutAddress, isDesirable: Bool)
    /// An answer that is to be made likelier.
    case sequence(RolloutAddress)
    /// A rollout with what it earned. Those of one group are compared with one another.
    case rollout(RolloutAddress, reward: Double, role: String, group: Int)

    /// The rollouts that it is made of; of a pair the chosen one first.
    public var addresses: [RolloutAddress] {
        switch self {
        case .pair(let pair): [pair.chosen, pair.rejected]
        case .labelled(let address, _), .sequence(let address), .rollout(let address, _, _, _): [address]
        }
    }
}

/// One update of one learner as a link of its hash chain: from which weights, on what, how, to which weights.
public struct ChainLink: Sendable, Hashable, Codable {
    /// The run's id.
    public var run: String
    public var agent: String
    public var round: Int
    /// Its place in the agent's chain, from 0.
    public var position: Int
    /// The version that was trained, and the SHA-256 of its weights.
    public var parentVersion: Int
    public var parent: String
    /// SHA-256 of the weights that the agent came with, and of its config and tokenizer with the format of its weights.
    public var base: String
    public var form: String
    /// The Merkle root over the hashes of the items, in the order in which the update was given them.
    public var manifest: String
    public var itemCount: Int
    /// Every setting that decides, by its name in the arena's file.
    public var configuration: [String: String]
    /// The update's own, 16 hexadecimal digits.
    public var seed: String
    /// Kernel path that the bits belong to.
    public var kernels: String
    /// The version of the engine's arithmetic, and of the product.
    public var engine: Int
    public var product: String
    /// SHA-256 of the candidate's weights, promoted or not; nil where there was none.
    public var child: String?
    /// The version that plays on, and its hash: the child, the parent, or an earlier one after an alarm.
    public var playsVersion: Int
    public var plays: String
    /// The hash of the link before; of the first link the hash of the chain's beginning.
    public var previous: String

    public init(
        run: String, agent: String, round: Int, position: Int, parentVersion: Int, parent: String, base: String,
        form: String, manifest: String, itemCount: Int, configuration: [String: String], seed: String, kernels: String,
        engine: Int, product: String, child: String?, playsVersion: Int, plays: String, previous: String
    ) {
        self.run = run
        self.agent = agent
        self.round = round
        self.position = position
        self.parentVersion = parentVersion
        self.parent = parent
        self.base = base
        self.form = form
        self.manifest = manifest
        self.itemCount = itemCount
        self.configuration = configuration
        self.seed = seed
        self.kernels = kernels
        self.engine = engine
        self.product = product
        self.child = child
        self.playsVersion = playsVersion
        self.plays = plays
        self.previous = previous
    }
}

/// What a closed round consists of, in three Merkle roots, chained over the rounds.
public struct RoundStatement: Sendable, Hashable, Codable {
    /// The run's id.
    public var run: String
    public var round: Int
    /// The run's signature after the round.
    public var signature: String
    public var roomCount: Int
    public var rolloutCount: Int
    public var pairCount: Int
    public var roomsRoot: String
    public var rolloutsRoot: String
    public var pairsRoot: String
    /// The hashes of the round's links, in the order of the roster.
    public var links: [String]
    /// The hash of the statement before; of the first one the hash of the chain's beginning.
    public var previous: String

    public init(
        run: String, round: Int, signature: String, roomCount: Int, rolloutCount: Int, pairCount: Int,
        roomsRoot: String, rolloutsRoot: String, pairsRoot: String, links: [String], previous: String
    ) {
        self.run = run
        self.round = round
        self.signature = signature
        self.roomCount = roomCount
        self.rolloutCount = rolloutCount
        self.pairCount = pairCount
        self.roomsRoot = roomsRoot
        self.rolloutsRoot = rolloutsRoot
        self.pairsRoot = pairsRoot
        self.links = links
        self.previous = previous
    }
}

/// A hash with the signature over it, all in lowercase hexadecimal.
public struct Seal: Sendable, Hashable, Codable {
    /// SHA-256 of what is sealed.
    public var hash: String
    /// Ed25519, of the hash's 32 bytes after a tag.
    public var signature: String
    /// The public key that the signature belongs to.
    public var key: String

    public init(hash: String, signature: String, key: String) {
        self.hash = hash
        self.signature = signature
        self.key = key
    }
}

/// A link as it was sealed, with its manifest.
public struct SealedLink: Sendable, Hashable {
    /// One item: its hash, 32 bytes, and the rollouts that it is made of.
    public struct Item: Sendable, Hashable {
        public var hash: [UInt8]
        public var addresses: [RolloutAddress]

        public init(hash: [UInt8], addresses: [RolloutAddress]) {
            self.hash = hash
            self.addresses = addresses
        }
    }

    public var link: ChainLink
    public var seal: Seal
    public var items: [Item]

    public init(link: ChainLink, seal: Seal, items: [Item]) {
        self.link = link
        self.seal = seal
        self.items = items
    }
}

/// A statement as it was sealed.
public struct SealedStatement: Sendable, Hashable, Codable {
    public var statement: RoundStatement
    public var seal: Seal

    public init(statement: RoundStatement, seal: Seal) {
        self.statement = statement
        self.seal = seal
    }
}

/// What a round's closing adds to the chains: a link for each update, and the arena's statement.
public struct RoundProof: Sendable, Hashable {
    public var links: [SealedLink]
    public var statement: SealedStatement

    public init(links: [SealedLink], statement: SealedStatement) {
        self.links = links
        self.statement = statement
    }
}

/// Whose answers or verdicts a run learns from no more.
public struct Revocation: Sendable, Hashable, Codable {
    /// What the name is of.
    public enum Kind: String, Sendable, Codable {
        case agent, judge
    }

    public var kind: Kind
    public var name: String
    /// The first round whose updates leave it out.
    public var fromRound: Int

    public init(kind: Kind, name: String, fromRound: Int) {
        self.kind = kind
        self.name = name
        self.fromRound = fromRound
    }
}
