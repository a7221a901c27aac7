-- A message's way. `message` is what was accepted and never changes. Where it is now says the one of three narrow
-- tables that has its row: `queue` while it waits (state queued, or sending when marked), `sent` once the carrier
-- has all of it, `ended`. A row moves by DELETE … RETURNING and INSERT in one statement, so that a message that is
-- not where it is expected moves nowhere. The view `tracked` puts them together.

CREATE TABLE account (
    account_id bigint PRIMARY KEY,
    name       text NOT NULL UNIQUE
);

-- an account's money is the sum of its purses; each is written by one lane, so that lanes do not wait
CREATE TABLE purse (
    account_id bigint NOT NULL REFERENCES account,
    slot       smallint NOT NULL,
    credited   bigint NOT NULL DEFAULT 0 CHECK (credited >= 0),
    held       bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    spent      bigint NOT NULL DEFAULT 0 CHECK (spent >= 0),
    PRIMARY KEY (account_id, slot)
) WITH (fillfactor = 50);

-- never changed; ids grow with time
CREATE TABLE message (
    message_id      bigint PRIMARY KEY,
    submission_id   bigint NOT NULL,
    account_id      bigint NOT NULL,
    dialect         text NOT NULL,
    reference       text NOT NULL,
    -- within which no two messages of an account share a reference; '' where they may
    duplicate_scope text NOT NULL,
    -- where it was routed first
    link            text NOT NULL,
    priority        smallint NOT NULL CHECK (priority BETWEEN 0 AND 3),
    sender          text NOT NULL,
    recipient       text NOT NULL,
    country         text NOT NULL,
    coding          smallint NOT NULL,
    octets          bytea NOT NULL,
    segments        smallint NOT NULL CHECK (segments BETWEEN 1 AND 255),
    price_micros    bigint NOT NULL CHECK (price_micros >= 0),
    notify          smallint NOT NULL,
    lane            text NOT NULL,
    callback_url    text NOT NULL,
    echo            bytea NOT NULL,
    accepted_at     bigint NOT NULL,
    -- when it was to be sent first
    due_at          bigint NOT NULL,
    expires_at      bigint NOT NULL,
    label           text NOT NULL DEFAULT '',
    -- JSON; where it may go when its link is down
    backups         text NOT NULL DEFAULT '',
    exempt          boolean NOT NULL DEFAULT false,
    parts           text NOT NULL DEFAULT ''
);
CREATE INDEX message_reference ON message (reference) WHERE reference <> '';

-- a reference that nobody else may use; with the message it is forgotten
CREATE TABLE duplicate_key (
    account_id bigint NOT NULL,
    scope      text NOT NULL,
    reference  text NOT NULL,
    message_id bigint NOT NULL,
    PRIMARY KEY (account_id, scope, reference)
);

