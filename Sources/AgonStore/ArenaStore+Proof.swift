public import AgonCore
internal import Foundation
internal import GRDB

/// The chains that prove how versions came to be.
extension ArenaStore {
    /// What the next closing of a run goes on from: of each agent how many links there are, and the hash of the last;
    /// the hash of the last round's statement.
    public func chainHeads(run: String) throws(StoreError) -> (links: [String: (count: Int, hash: String)], statement: String?) {
        try read("the heads of the chains") { db in
            let key = try db.key(ofRun: run)
            var links: [String: (count: Int, hash: String)] = [:]
            for agent in try db.rows("SELECT id, name FROM agents WHERE run_id = ?", [key]) {
                let last = try db.rows(
                    "SELECT position, hash FROM links WHERE run_id = ? AND agent_id = ? ORDER BY position DESC LIMIT 1",
                    [key, agent[0] as Int64])
                if let last = last.first { links[agent[1] as String] = (last[0] as Int + 1, last[1] as String) }
            }
            let statement: String? = try db.rows("SELECT hash FROM statements WHERE run_id = ? ORDER BY round DESC LIMIT 1", [key]).first?[0]
            return (links, statement)
        }
    }

    /// An agent's links with their items, in the order of the chain, as they are stored.
    public func links(run: String, agent: String) throws(StoreError) -> [SealedLink] {
        try read("the links of \(agent)") { db in
            let key = try db.key(ofRun: run)
            return try db.rows(
                """
                SELECT links.id, links.round, links.position, parent_version.version, plays_version.version, links.parent,
                    base, form, manifest, item_count, configuration, seed, kernels, engine, product, child, plays, previous,
                    links.hash, public_key, signature
                FROM agents JOIN links ON links.run_id = agents.run_id AND links.agent_id = agents.id
                JOIN versions AS parent_version ON parent_version.id = parent_id
                JOIN versions AS plays_version ON plays_version.id = plays_id
                JOIN keys ON keys.id = key_id
                WHERE agents.run_id = ? AND agents.name = ? ORDER BY links.position
                """, [key, agent]
            ).map { row in
                SealedLink(
                    link: ChainLink(
                        run: run, agent: agent, round: row[1], position: row[2], parentVersion: row[3], parent: row[5],
                        base: row[6], form: row[7], manifest: row[8], itemCount: row[9],
                        configuration: try ArenaStore.settings(row[10]), seed: row[11], kernels: row[12], engine: row[13],
                        product: row[14], child: row[15], playsVersion: row[4], plays: row[16], previous: row[17]),
                    seal: Seal(hash: row[18], signature: row[20], key: row[19]), items: try ArenaStore.items(db, link: row[0]))
            }
        }
    }

    /// The statements of a run's rounds in order, as they are stored.
    public func statements(run: String) throws(StoreError) -> [SealedStatement] {
        try read("the rounds' statements") { db in
            let key = try db.key(ofRun: run)
            var links: [Int: [String]] = [:]
            try db.forEachRow(
                """
                SELECT links.round, hash FROM links JOIN agents ON agents.id = agent_id
                WHERE links.run_id = ? ORDER BY links.round, agents.position
                """, [key]
            ) { links[$0[0], default: []].append($0[1]) }
            return try db.rows(
                """
                SELECT round, rounds.signature, statements.room_count, rollout_count, pair_count, rooms_root,
                    rollouts_root, pairs_root, previous, hash, statements.signature, public_key
                FROM statements JOIN rounds USING (run_id, round) JOIN keys ON keys.id = key_id
                WHERE run_id = ? ORDER BY round
                """, [key]
            ).map { row in
                SealedStatement(
                    statement: RoundStatement(
                        run: run, round: row[0], signature: row[1], roomCount: row[2], rolloutCount: row[3],
                        pairCount: row[4], roomsRoot: row[5], rolloutsRoot: row[6], pairsRoot: row[7],
                        links: links[row[0]] ?? [], previous: row[8]),
                    seal: Seal(hash: row[9], signature: row[10], key: row[11]))
            }
        }
    }

    private static func items(_ db: Database, link: Int64) throws -> [SealedLink.Item] {
        try db.rows(
            """
            SELECT link_items.hash, chosen.room, link_items.seat, winner.name, winner.version, rejected.room, rejected_seat,
                loser.name, loser.version
            FROM link_items
            JOIN rooms AS chosen ON chosen.id = link_items.room_id
            JOIN rollouts AS win ON win.room_id = link_items.room_id AND win.seat = link_items.seat
            JOIN versions AS winner ON winner.id = win.policy_id
            LEFT JOIN rooms AS rejected ON rejected.id = rejected_room_id
            LEFT JOIN rollouts AS loss ON loss.room_id = rejected_room_id AND loss.seat = rejected_seat
            LEFT JOIN versions AS loser ON loser.id = loss.policy_id
            WHERE link_id = ? ORDER BY link_items.position
            """, [link]
        ).map { row in
            func address(_ first: Int) -> RolloutAddress? {
                guard let room = row[first] as Int? else { return nil }
                return RolloutAddress(room: room, seat: row[first + 1], policy: PolicyID(agent: row[first + 2], version: row[first + 3]))
            }
            return SealedLink.Item(hash: [UInt8](row[0] as Data), addresses: [address(1), address(5)].compactMap { $0 })
        }
    }

    private static func settings(_ text: String) throws -> [String: String] {
        do {
            return try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
        } catch {
            throw StoreError(.damaged, "the settings of a link are no JSON object of texts.", underlying: error)
        }
    }
}
