internal import AgonCore
internal import Foundation
internal import GRDB

/// The tables and how a file gets them. Migrations that were released are never edited; a change is a new one.
///
/// `leaderboard/schema.sql` is the same text for people; a test holds the two equal.
enum Schema {
    /// Marks a file as an Agon database: "AGON" in ASCII, in the SQLite header's application id.
    static let applicationID = 0x4147_4F4E
    /// How many migrations there are; the SQLite header's user version after the last one.
    static let version = 8

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 runs, rooms and rounds") { db in
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(sql: "PRAGMA user_version = 1")
            for part in [competitors, play, preferences, progress, views] { try db.execute(sql: part) }
        }
        migrator.registerMigration("2 ranks by intervals, matches by run, trust by window") { db in
            try db.execute(sql: "PRAGMA user_version = 2")
            for part in [rankedStandings, meetings, trust] { try db.execute(sql: part) }
            try clusterByPrompt(db)
        }
        migrator.registerMigration("3 votes, soft labels, measures of judges, alarms") { db in
            try db.execute(sql: "PRAGMA user_version = 3")
            for part in [softLabels, votes, judging] { try db.execute(sql: part) }
        }
        migrator.registerMigration("4 members that left their panels") { db in
            try db.execute(sql: "PRAGMA user_version = 4")
            try db.execute(sql: losses)
        }
        migrator.registerMigration("5 agents from outside: what they cost, why they gave no answer") { db in
            try db.execute(sql: "PRAGMA user_version = 5")
            try db.execute(sql: outsiders)
        }
        migrator.registerMigration("6 tables that are played in stages") { db in
            try db.execute(sql: "PRAGMA user_version = 6")
            try db.execute(sql: stages)
        }
        migrator.registerMigration("7 rounds that are played ahead, and what became of their samples") { db in
            try db.execute(sql: "PRAGMA user_version = 7")
            try db.execute(sql: dispatches)
        }
        migrator.registerMigration("8 proofs of updates, lineage, revocations") { db in
            try db.execute(sql: "PRAGMA user_version = 8")
            for part in [chains, lineage] { try db.execute(sql: part) }
        }
        return migrator
    }

    /// Who takes part.
    static let competitors = """
        -- The rounds under one configuration and one seed.
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY,         -- greater means begun later
            name TEXT NOT NULL UNIQUE,      -- ARENA-SEED-HASH
            arena TEXT NOT NULL,
            seed INTEGER NOT NULL,          -- 64 bits; seeds from 2^63 on show as negative numbers
            configuration TEXT NOT NULL,    -- as it was read
            kernels TEXT NOT NULL,          -- the kernel path that the run's bits belong to
            started_at TEXT NOT NULL DEFAULT (datetime('now'))  -- UTC, for people; no decision reads it
        ) STRICT;
        CREATE INDEX runs_by_arena ON runs (arena);

        -- The competitors of a run.
        CREATE TABLE agents (
            id INTEGER PRIMARY KEY,
            run_id INTEGER NOT NULL REFERENCES runs (id),
            position INTEGER NOT NULL,      -- place in the roster, from 0
            name TEXT NOT NULL,
            role TEXT NOT NULL CHECK (role IN ('learner', 'anchor', 'scripted')),
            UNIQUE (run_id, name),
            UNIQUE (run_id, position)
        ) STRICT;

        -- Checkpoints of agents and of judges. Columns named policy_id point to an agent's version.
        CREATE TABLE versions (
            id INTEGER PRIMARY KEY,
            run_id INTEGER NOT NULL REFERENCES runs (id),
            name TEXT NOT NULL,             -- the agent's or judge's name
            version INTEGER NOT NULL CHECK (version >= 0),
            round INTEGER NOT NULL,         -- the round whose end made it; 0: the weights it came with
            hash TEXT NOT NULL,             -- SHA-256 of the weights; empty for scripted agents
            parent TEXT,                    -- the parent's hash; null for version 0
            path TEXT NOT NULL,             -- folder relative to this file's folder; empty for version 0
            is_judge INTEGER NOT NULL CHECK (is_judge IN (0, 1)),
            UNIQUE (run_id, is_judge, name, version)
        ) STRICT;
        """

    /// What was played and judged.
    static let play = """
        -- One prompt, n seats, one seed: the unit of work. Saved as soon as it is judged, before its round closes.
        CREATE TABLE rooms (
            id INTEGER PRIMARY KEY,
            run_id INTEGER NOT NULL REFERENCES runs (id),
            round INTEGER NOT NULL CHECK (round >= 1),
            room INTEGER NOT NULL CHECK (room >= 0),    -- place in the round; ratings consume rooms in this order
            room_group INTEGER NOT NULL,    -- rooms of one group share an opening with sides changed
            prompt_id TEXT NOT NULL,        -- the prompt's name within the arena
            prompt TEXT NOT NULL,           -- what the policies saw
            reference TEXT,                 -- the gold answer; null where none is known
            is_canary INTEGER NOT NULL CHECK (is_canary IN (0, 1)),     -- 1 where gold measures the judge
            judge TEXT NOT NULL,            -- a judge without weights has no row in versions
            judge_version INTEGER NOT NULL,
            is_scored INTEGER NOT NULL CHECK (is_scored IN (0, 1)),     -- 1 where the judge scores answers
            UNIQUE (run_id, round, room)
        ) STRICT;

        -- What each seat of a room produced, and where the room's ranking put it.
        CREATE TABLE rollouts (
            room_id INTEGER NOT NULL REFERENCES rooms (id),
            seat INTEGER NOT NULL CHECK (seat >= 0),
            policy_id INTEGER NOT NULL REFERENCES versions (id),
            text TEXT NOT NULL,             -- the answer; for a game the whole transcript
            token_count INTEGER,            -- T; null for policies without tokens
            own_count INTEGER,              -- how many of them the policy itself chose
            tokens BLOB,                    -- T ids, 32-bit little-endian integers
            own BLOB,                       -- T bits, the first token in the lowest bit of the first byte; 1: own
            log_probs BLOB NOT NULL,        -- nats per own token, 32-bit little-endian floats
            finish TEXT NOT NULL CHECK (finish IN ('stop', 'length')),
            forfeit TEXT,                   -- why it was no valid rollout: empty, unfinished, illegal
            gold REAL,                      -- 1 right, 0 wrong, a game's points; null where there is no gold
            score REAL,                     -- the judge's score; null where it gave none
            rank INTEGER,                   -- 1 is best, ties share a rank; null: nothing valid was said
            PRIMARY KEY (room_id, seat),
            CHECK ((token_count IS NULL) = (tokens IS NULL) AND (tokens IS NULL) = (own IS NULL))
        ) STRICT;
        CREATE INDEX rollouts_forfeited ON rollouts (policy_id, forfeit) WHERE forfeit IS NOT NULL;

        -- The outcome for two seats of a room.
        CREATE TABLE verdicts (
            room_id INTEGER NOT NULL REFERENCES rooms (id),
            first INTEGER NOT NULL,         -- seats
            second INTEGER NOT NULL,
            position INTEGER NOT NULL,      -- the order in which they were given
            verdict TEXT NOT NULL CHECK (verdict IN ('first', 'second', 'tie', 'void')),
            by_rule INTEGER NOT NULL CHECK (by_rule IN (0, 1)),     -- 1: a forfeit decided, no judge was asked
            PRIMARY KEY (room_id, first, second),
            CHECK (0 <= first AND first < second),
            FOREIGN KEY (room_id, first) REFERENCES rollouts (room_id, seat),
            FOREIGN KEY (room_id, second) REFERENCES rollouts (room_id, seat)
        ) STRICT, WITHOUT ROWID;
        """

    /// What a closed round made of its rooms.
    static let preferences = """
        -- The rounds that are closed, with the signature of everything decided so far.
        CREATE TABLE rounds (
            run_id INTEGER NOT NULL REFERENCES runs (id),
            round INTEGER NOT NULL CHECK (round >= 1),
            signature TEXT NOT NULL,        -- SHA-256, chained over the rounds
            rollout_seconds REAL NOT NULL,  -- wall clock, for people
            judging_seconds REAL NOT NULL,
            training_seconds REAL NOT NULL,
            evaluation_seconds REAL NOT NULL,
            store_seconds REAL NOT NULL,
            room_count INTEGER NOT NULL,
            token_count INTEGER NOT NULL,   -- tokens generated by policies
            closed_at TEXT NOT NULL DEFAULT (datetime('now')),  -- UTC, for people; no decision reads it
            PRIMARY KEY (run_id, round)
        ) STRICT, WITHOUT ROWID;

        -- The pairwise results that the ratings consumed.
        CREATE TABLE matches (
            room_id INTEGER NOT NULL REFERENCES rooms (id),
            position INTEGER NOT NULL,      -- order within the room
            cluster INTEGER NOT NULL,       -- matches of one cluster (of one prompt) are not independent
            first_policy_id INTEGER NOT NULL REFERENCES versions (id),
            second_policy_id INTEGER NOT NULL REFERENCES versions (id),
            score REAL NOT NULL CHECK (score BETWEEN 0 AND 1),  -- of the first: 1 win, 0.5 draw, 0 loss
            weight REAL NOT NULL,           -- 1/(n-1) with n seats, so that rooms weigh the same
            PRIMARY KEY (room_id, position)
        ) STRICT, WITHOUT ROWID;

        -- What was better than what, and who said so: the training data.
        CREATE TABLE pairs (
            id INTEGER PRIMARY KEY,
            run_id INTEGER NOT NULL,
            round INTEGER NOT NULL,
            prompt_id TEXT NOT NULL,
            chosen_room_id INTEGER NOT NULL,
            chosen_seat INTEGER NOT NULL,
            chosen_policy_id INTEGER NOT NULL REFERENCES versions (id),
            rejected_room_id INTEGER NOT NULL,
            rejected_seat INTEGER NOT NULL,
            rejected_policy_id INTEGER NOT NULL REFERENCES versions (id),
            judge TEXT NOT NULL,
            judge_version INTEGER NOT NULL,
            FOREIGN KEY (run_id, round) REFERENCES rounds (run_id, round),
            FOREIGN KEY (chosen_room_id, chosen_seat) REFERENCES rollouts (room_id, seat),
            FOREIGN KEY (rejected_room_id, rejected_seat) REFERENCES rollouts (room_id, seat)
        ) STRICT;
        CREATE INDEX pairs_by_round ON pairs (run_id, round);
        """

    /// How the agents and the judge fared. A null among the numbers is a value that was not a number.
    static let progress = """
        -- The standing of each agent at the end of each round, on the Elo scale.
        CREATE TABLE ratings (
            id INTEGER PRIMARY KEY,
            run_id INTEGER NOT NULL,
            round INTEGER NOT NULL,
            policy_id INTEGER NOT NULL REFERENCES versions (id),
            elo REAL,                       -- online Elo of the agent
            rating REAL,                    -- Bradley-Terry rating of the version, anchored
            low REAL,                       -- its 95 % interval
            high REAL,
            wins INTEGER NOT NULL,          -- the agent's matches so far
            draws INTEGER NOT NULL,
            losses INTEGER NOT NULL,
            forfeits INTEGER NOT NULL,
            UNIQUE (run_id, round, policy_id),
            FOREIGN KEY (run_id, round) REFERENCES rounds (run_id, round)
        ) STRICT;

        -- One training of one agent, promoted or not.
        CREATE TABLE updates (
            id INTEGER PRIMARY KEY,
            run_id INTEGER NOT NULL,
            round INTEGER NOT NULL,
            from_policy_id INTEGER NOT NULL REFERENCES versions (id),
            to_policy_id INTEGER REFERENCES versions (id),      -- null where the old version was kept
            decision TEXT NOT NULL,         -- one sentence: why it was promoted or not
            pair_count INTEGER NOT NULL,
            step_count INTEGER NOT NULL,
            gate_score REAL,                -- the candidate against its parent on held-out prompts
            gate_low REAL,                  -- its 95 % interval
            gate_high REAL,
            gate_count INTEGER NOT NULL,    -- distinct prompts or openings with a valid verdict
            UNIQUE (run_id, round, from_policy_id),
            FOREIGN KEY (run_id, round) REFERENCES rounds (run_id, round)
        ) STRICT;

        -- What a training measured: loss, rewards/margins, kl_to_base/k2 ...
        CREATE TABLE update_metrics (
            update_id INTEGER NOT NULL REFERENCES updates (id),
            name TEXT NOT NULL,
            value REAL,                     -- null: not a number
            PRIMARY KEY (update_id, name)
        ) STRICT, WITHOUT ROWID;

        -- Measured shares and means with their 95 % intervals and counts: gold_greedy, score_vs_anchor ...
        CREATE TABLE evaluations (
            id INTEGER PRIMARY KEY,
            run_id INTEGER NOT NULL REFERENCES runs (id),
            round INTEGER NOT NULL,         -- 0: before the first round
            policy_id INTEGER NOT NULL REFERENCES versions (id),
            measure TEXT NOT NULL,
            value REAL,
            low REAL,
            high REAL,
            count INTEGER NOT NULL,         -- distinct prompts or openings
            UNIQUE (run_id, round, policy_id, measure)
        ) STRICT;

        -- How right the judge still is, by the canaries of a round.
        CREATE TABLE judge_health (
            run_id INTEGER NOT NULL,
            round INTEGER NOT NULL,
            judge TEXT NOT NULL,
            judge_version INTEGER NOT NULL,
            canary_pair_count INTEGER NOT NULL,
            accuracy REAL,                  -- share of canary pairs ranked the right way; a tie counts half
            low REAL,                       -- its 95 % interval
            high REAL,
            tie_rate REAL,                  -- shares of all verdicts asked
            void_rate REAL,
            believed_score REAL,            -- learners against anchors as the judge sees it
            gold_score REAL,                -- and as gold does
            is_trusted INTEGER NOT NULL CHECK (is_trusted IN (0, 1)),   -- 0: the round's updates were not promoted
            refreshed_accuracy REAL,        -- on the same canaries after the refresh; null where there was none
            PRIMARY KEY (run_id, round),
            FOREIGN KEY (run_id, round) REFERENCES rounds (run_id, round)
        ) STRICT, WITHOUT ROWID;
        """

    /// The same facts with names in place of keys.
    static let views = """
        -- The versions of agents, by the names that people use: ada@v3.
        CREATE VIEW policies AS
            SELECT versions.id, versions.run_id, agents.id AS agent_id, agents.name AS agent, agents.role,
                versions.version, agents.name || '@v' || versions.version AS policy
            FROM versions JOIN agents ON agents.run_id = versions.run_id AND agents.name = versions.name
            WHERE NOT versions.is_judge;

        -- Who leads each run after its last closed round. Where intervals overlap, the order is not proven.
        CREATE VIEW standings AS
            SELECT ratings.run_id, runs.name AS run, ratings.round,
                rank() OVER (PARTITION BY ratings.run_id ORDER BY ratings.rating DESC) AS place,
                policies.agent, policies.role, policies.version, ratings.rating, ratings.low, ratings.high,
                ratings.elo, ratings.wins, ratings.draws, ratings.losses, ratings.forfeits
            FROM ratings
            JOIN runs ON runs.id = ratings.run_id
            JOIN policies ON policies.id = ratings.policy_id
            WHERE ratings.round = (SELECT max(round) FROM rounds WHERE rounds.run_id = ratings.run_id);

        -- Wins, draws and losses of each agent against each other one; an agent against itself is left out.
        CREATE VIEW head_to_head AS
            SELECT run_id, agent, opponent, sum(score > 0.5) AS wins, sum(score = 0.5) AS draws,
                sum(score < 0.5) AS losses, avg(score) AS mean_score
            FROM (
                SELECT one.run_id, one.agent, other.agent AS opponent, matches.score
                FROM matches
                JOIN policies AS one ON one.id = matches.first_policy_id
                JOIN policies AS other ON other.id = matches.second_policy_id
                UNION ALL
                SELECT one.run_id, one.agent, other.agent, 1 - matches.score
                FROM matches
                JOIN policies AS one ON one.id = matches.second_policy_id
                JOIN policies AS other ON other.id = matches.first_policy_id
            )
            WHERE agent <> opponent
            GROUP BY run_id, agent, opponent;

        -- How each measure of each agent moved over the rounds.
        CREATE VIEW learning_curve AS
            SELECT evaluations.run_id, runs.name AS run, evaluations.measure, policies.agent, evaluations.round,
                policies.version, evaluations.value, evaluations.low, evaluations.high, evaluations.count
            FROM evaluations
            JOIN runs ON runs.id = evaluations.run_id
            JOIN policies ON policies.id = evaluations.policy_id;
        """

    /// Ranks in place of places: the order of ratings alone promised more than the intervals hold.
    static let rankedStandings = """
        DROP VIEW standings;

        CREATE VIEW standings AS
            SELECT ratings.run_id, runs.name AS run, ratings.round,
                1 + (
                    SELECT count(*) FROM ratings AS other
                    WHERE other.run_id = ratings.run_id AND other.round = ratings.round AND other.low > ratings.high
                ) AS rank,
                policies.agent, policies.role, policies.version, ratings.rating, ratings.low, ratings.high,
                ratings.elo, ratings.wins, ratings.draws, ratings.losses, ratings.forfeits
            FROM ratings
            JOIN runs ON runs.id = ratings.run_id
            JOIN policies ON policies.id = ratings.policy_id
            WHERE ratings.round = (SELECT max(round) FROM rounds WHERE rounds.run_id = ratings.run_id);
        """

    /// The view grouped the matches of all runs before one was picked; `leaderboard/queries/head-to-head.sql` reads one run's.
    static let meetings = "DROP VIEW head_to_head"

    /// What `is_trusted` was decided by; null in the rounds of older databases.
    static let trust = "ALTER TABLE judge_health ADD COLUMN window_accuracy REAL"

    /// Older databases counted each round's games of an opening as evidence of their own.
    private static func clusterByPrompt(_ db: Database) throws {
        let cluster = DatabaseFunction("prompt_cluster", argumentCount: 1, pure: true) { values in
            Data.fromDatabaseValue(values[0]).map { Prompt(id: Text.decode($0), text: "").cluster }
        }
        db.add(function: cluster)
        defer { db.remove(function: cluster) }
        try db.execute(
            sql: """
                UPDATE matches
                SET cluster = (SELECT prompt_cluster(CAST(prompt_id AS BLOB)) FROM rooms WHERE rooms.id = room_id)
                """)
    }
}