-- what waits to be sent; a row goes when the carrier has the message, or at its end
CREATE TABLE queue (
    message_id bigint PRIMARY KEY,
    -- where it is now
    link       text NOT NULL,
    priority   smallint NOT NULL,
    due_at     bigint NOT NULL,
    expires_at bigint NOT NULL,
    -- when maintenance looks at it next
    review_at  bigint NOT NULL,
    -- it may be on the wire, and must not be repeated after a crash
    is_marked  boolean NOT NULL DEFAULT false,
    attempts   smallint NOT NULL DEFAULT 0,
    doubts     smallint NOT NULL DEFAULT 0,
    -- why the last attempt failed
    reason     text NOT NULL DEFAULT '',
    backups    text NOT NULL DEFAULT ''
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX queue_claim ON queue (link, priority, due_at, message_id) WHERE NOT is_marked;
CREATE INDEX queue_marked ON queue (link) WHERE is_marked;
CREATE INDEX queue_review ON queue (review_at);
CREATE INDEX queue_diversion ON queue (link) WHERE backups <> '' AND NOT is_marked;

-- what the carrier has, whole, and no receipt has ended
CREATE TABLE sent (
    message_id bigint PRIMARY KEY,
    link       text NOT NULL,
    sent_at    bigint NOT NULL,
    attempts   smallint NOT NULL,
    doubts     smallint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX sent_age ON sent (sent_at);

CREATE TABLE ended (
    message_id bigint PRIMARY KEY,
    state      text NOT NULL CHECK (state IN (
        'delivered', 'unconfirmed', 'undelivered', 'expired', 'rejected', 'deleted', 'failed')),
    reason     text NOT NULL,
    ended_at   bigint NOT NULL CHECK (ended_at > 0),
    -- where it was
    link       text NOT NULL,
    -- 0: the carrier never had all of it
    sent_at    bigint NOT NULL,
    attempts   smallint NOT NULL,
    doubts     smallint NOT NULL
) WITH (fillfactor = 90);

-- state, review_at (0: never again) and the rest as one row; only for those who look, not for the hot path
CREATE VIEW tracked AS
SELECT m.message_id, m.submission_id, m.account_id, m.dialect, m.reference, m.duplicate_scope,
       coalesce(q.link, s.link, e.link) AS link,
       m.priority, m.sender, m.recipient, m.country, m.coding, m.octets, m.segments, m.price_micros, m.notify,
       m.lane, m.callback_url, m.echo, m.accepted_at, coalesce(q.due_at, m.due_at) AS due_at, m.expires_at,
       coalesce(q.review_at, s.sent_at, 0) AS review_at,
       CASE WHEN e.message_id IS NOT NULL THEN e.state WHEN s.message_id IS NOT NULL THEN 'sent'
            WHEN q.is_marked THEN 'sending' ELSE 'queued' END AS state,
       coalesce(q.attempts, s.attempts, e.attempts) AS attempts,
       coalesce(s.sent_at, e.sent_at, 0) AS sent_at, coalesce(e.ended_at, 0) AS ended_at,
       coalesce(q.reason, e.reason, '') AS reason, m.label, coalesce(q.backups, m.backups) AS backups,
       m.exempt, m.parts, coalesce(q.doubts, s.doubts, e.doubts) AS doubts
FROM message m LEFT JOIN queue q USING (message_id) LEFT JOIN sent s USING (message_id)
LEFT JOIN ended e USING (message_id);

-- what the carrier took; number 0 is a whole message of several segments
CREATE TABLE segment (
    message_id      bigint NOT NULL,
    number          smallint NOT NULL CHECK (number BETWEEN 0 AND 255),
    link            text NOT NULL,
    smsc_message_id text NOT NULL,
    submitted_at    bigint NOT NULL,
    state           text NOT NULL DEFAULT 'submitted' CHECK (state IN (
        'submitted', 'delivered', 'enroute', 'undelivered', 'expired', 'rejected', 'deleted')),
    error_code      text NOT NULL DEFAULT '',
    receipt_at      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (message_id, number)
) WITH (fillfactor = 80);
CREATE INDEX segment_smsc ON segment (link, smsc_message_id);

CREATE TABLE late_answer (
    link            text NOT NULL,
    smsc_message_id text NOT NULL,
    message_id      bigint NOT NULL,
    number          smallint NOT NULL,
    PRIMARY KEY (link, smsc_message_id, message_id, number)
);
CREATE INDEX late_answer_message ON late_answer (message_id);

CREATE TABLE parked_receipt (
    receipt_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    link            text NOT NULL,
    smsc_message_id text NOT NULL,
    state           text NOT NULL,
    error_code      text NOT NULL,
    recipient       text NOT NULL,
    received_at     bigint NOT NULL,
    destination     text NOT NULL,
    reviewed        boolean NOT NULL DEFAULT false
);
CREATE INDEX parked_receipt_new ON parked_receipt (link, receipt_id) WHERE NOT reviewed;
CREATE INDEX parked_receipt_smsc ON parked_receipt (link, smsc_message_id);

CREATE TABLE respelled_receipt (
    link  text PRIMARY KEY,
    count bigint NOT NULL
);

CREATE TABLE poison_message (
    message_id bigint PRIMARY KEY,
    link       text NOT NULL,
    faults     integer NOT NULL,
    reason     text NOT NULL,
    failed_at  bigint NOT NULL,
    crashes    integer NOT NULL DEFAULT 0
);

-- which messages went to a number, by blocks of ids: written by maintenance, not when a message is accepted
CREATE TABLE message_recipient (
    -- message_id >> 16
    block      bigint NOT NULL,
    recipient  text NOT NULL,
    message_id bigint NOT NULL,
    PRIMARY KEY (block, recipient, message_id)
);

CREATE TABLE content_use (
    digest     text NOT NULL,
    message_id bigint NOT NULL,
    PRIMARY KEY (digest, message_id)
);
CREATE INDEX content_use_message ON content_use (message_id);

-- postbacks that are to be tried; a row goes to `told` when it is done or given up
CREATE TABLE owed (
    postback_id   bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    message_id    bigint NOT NULL,
    lane          text NOT NULL,
    event         text NOT NULL CHECK (event IN ('ended', 'sent', 'inbound')),
    state         text NOT NULL,
    error_code    text NOT NULL,
    happened_at   bigint NOT NULL,
    due_at        bigint NOT NULL,
    attempts      integer NOT NULL DEFAULT 0,
    last_tried_at bigint NOT NULL DEFAULT 0,
    last_status   integer,
    last_fault    text NOT NULL DEFAULT ''
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX owed_due ON owed (lane, due_at);
CREATE INDEX owed_message ON owed (message_id);

CREATE TABLE told (
    postback_id   bigint PRIMARY KEY,
    message_id    bigint NOT NULL,
    lane          text NOT NULL,
    event         text NOT NULL,
    state         text NOT NULL,
    error_code    text NOT NULL,
    happened_at   bigint NOT NULL,
    -- false: a dead letter
    done          boolean NOT NULL,
    attempts      integer NOT NULL,
    last_tried_at bigint NOT NULL,
    last_status   integer,
    last_fault    text NOT NULL
);
CREATE INDEX told_message ON told (message_id);
CREATE INDEX told_dead_letter ON told (postback_id) WHERE NOT done;

CREATE VIEW postback AS
SELECT postback_id, message_id, lane, event, state, error_code, happened_at, due_at, false AS done, attempts,
       last_tried_at, last_status, last_fault FROM owed
UNION ALL
SELECT postback_id, message_id, lane, event, state, error_code, happened_at, NULL, done, attempts,
       last_tried_at, last_status, last_fault FROM told;

CREATE TABLE postback_try (
    postback_id bigint NOT NULL,
    tried_at    bigint NOT NULL,
    -- NULL: there was no answer
    status      integer,
    fault       text NOT NULL,
    answer      text NOT NULL DEFAULT '',
    PRIMARY KEY (postback_id, tried_at)
);

CREATE TABLE ended_webhook (
    account_id bigint NOT NULL,
    url        text NOT NULL,
    ended_at   bigint NOT NULL,
    PRIMARY KEY (account_id, url)
);

-- next_id, recipients_up_to, believed_at, agreed_at
CREATE TABLE counter (
    name  text PRIMARY KEY,
    value bigint NOT NULL
);

CREATE TABLE lease (
    resource text PRIMARY KEY,
    holder   text NOT NULL,
    epoch    bigint NOT NULL,
    -- by the server's clock; nobody's from then on
    until    timestamptz NOT NULL
) WITH (fillfactor = 20);
