-- Messages from handsets. Their ids come from the same counter as those of messages.
CREATE TABLE inbound (
    inbound_id  INTEGER PRIMARY KEY,
    link        TEXT NOT NULL,
    sender      TEXT NOT NULL,
    recipient   TEXT NOT NULL,
    text        TEXT NOT NULL,
    keyword     TEXT NOT NULL,
    -- as the dialect calls it; '' where that is not known
    carrier     TEXT NOT NULL,
    segments    INTEGER NOT NULL,
    -- NULL: nobody's
    account_id  INTEGER,
    dialect     TEXT NOT NULL,
    lane        TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    -- whether we answered it by ourselves: 1 a change of consent, 2 a question
    answered    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- tells what a carrier repeats, and how often somebody was answered
CREATE INDEX inbound_conversation ON inbound (sender, recipient, inbound_id);
CREATE INDEX inbound_account ON inbound (account_id, received_at);
CREATE INDEX inbound_age ON inbound (received_at);

-- Segments of messages from handsets of which others are missing, and for a while those of whole ones, to tell what a
-- carrier repeats; the piece is msgpack (sms/reading.py).
CREATE TABLE inbound_part (
    link        TEXT NOT NULL,
    sender      TEXT NOT NULL,
    recipient   TEXT NOT NULL,
    reference   INTEGER NOT NULL,
    total       INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    piece       BLOB NOT NULL,
    -- when the first of them came
    received_at INTEGER NOT NULL,
    -- when the message was whole; 0: not yet
    whole_at    INTEGER NOT NULL,
    PRIMARY KEY (link, sender, recipient, reference, total, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX opt_in_person ON opt_in (msisdn, sender);

CREATE INDEX inbound_part_age ON inbound_part (received_at);

-- Every consent that was given or taken away. opt_in and opt_out hold what follows from it.
CREATE TABLE consent (
    entry_id INTEGER PRIMARY KEY,
    sender   TEXT NOT NULL,
    -- keyword or campaign; '' for all that comes from the sender
    topic    TEXT NOT NULL,
    msisdn   TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('opt_in', 'opt_out')),
    source   TEXT NOT NULL CHECK (source IN ('handset', 'api', 'file')),
    words    TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

CREATE INDEX consent_person ON consent (msisdn, sender);

INSERT INTO consent (sender, topic, msisdn, kind, source, words, at)
SELECT sender, topic, msisdn, 'opt_in', 'file', '', since_at FROM opt_in;

-- Who wants to hear nothing more from a sender.
CREATE TABLE opt_out (
    sender   TEXT NOT NULL,
    msisdn   TEXT NOT NULL,
    since_at INTEGER NOT NULL,
    PRIMARY KEY (sender, msisdn)
) STRICT, WITHOUT ROWID;

-- 1: answers a word such as STOP, and goes out all the same
ALTER TABLE message ADD COLUMN exempt INTEGER NOT NULL DEFAULT 0;

-- The list of events can only be changed by making the table anew. For 'inbound' message_id is an inbound_id.
CREATE TABLE postback_anew (
    postback_id    INTEGER PRIMARY KEY,
    message_id     INTEGER NOT NULL,
    lane           TEXT NOT NULL,
    event          TEXT NOT NULL CHECK (event IN ('sent', 'ended', 'inbound')),
    state          TEXT NOT NULL,
    error_code     TEXT NOT NULL,
    happened_at    INTEGER NOT NULL,
    -- NULL: done or given up
    due_at         INTEGER,
    done           INTEGER NOT NULL DEFAULT 0,
    attempts       INTEGER NOT NULL DEFAULT 0,
    last_tried_at  INTEGER NOT NULL DEFAULT 0,
    last_status    INTEGER,
    last_fault     TEXT NOT NULL DEFAULT '',
    CHECK (NOT done OR due_at IS NULL)
) STRICT;

INSERT INTO postback_anew SELECT * FROM postback;
DROP TABLE postback;
ALTER TABLE postback_anew RENAME TO postback;
CREATE INDEX postback_due ON postback (lane, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX postback_message ON postback (message_id);
CREATE INDEX postback_inbound ON postback (lane, due_at) WHERE due_at IS NOT NULL AND event = 'inbound';
