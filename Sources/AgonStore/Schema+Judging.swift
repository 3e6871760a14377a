/// What judges said, cost and were worth.
extension Schema {
    /// Columns that older databases have nothing to say about.
    static let softLabels = """
        ALTER TABLE verdicts ADD COLUMN preference REAL;
        ALTER TABLE pairs ADD COLUMN label REAL NOT NULL DEFAULT 1;
        """

    /// Votes come from the judges of a panel and from people.
    static let votes = """
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
        """

    /// A null among the numbers is a value that was not a number.
    static let judging = """
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
        """

    /// Written when it happens, not when the round closes: a run that goes on must know who is away.
    static let losses = """
        -- Members that left their panels. They stay away for the rest of the run.
        CREATE TABLE judge_losses (
            run_id INTEGER NOT NULL REFERENCES runs (id),
            judge TEXT NOT NULL,            -- the member's name
            round INTEGER NOT NULL,         -- the round in which it was lost
            sentence TEXT NOT NULL,         -- who, and why
            PRIMARY KEY (run_id, judge)
        ) STRICT, WITHOUT ROWID;
        """
}
