-- That the store is copied to another database, or from one (store/moving, docs/guides/postgresql.md).
CREATE TABLE moving (
    role    TEXT PRIMARY KEY CHECK (role IN ('source', 'target')),
    -- the other database, for people
    other   TEXT NOT NULL,
    -- a source and a target that have the same one belong together
    move    TEXT NOT NULL,
    -- of a source: all of it is there
    is_done INTEGER NOT NULL CHECK (is_done IN (0, 1))
) STRICT, WITHOUT ROWID;
