-- That the store is copied to another database, or from one (store/moving, docs/guides/postgresql.md).
CREATE TABLE moving (
    role    text COLLATE "C" PRIMARY KEY CHECK (role IN ('source', 'target')),
    -- the other database, for people
    other   text COLLATE "C" NOT NULL,
    -- a source and a target that have the same one belong together
    move    text COLLATE "C" NOT NULL,
    -- of a source: all of it is there
    is_done boolean NOT NULL
);
