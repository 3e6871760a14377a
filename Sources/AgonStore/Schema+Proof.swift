/// What proves how versions came to be, and what a run learns from no more.
extension Schema {
    /// Public keys alone: private ones lie in files of their own, and nothing of them comes here.
    static let chains = """
        -- The public halves of the Ed25519 keys that signed something.
        CREATE TABLE keys (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('agent', 'arena')),
            name TEXT NOT NULL,
            public_key TEXT NOT NULL,       -- 32 bytes in hexadecimal
            UNIQUE (kind, name, public_key)
        ) STRICT;

        -- The updates of learners, each a link of its agent's hash chain.
        CREATE TABLE links (
            id INTEGER PRIMARY KEY,
            run_id INTEGER NOT NULL,
            round INTEGER NOT NULL,
            agent_id INTEGER NOT NULL REFERENCES agents (id),
            position INTEGER NOT NULL,      -- place in the chain, from 0
            parent_id INTEGER NOT NULL REFERENCES versions (id),    -- the version that was trained
            child_id INTEGER UNIQUE REFERENCES versions (id),       -- the version that it made; null where it made none
            plays_id INTEGER NOT NULL REFERENCES versions (id),     -- the version that played on
            parent TEXT NOT NULL,           -- SHA-256 of weights
            base TEXT NOT NULL,             -- of those that the agent came with
            form TEXT NOT NULL,             -- of its config and tokenizer
            manifest TEXT NOT NULL,         -- Merkle root over the items
            item_count INTEGER NOT NULL,
            configuration TEXT NOT NULL,    -- a JSON object of the settings that decide
            seed TEXT NOT NULL,
            kernels TEXT NOT NULL,
            engine INTEGER NOT NULL,        -- the version of the engine's arithmetic
            product TEXT NOT NULL,
            child TEXT,                     -- SHA-256 of the candidate's weights, promoted or not
            plays TEXT NOT NULL,
            previous TEXT NOT NULL,         -- the hash of the link before
            hash TEXT NOT NULL,             -- SHA-256 over all of the above
            key_id INTEGER NOT NULL REFERENCES keys (id),
            signature TEXT NOT NULL,
            UNIQUE (run_id, agent_id, position),
            UNIQUE (run_id, round, agent_id),
            FOREIGN KEY (run_id, round) REFERENCES rounds (run_id, round)
        ) STRICT;

        -- What an update learned from, in its order: one answer, or a pair.
        CREATE TABLE link_items (
            link_id INTEGER NOT NULL REFERENCES links (id),
            position INTEGER NOT NULL,
            hash BLOB NOT NULL,             -- SHA-256, 32 bytes
            room_id INTEGER NOT NULL,       -- of a pair the chosen side
            seat INTEGER NOT NULL,
            rejected_room_id INTEGER,       -- null where it is no pair
            rejected_seat INTEGER,
            PRIMARY KEY (link_id, position),
            FOREIGN KEY (room_id, seat) REFERENCES rollouts (room_id, seat),
            FOREIGN KEY (rejected_room_id, rejected_seat) REFERENCES rollouts (room_id, seat)
        ) STRICT, WITHOUT ROWID;

        -- What a closed round consists of, signed by the arena and chained over the rounds.
        CREATE TABLE statements (
            run_id INTEGER NOT NULL,
            round INTEGER NOT NULL,
            room_count INTEGER NOT NULL,
            rollout_count INTEGER NOT NULL,
            pair_count INTEGER NOT NULL,
            rooms_root TEXT NOT NULL,       -- Merkle roots
            rollouts_root TEXT NOT NULL,
            pairs_root TEXT NOT NULL,
            previous TEXT NOT NULL,
            hash TEXT NOT NULL,             -- SHA-256 over these, the round's signature and its links
            key_id INTEGER NOT NULL REFERENCES keys (id),
            signature TEXT NOT NULL,
            PRIMARY KEY (run_id, round),
            FOREIGN KEY (run_id, round) REFERENCES rounds (run_id, round)
        ) STRICT, WITHOUT ROWID;

        -- Whose answers or verdicts a run learns from no more.
        CREATE TABLE revocations (
            run_id INTEGER NOT NULL REFERENCES runs (id),
            kind TEXT NOT NULL CHECK (kind IN ('agent', 'judge')),
            name TEXT NOT NULL,
            from_round INTEGER NOT NULL,    -- the first round whose updates leave it out
            PRIMARY KEY (run_id, kind, name)
        ) STRICT, WITHOUT ROWID;
        """

    static let lineage = """
        -- Each version made by an update, with itself and every version that it descends from.
        CREATE VIEW ancestry AS
            WITH RECURSIVE line (run_id, version_id, ancestor_id) AS (
                SELECT run_id, child_id, child_id FROM links WHERE child_id IS NOT NULL
                UNION
                SELECT line.run_id, line.version_id, links.parent_id
                FROM line JOIN links ON links.child_id = line.ancestor_id
            )
            SELECT run_id, version_id, ancestor_id FROM line;

        -- Everything that made a version, its own update's and its ancestors': one row for each side of each item.
        CREATE VIEW lineage AS
            SELECT ancestry.run_id, version.agent, version.version, version.policy, maker.policy AS made, links.round,
                items.position, items.side, rooms.id AS room_id, rooms.room, items.seat, source.agent AS source_agent,
                source.policy AS source, rooms.prompt_id, rooms.judge, rooms.judge_version
            FROM ancestry
            JOIN policies AS version ON version.id = ancestry.version_id
            JOIN policies AS maker ON maker.id = ancestry.ancestor_id
            JOIN links ON links.child_id = ancestry.ancestor_id
            JOIN (
                SELECT link_id, position, 'chosen' AS side, room_id, seat FROM link_items
                UNION ALL
                SELECT link_id, position, 'rejected', rejected_room_id, rejected_seat FROM link_items
                WHERE rejected_room_id IS NOT NULL
            ) AS items ON items.link_id = links.id
            JOIN rooms ON rooms.id = items.room_id
            JOIN rollouts ON rollouts.room_id = items.room_id AND rollouts.seat = items.seat
            JOIN policies AS source ON source.id = rollouts.policy_id;
        """
}
