import AgonCore
import AgonProof

/// Holds a chain against the records that it is about.
struct ChainCheck {
    /// One thing that does not agree.
    struct Finding: Sendable, Hashable, Codable {
        /// The link's position in its chain; nil where it is about a round as a whole.
        var link: Int?
        var round: Int
        /// A field of the link or of the round's statement, `item 3`, `signature`, `weights` or `update`.
        var field: String
        /// What the records give, and what is there; empty for nothing.
        var expected: String
        var seen: String
        /// The same for people.
        var sentence: String
    }

    let source: any ChainSource
    private(set) var findings: [Finding] = []

    init(_ source: any ChainSource) throws {
        self.source = source
        var previous: (position: Int, hash: String)?
        for sealed in source.links {
            try check(sealed, after: previous)
            previous = (sealed.link.position, sealed.seal.hash)
        }
        findMissing()
        checkStatements()
    }

    private mutating func check(_ sealed: SealedLink, after previous: (position: Int, hash: String)?) throws {
        let link = sealed.link
        let evidence = try source.evidence(round: link.round)
        let expected = expected(link, evidence, after: previous)
        for difference in expected.differences(from: link) where difference.field != "manifest" {
            add(link, difference.field, difference.own, difference.other)
        }
        checkItems(sealed, evidence)
        if link.hash != sealed.seal.hash {
            let owner = try source.owner(of: sealed).map { " It is a link of run \($0)." } ?? ""
            add(link, "hash", link.hash, sealed.seal.hash, note: owner)
        }
        checkSeal(sealed.seal, link: link, round: link.round)
        if link.plays == link.child { try checkWeights(link) }
        let stated = source.statements.first { $0.statement.round == link.round }?.statement
        if let stated, !stated.links.contains(sealed.seal.hash) {
            add(link, "hash", stated.links.joined(separator: " "), sealed.seal.hash, note: " The round's statement does not name it.")
        }
        if let stated { checkStatement(stated, evidence) }
    }

    /// The link as the records ask for it. What they do not know, such as the hash of a candidate that was not promoted, is
    /// taken from the link.
    private func expected(_ link: ChainLink, _ evidence: ChainEvidence, after previous: (position: Int, hash: String)?) -> ChainLink {
        var expected = link
        (expected.run, expected.agent) = (source.run.id, source.agent)
        if let place = source.updates.firstIndex(where: { $0.round == link.round }) {
            let update = source.updates[place]
            (expected.position, expected.parentVersion, expected.playsVersion) = (place, update.from, update.to)
        }
        expected.parent = source.versions[expected.parentVersion] ?? ""
        expected.plays = source.versions[expected.playsVersion] ?? ""
        if link.child == link.plays { expected.child = expected.plays }
        expected.base = source.versions[0] ?? ""
        expected.manifest = Hexadecimal.text(MerkleTree(evidence.hashes).root)
        expected.itemCount = evidence.items.count
        expected.configuration = source.configuration.provenSettings
        expected.seed = source.seed(ofRound: link.round).hexadecimal
        expected.kernels = source.run.kernels
        if let previous {
            // Where links are missing in between, nobody knows the hash of the one before.
            if previous.position + 1 == link.position { expected.previous = previous.hash }
        } else if link.position == 0 {
            expected.previous = ChainLink.genesis(run: expected.run, agent: expected.agent, base: expected.base)
        }
        return expected
    }

    /// Item by item, so that what was changed is found and not only that something was.
    private mutating func checkItems(_ sealed: SealedLink, _ evidence: ChainEvidence) {
        let kept = sealed.items.map(\.hash)
        var isLocated = false
        for index in 0..<max(kept.count, evidence.hashes.count) {
            let expected = evidence.hashes.indices.contains(index) ? evidence.hashes[index] : nil
            let seen = kept.indices.contains(index) ? kept[index] : nil
            guard expected != seen else { continue }
            isLocated = true
            let addresses = evidence.items.indices.contains(index) ? evidence.items[index].addresses : sealed.items[index].addresses
            let place = addresses.map { "room \($0.room) seat \($0.seat) (\($0.policy))" }.joined(separator: " over ")
            let moved = seen.flatMap { evidence.hashes.firstIndex(of: $0) }.map { " What is there belongs to item \($0): the order was changed." }
            add(
                sealed.link, "item \(index)", expected.map { Hexadecimal.text($0) } ?? "", seen.map { Hexadecimal.text($0) } ?? "",
                note: " It is \(place).\(moved ?? "")")
        }
        let root = Hexadecimal.text(MerkleTree(kept).root)
        if root != sealed.link.manifest || kept.count != sealed.link.itemCount, !isLocated {
            add(sealed.link, "manifest", root, sealed.link.manifest)
        }
    }

