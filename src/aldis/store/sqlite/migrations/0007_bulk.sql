-- Sending to many from a table: what is to be done with it, and how far that has come (traffic/bulk.py).
CREATE TABLE bulk_job (
    job_id   INTEGER PRIMARY KEY,
    -- the file's, for people
    name     TEXT NOT NULL,
    account  TEXT NOT NULL,
    made_by  TEXT NOT NULL,
    made_at  INTEGER NOT NULL,
    -- JSON list of the columns' names
    columns  TEXT NOT NULL,
    -- JSON: how a row becomes a message
    mapping  TEXT NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('filling', 'ready', 'running', 'paused', 'done', 'cancelled')),
    total    INTEGER NOT NULL DEFAULT 0,
    -- all rows up to this one have an outcome
    reached  INTEGER NOT NULL DEFAULT 0,
    accepted INTEGER NOT NULL DEFAULT 0,
    refused  INTEGER NOT NULL DEFAULT 0,
    -- why it paused by itself; '' otherwise
    why      TEXT NOT NULL DEFAULT '',
    -- 0: not yet
    ended_at INTEGER NOT NULL DEFAULT 0,
    -- of idempotency, and which request it came with; '' for none
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX bulk_key ON bulk_job (account, key) WHERE key <> '';
CREATE INDEX bulk_running ON bulk_job (job_id) WHERE state = 'running';

CREATE TABLE bulk_row (
    job_id     INTEGER NOT NULL,
    -- from 1
    number     INTEGER NOT NULL,
    -- JSON list
    cells      TEXT NOT NULL,
    -- 0: none
    message_id INTEGER NOT NULL DEFAULT 0,
    -- why it was refused; '' otherwise
    fault      TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (job_id, number)
) STRICT, WITHOUT ROWID;
