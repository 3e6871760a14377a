-- The schema of an Agon database, `leaderboard/arena.sqlite`, for people. The program makes the tables itself
-- (Sources/AgonStore/Schema.swift); a test holds the two equal.
--
--     sqlite3 -readonly -box leaderboard/arena.sqlite < leaderboard/queries/standings.sql
--
-- One file holds all runs of all arenas. Columns ending in _id point to the id column of another table, policy_id
-- to a row of versions. Rooms are saved while a round goes on; everything else of a round is written by the one
-- transaction that closes it, so a round without a row in rounds is still going on, or was interrupted.

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
    stage TEXT,                     -- answer, critique, final, propose, solve; null where there are no stages
    stage_index INTEGER,
    is_rated INTEGER NOT NULL DEFAULT 1 CHECK (is_rated IN (0, 1)),     -- 0: an early stage, which only teaches
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
    forfeit TEXT,                   -- why it was no valid rollout: empty, unfinished, illegal, crashed, timeout ...
    gold REAL,                      -- 1 right, 0 wrong, a game's points; null where there is no gold
    score REAL,                     -- the judge's score; null where it gave none
    rank INTEGER,                   -- 1 is best, ties share a rank; null: nothing valid was said
    reason TEXT,                    -- what happened where an agent from outside forfeits; null elsewhere
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
    preference REAL,                -- how probable it is that the first is better; null where nothing was said
    PRIMARY KEY (room_id, first, second),
    CHECK (0 <= first AND first < second),
    FOREIGN KEY (room_id, first) REFERENCES rollouts (room_id, seat),
    FOREIGN KEY (room_id, second) REFERENCES rollouts (room_id, seat)
) STRICT, WITHOUT ROWID;

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
    label REAL NOT NULL DEFAULT 1,  -- how probable it is that the chosen side is the better one, 0.5 to 1
    FOREIGN KEY (run_id, round) REFERENCES rounds (run_id, round),
    FOREIGN KEY (chosen_room_id, chosen_seat) REFERENCES rollouts (room_id, seat),
    FOREIGN KEY (rejected_room_id, rejected_seat) REFERENCES rollouts (room_id, seat)
) STRICT;
CREATE INDEX pairs_by_round ON pairs (run_id, round);

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
    window_accuracy REAL,           -- of the canary pairs of the last judge.window rounds; is_trusted is decided by it
    PRIMARY KEY (run_id, round),
    FOREIGN KEY (run_id, round) REFERENCES rounds (run_id, round)
) STRICT, WITHOUT ROWID;

-- What one judge or one person said of two seats, before a panel joined it with others.
CREATE TABLE votes (
    room_id INTEGER NOT NULL,
    first INTEGER NOT NULL,         -- seats
    second INTEGER NOT NULL,
    judge TEXT NOT NULL,            -- the judge's name, or the person's
    is_person INTEGER NOT NULL CHECK (is_person IN (0, 1)),     -- 1: given after the room was judged
    judge_version INTEGER NOT NULL,
    position INTEGER NOT NULL,      -- the order in which they were given
    verdict TEXT NOT NULL CHECK (verdict IN ('first', 'second', 'tie', 'void')),
    straight TEXT,                  -- the reply with the first seat shown first; null where order is not seen
    swapped TEXT,                   -- the reply with the second seat shown first, told by seats too
    preference REAL,                -- how probable it is that the first is better; null where nothing was said
    reason TEXT NOT NULL,           -- why, in the judge's words, or why it is void; may be empty
    used_in INTEGER,                -- the round that first learned from a person's vote; null: none yet
    PRIMARY KEY (room_id, first, second, judge, is_person),
    FOREIGN KEY (room_id, first, second) REFERENCES verdicts (room_id, first, second)
) STRICT, WITHOUT ROWID;

-- What the judging of a room cost, where something outside was asked.
CREATE TABLE judge_usage (
    room_id INTEGER PRIMARY KEY REFERENCES rooms (id),
    request_count INTEGER NOT NULL,     -- answered, without those that a cache had
    cached_count INTEGER NOT NULL,
    retry_count INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cost REAL NOT NULL,             -- in the currency of the judge's price list
    seconds REAL NOT NULL           -- spent waiting, summed over requests
) STRICT;

-- What was measured of each judge in a round: accuracy, position_consistency, length_correlation ...
CREATE TABLE judge_measures (
    run_id INTEGER NOT NULL,
    round INTEGER NOT NULL,
    judge TEXT NOT NULL,
    judge_version INTEGER NOT NULL,
    measure TEXT NOT NULL,
    value REAL,
    low REAL,                       -- a 95 % interval, where there is one
    high REAL,
    count INTEGER NOT NULL,         -- what it was measured on
    PRIMARY KEY (run_id, round, judge, measure),
    FOREIGN KEY (run_id, round) REFERENCES rounds (run_id, round)
) STRICT, WITHOUT ROWID;