    private mutating func checkSeal(_ seal: Seal, link: ChainLink?, round: Int) {
        guard !seal.isGenuine else { return }
        let name = link == nil ? "the arena" : source.agent
        findings.append(
            Finding(
                link: link?.position, round: round, field: "signature", expected: "a signature by \(seal.key)", seen: seal.signature,
                sentence: "\(place(link, round)): the signature is not one of the key \(seal.key.prefix(8)) of \(name) over this hash."))
    }

    private mutating func checkWeights(_ link: ChainLink) throws {
        guard let folder = source.weights(of: link.playsVersion), let child = link.child else { return }
        let seen = try FileHash.weights(in: folder)
        guard seen != child else { return }
        findings.append(
            Finding(
                link: link.position, round: link.round, field: "weights", expected: child, seen: seen,
                sentence: "\(place(link, link.round)): the weights in \(folder) have the hash \(seen.prefix(8)), the link says \(child.prefix(8))."))
    }

    private mutating func findMissing() {
        for (position, update) in source.updates.enumerated() where !source.links.contains(where: { $0.link.round == update.round }) {
            findings.append(
                Finding(
                    link: position, round: update.round, field: "link", expected: "a link", seen: "",
                    sentence: "Link \(position) (round \(update.round)) is missing: the update of that round has none."))
        }
    }

    private mutating func checkStatement(_ stated: RoundStatement, _ evidence: ChainEvidence) {
        let pairs = [
            ("room_count", "\(evidence.statement.roomCount)", "\(stated.roomCount)"),
            ("rollout_count", "\(evidence.statement.rolloutCount)", "\(stated.rolloutCount)"),
            ("pair_count", "\(evidence.statement.pairCount)", "\(stated.pairCount)"),
            ("rooms_root", evidence.statement.roomsRoot, stated.roomsRoot),
            ("rollouts_root", evidence.statement.rolloutsRoot, stated.rolloutsRoot),
            ("pairs_root", evidence.statement.pairsRoot, stated.pairsRoot),
        ]
        for (field, expected, seen) in pairs where expected != seen { add(round: stated.round, field, expected, seen) }
    }

    /// The chain of the rounds' statements, and their signatures.
    private mutating func checkStatements() {
        var previous: RoundStatement?
        var hash = ChainLink.genesis(run: source.run.id, agent: "", base: "")
        for sealed in source.statements {
            let stated = sealed.statement
            if let last = previous, last.round + 1 != stated.round {
                add(round: last.round + 1, "statement", "a statement", "")
            } else if stated.previous != hash {
                add(round: stated.round, "previous", hash, stated.previous)
            }
            if stated.run != source.run.id { add(round: stated.round, "run", source.run.id, stated.run) }
            if stated.hash != sealed.seal.hash { add(round: stated.round, "hash", stated.hash, sealed.seal.hash) }
            checkSeal(sealed.seal, link: nil, round: stated.round)
            (previous, hash) = (stated, sealed.seal.hash)
        }
    }

    private mutating func add(_ link: ChainLink, _ field: String, _ expected: String, _ seen: String, note: String = "") {
        findings.append(
            Finding(
                link: link.position, round: link.round, field: field, expected: expected, seen: seen,
                sentence: "\(place(link, link.round)): \(field) is \(short(seen)), the records give \(short(expected)).\(note)"))
    }

    private mutating func add(round: Int, _ field: String, _ expected: String, _ seen: String) {
        findings.append(
            Finding(
                link: nil, round: round, field: field, expected: expected, seen: seen,
                sentence: "\(place(nil, round)): \(field) is \(short(seen)), the records give \(short(expected))."))
    }

    private func place(_ link: ChainLink?, _ round: Int) -> String {
        link.map { "Link \($0.position) (round \($0.round))" } ?? "Round \(round)"
    }

    private func short(_ value: String) -> String {
        value.isEmpty ? "missing" : Hexadecimal.bytes(value)?.count == 32 ? String(value.prefix(16)) + "…" : value
    }
}
