/// What agents from outside cost, and what happened where one gave no answer.
extension Schema {
    static let outsiders = """
        ALTER TABLE rollouts ADD COLUMN reason TEXT;

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
        """
}
