-- Which messages went to a number: written by upkeep, a bite at a time, after they were accepted. Blocks of ids come
-- first, so that what is written together lies together (docs/decisions/0018).
CREATE TABLE message_recipient (
    -- message_id >> 14
    block      INTEGER NOT NULL,
    recipient  TEXT NOT NULL,
    message_id INTEGER NOT NULL,
    PRIMARY KEY (block, recipient, message_id DESC)
) STRICT, WITHOUT ROWID;

-- messages with ids up to this are all in message_recipient
INSERT INTO counter VALUES ('recipients_up_to', 0);

-- Every try at a postback that failed; those that were taken leave their answer in the postback.
CREATE TABLE postback_try (
    postback_id INTEGER NOT NULL,
    tried_at    INTEGER NOT NULL,
    -- NULL: there was no answer
    status      INTEGER,
    fault       TEXT NOT NULL,
    PRIMARY KEY (postback_id, tried_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX postback_given_up ON postback (postback_id) WHERE due_at IS NULL AND done = 0;

-- What a command beside the gateway wants done with a message; the gateway does it, for it alone knows what it has claimed.
CREATE TABLE message_order (
    order_id   INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('cancel', 'again')),
    message_id INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    role       INTEGER NOT NULL CHECK (role BETWEEN 1 AND 3),
    asked_at   INTEGER NOT NULL,
    -- NULL: not carried out yet
    done       INTEGER CHECK (done IN (0, 1)),
    -- what came of it, for people
    answer     TEXT NOT NULL DEFAULT ''
) STRICT;
