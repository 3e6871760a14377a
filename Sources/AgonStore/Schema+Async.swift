/// What is kept of rounds whose rooms are played while earlier rounds are still being closed.
extension Schema {
    /// The journal is written before the first of a round's rooms, so that whoever goes on plays the versions that were sent
    /// out. The checks hold the promises: no round is sent out further ahead than its samples may age, and every sample ends
    /// in exactly one place.
    static let dispatches = """
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
        """
}
