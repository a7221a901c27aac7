-- Instants are Unix milliseconds, money is millionths of the account's currency.
-- The lists of states mirror traffic/states.py and traffic/receipt.py; a house test compares them.

CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counter VALUES ('next_id', 1), ('directory_version', 0);

-- The business's directory: one JSON document a thing (accounts/records.py).
CREATE TABLE directory (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
    account_id INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    credited   INTEGER NOT NULL DEFAULT 0 CHECK (credited >= 0),
    held       INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
    spent      INTEGER NOT NULL DEFAULT 0 CHECK (spent >= 0)
) STRICT;

CREATE TABLE opt_in (
    sender     TEXT NOT NULL,
    topic      TEXT NOT NULL,
    msisdn     TEXT NOT NULL,
    since_at   INTEGER NOT NULL,
    PRIMARY KEY (sender, topic, msisdn)
) STRICT, WITHOUT ROWID;

-- The columns up to review_at are traffic/message.py's NewMessage, in its order.
CREATE TABLE message (
    message_id      INTEGER PRIMARY KEY,
    submission_id   INTEGER NOT NULL,
    account_id      INTEGER NOT NULL,
    dialect         TEXT NOT NULL,
    reference       TEXT NOT NULL,
    -- within which no two messages of an account share a reference; '' where they may
    duplicate_scope TEXT NOT NULL,
    link            TEXT NOT NULL,
    priority        INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 3),
    sender          TEXT NOT NULL,
    recipient       TEXT NOT NULL,
    country         TEXT NOT NULL,
    coding          INTEGER NOT NULL,
    octets          BLOB NOT NULL,
    segments        INTEGER NOT NULL CHECK (segments BETWEEN 1 AND 255),
    price_micros    INTEGER NOT NULL CHECK (price_micros >= 0),
    notify          INTEGER NOT NULL,
    lane            TEXT NOT NULL,
    callback_url    TEXT NOT NULL,
    echo            BLOB NOT NULL,
    accepted_at     INTEGER NOT NULL,
    due_at          INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    -- when upkeep must look at it next, no later than a deadline of its state; NULL: never again
    review_at       INTEGER,
    state           TEXT NOT NULL DEFAULT 'queued' CHECK (state IN (
        'queued', 'sending', 'sent', 'unconfirmed',
        'delivered', 'undelivered', 'expired', 'rejected', 'deleted', 'failed')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    sent_at         INTEGER NOT NULL DEFAULT 0,
    ended_at        INTEGER NOT NULL DEFAULT 0,
    reason          TEXT NOT NULL DEFAULT '',
    CHECK ((ended_at > 0) = (state NOT IN ('queued', 'sending', 'sent')))
) STRICT;

CREATE INDEX message_claim ON message (link, priority, due_at) WHERE state = 'queued';
CREATE INDEX message_sending ON message (link) WHERE state = 'sending';
CREATE INDEX message_review ON message (review_at) WHERE review_at IS NOT NULL;
-- finds a message by what its customer knows it by, and tells duplicates
CREATE INDEX message_reference ON message (reference);

-- A row for each segment that a carrier took; number 0 is a whole message that the carrier cuts itself.
CREATE TABLE segment (
    message_id      INTEGER NOT NULL,
    number          INTEGER NOT NULL CHECK (number BETWEEN 0 AND 255),
    link            TEXT NOT NULL,
    smsc_message_id TEXT NOT NULL,
    submitted_at    INTEGER NOT NULL,
    state           TEXT NOT NULL DEFAULT 'submitted' CHECK (state IN (
        'submitted', 'enroute', 'delivered', 'undelivered', 'expired', 'rejected', 'deleted')),
    error_code      TEXT NOT NULL DEFAULT '',
    receipt_at      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (message_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX segment_smsc ON segment (link, smsc_message_id);

-- Receipts that came before the response that names their segment.
CREATE TABLE parked_receipt (
    receipt_id      INTEGER PRIMARY KEY,
    link            TEXT NOT NULL,
    smsc_message_id TEXT NOT NULL,
    state           TEXT NOT NULL,
    error_code      TEXT NOT NULL,
    recipient       TEXT NOT NULL,
    received_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX parked_receipt_smsc ON parked_receipt (link, smsc_message_id);

CREATE TABLE postback (
    postback_id    INTEGER PRIMARY KEY,
    message_id     INTEGER NOT NULL,
    lane           TEXT NOT NULL,
    event          TEXT NOT NULL CHECK (event IN ('sent', 'ended')),
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

CREATE INDEX postback_due ON postback (lane, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX postback_message ON postback (message_id);
