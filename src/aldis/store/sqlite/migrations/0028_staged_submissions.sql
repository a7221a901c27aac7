-- Ids of messages that are of no submission yet: a large one is stored in pieces, and nobody sees any of it before all is
-- stored (writes/staging.py, docs/decisions/0029).
CREATE TABLE staged_submission (
    first_id INTEGER PRIMARY KEY,
    last_id  INTEGER NOT NULL,
    -- the id of the submission's first message
    stage    INTEGER NOT NULL
) STRICT;
