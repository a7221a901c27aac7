-- The newest refused requests: a bounded number of each account and in all.
CREATE TABLE refused_request (
    refusal_id INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    incident   TEXT NOT NULL,
    dialect    TEXT NOT NULL,
    -- '' for nobody's
    account    TEXT NOT NULL,
    credential TEXT NOT NULL,
    peer       TEXT NOT NULL,
    request    TEXT NOT NULL,
    reason     TEXT NOT NULL,
    parameter  TEXT NOT NULL,
    value      TEXT NOT NULL
) STRICT;

CREATE INDEX refused_request_account ON refused_request (account, refusal_id);
