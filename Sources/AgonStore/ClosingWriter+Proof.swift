internal import AgonCore
internal import Foundation
internal import GRDB

extension ClosingWriter {
    func insert(proof: RoundProof) throws {
        let statement = proof.statement.statement
        for sealed in proof.links { try insert(sealed) }
        try db.run(
            """
            INSERT INTO statements (run_id, round, room_count, rollout_count, pair_count, rooms_root, rollouts_root,
                pairs_root, previous, hash, key_id, signature)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                run, statement.round, statement.roomCount, statement.rolloutCount, statement.pairCount,
                statement.roomsRoot, statement.rolloutsRoot, statement.pairsRoot, statement.previous,
                proof.statement.seal.hash, try arenaKey(proof.statement.seal), proof.statement.seal.signature,
            ])
    }

    private func insert(_ sealed: SealedLink) throws {
        let (link, place) = (sealed.link, "the link of \(sealed.link.agent)")
        func version(_ number: Int) throws -> Int64 {
            try policies.key(of: PolicyID(agent: link.agent, version: number), in: place)
        }
        // An alarm may lead to a greater number too: to a version that an earlier alarm had left.
        let isPromoted = link.child == link.plays && link.playsVersion > link.parentVersion
        let child = isPromoted ? try version(link.playsVersion) : nil
        let agent = try db.rows("SELECT id FROM agents WHERE run_id = ? AND name = ?", [run, link.agent]).first?[0] as Int64?
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try db.run(
            """
            INSERT INTO links (run_id, round, agent_id, position, parent_id, child_id, plays_id, parent, base, form,
                manifest, item_count, configuration, seed, kernels, engine, product, child, plays, previous, hash, key_id,
                signature)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                run, link.round, agent, link.position, try version(link.parentVersion), child,
                try version(link.playsVersion), link.parent, link.base, link.form, link.manifest, link.itemCount,
                String(decoding: try encoder.encode(link.configuration), as: UTF8.self), link.seed, link.kernels,
                link.engine, link.product, link.child, link.plays, link.previous, sealed.seal.hash,
                try key("agent", link.agent, sealed.seal.key), sealed.seal.signature,
            ])
        let id = db.lastInsertedRowID
        for (position, item) in sealed.items.enumerated() {
            let (first, second) = (item.addresses[0], item.addresses.dropFirst().first)
            try db.run(
                """
                INSERT INTO link_items (link_id, position, hash, room_id, seat, rejected_room_id, rejected_seat)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    id, position, Data(item.hash), try rooms.key(of: first.room, in: place), first.seat,
                    try second.map { try rooms.key(of: $0.room, in: place) }, second?.seat,
                ])
        }
    }

    private func arenaKey(_ seal: Seal) throws -> Int64 {
        let name = try db.rows("SELECT arena FROM runs WHERE id = ?", [run]).first?[0] as String?
        return try key("arena", name ?? "", seal.key)
    }

    /// The row of a public key.
    private func key(_ kind: String, _ name: String, _ publicKey: String) throws -> Int64 {
        try db.run("INSERT INTO keys (kind, name, public_key) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", [kind, name, publicKey])
        let rows = try db.rows("SELECT id FROM keys WHERE kind = ? AND name = ? AND public_key = ?", [kind, name, publicKey])
        return rows[0][0]
    }
}