-- Rounds in which the judge looked exploited, and what was done.
CREATE TABLE alarms (
    run_id INTEGER NOT NULL,
    round INTEGER NOT NULL,
    position INTEGER NOT NULL,
    judge TEXT NOT NULL,
    judge_version INTEGER NOT NULL,
    sentence TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('warn', 'pause', 'rollback')),
    PRIMARY KEY (run_id, round, position),
    FOREIGN KEY (run_id, round) REFERENCES rounds (run_id, round)
) STRICT, WITHOUT ROWID;

-- Members that left their panels. They stay away for the rest of the run.
CREATE TABLE judge_losses (
    run_id INTEGER NOT NULL REFERENCES runs (id),
    judge TEXT NOT NULL,            -- the member's name
    round INTEGER NOT NULL,         -- the round in which it was lost
    sentence TEXT NOT NULL,         -- who, and why
    PRIMARY KEY (run_id, judge)
) STRICT, WITHOUT ROWID;

-- What a seat's answers in a room cost, where something outside was asked.
CREATE TABLE agent_usage (
    room_id INTEGER NOT NULL,
    seat INTEGER NOT NULL,
    request_count INTEGER NOT NULL,     -- answered, without those that a cache had
    cached_count INTEGER NOT NULL,
    retry_count INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cost REAL NOT NULL,             -- in the currency of the agent's price list
    seconds REAL NOT NULL,          -- spent waiting, summed over requests
    PRIMARY KEY (room_id, seat),
    FOREIGN KEY (room_id, seat) REFERENCES rollouts (room_id, seat)
) STRICT, WITHOUT ROWID;

-- Rounds of asynchronous runs as they were sent out to be played.
CREATE TABLE dispatches (
    run_id INTEGER NOT NULL REFERENCES runs (id),
    round INTEGER NOT NULL CHECK (round >= 1),
    after_round INTEGER NOT NULL,   -- the closed round whose versions play it and whose history made its schedule
    max_off_policy_steps INTEGER NOT NULL,  -- updates that a sample may be old when it is learned from
    PRIMARY KEY (run_id, round),
    CHECK (0 <= after_round AND after_round < round AND round - 1 - after_round <= max_off_policy_steps)
) STRICT, WITHOUT ROWID;

-- What became of the samples of each learner's version in such a round: one sample is one seat in one room. The
-- four last counts are null until the round is closed.
CREATE TABLE samples (
    run_id INTEGER NOT NULL,
    round INTEGER NOT NULL,
    policy_id INTEGER NOT NULL REFERENCES versions (id),
    produced_count INTEGER NOT NULL,
    age INTEGER,                    -- updates of the learner since, when the round was learned from
    trained_count INTEGER,          -- read by the learner's update
    stale_count INTEGER,            -- left out: older than max_off_policy_steps
    masked_count INTEGER,           -- left out by off_policy_correction
    unused_count INTEGER,           -- said nothing: ties, voids, rankings that made no pair
    PRIMARY KEY (run_id, round, policy_id),
    FOREIGN KEY (run_id, round) REFERENCES dispatches (run_id, round),
    CHECK ((age IS NULL) = (trained_count IS NULL)),
    CHECK (trained_count IS NULL OR trained_count + stale_count + masked_count + unused_count = produced_count)
) STRICT, WITHOUT ROWID;

-- The versions of agents, by the names that people use: ada@v3.
CREATE VIEW policies AS
    SELECT versions.id, versions.run_id, agents.id AS agent_id, agents.name AS agent, agents.role,
        versions.version, agents.name || '@v' || versions.version AS policy
    FROM versions JOIN agents ON agents.run_id = versions.run_id AND agents.name = versions.name
    WHERE NOT versions.is_judge;

-- Who leads each run after its last closed round. A rank is 1 plus the number of agents whose whole interval lies
-- above; where intervals overlap, nothing is proven.
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

-- How each measure of each agent moved over the rounds.
CREATE VIEW learning_curve AS
    SELECT evaluations.run_id, runs.name AS run, evaluations.measure, policies.agent, evaluations.round,
        policies.version, evaluations.value, evaluations.low, evaluations.high, evaluations.count
    FROM evaluations
    JOIN runs ON runs.id = evaluations.run_id
    JOIN policies ON policies.id = evaluations.policy_id;

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
