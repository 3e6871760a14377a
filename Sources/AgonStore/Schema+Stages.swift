/// Which of a table's rooms a room is, where tables are played in stages.
extension Schema {
    static let stages = """
        -- Rooms of one table follow from one another: answers, what critics say of them, final answers.
        ALTER TABLE rooms ADD COLUMN stage TEXT;        -- answer, critique, final, propose, solve; null where there are no stages
        ALTER TABLE rooms ADD COLUMN stage_index INTEGER;
        ALTER TABLE rooms ADD COLUMN is_rated INTEGER NOT NULL DEFAULT 1 CHECK (is_rated IN (0, 1));    -- 0: an early stage, which only teaches
        """
}
