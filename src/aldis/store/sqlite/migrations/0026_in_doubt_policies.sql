-- What each link did with what was in doubt when it was last recovered: the setting may change while some is.
CREATE TABLE in_doubt_policy (
    link TEXT PRIMARY KEY,
    hold INTEGER NOT NULL CHECK (hold IN (0, 1))
) STRICT, WITHOUT ROWID;
