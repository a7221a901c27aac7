-- Who signs in at the console; role as in accounts/staff.py.
CREATE TABLE operator (
    name          TEXT PRIMARY KEY,
    role          INTEGER NOT NULL CHECK (role BETWEEN 1 AND 3),
    password_hash TEXT NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    digest     TEXT PRIMARY KEY,
    operator   TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys of the admin API.
CREATE TABLE api_token (
    name       TEXT PRIMARY KEY,
    digest     TEXT NOT NULL UNIQUE,
    visible    TEXT NOT NULL,
    role       INTEGER NOT NULL CHECK (role BETWEEN 1 AND 3),
    created_at INTEGER NOT NULL,
    -- 0: never
    until      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was done by whom; append-only.
CREATE TABLE audit (
    entry_id INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    actor    TEXT NOT NULL,
    via      TEXT NOT NULL,
    action   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    detail   TEXT NOT NULL
) STRICT;

CREATE INDEX audit_subject ON audit (subject, entry_id);
