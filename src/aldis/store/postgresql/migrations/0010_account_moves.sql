-- Accounts that move to another cell, or have come from one (docs/decisions/0034-moving-an-account.md).
CREATE TABLE account_move (
    account_id bigint PRIMARY KEY,
    name       text COLLATE "C" NOT NULL,
    role       text COLLATE "C" NOT NULL CHECK (role IN ('source', 'target')),
    -- the other database, for people
    other      text COLLATE "C" NOT NULL,
    -- the same on both sides
    move       text COLLATE "C" NOT NULL,
    -- of a source: copying, leaving (nothing is sent or posted), closed (nothing is accepted), left;
    -- of a target: arriving, here
    state      text COLLATE "C" NOT NULL
        CHECK (state IN ('copying', 'leaving', 'closed', 'left', 'arriving', 'here')),
    -- up to which message, and message from a handset, has been copied or removed
    message_id bigint NOT NULL DEFAULT 0,
    inbound_id bigint NOT NULL DEFAULT 0
);

-- Of the source: messages to and from handsets that may still change, and are copied last.
CREATE TABLE leaving_message (
    message_id bigint PRIMARY KEY,
    account_id bigint NOT NULL,
    -- whether what never changes of it is in the target
    is_copied  boolean NOT NULL DEFAULT false,
    -- whether no sender can have it in hand any more
    is_out     boolean NOT NULL DEFAULT false
);
CREATE INDEX leaving_message_new ON leaving_message (account_id, message_id) WHERE NOT is_copied;
CREATE INDEX leaving_message_in ON leaving_message (account_id, message_id) WHERE NOT is_out;

-- Of the source: gateways that have nothing of an account in hand, in which state of its move.
CREATE TABLE account_release (
    -- as in `lease`
    holder     text COLLATE "C" NOT NULL,
    account_id bigint NOT NULL,
    state      text COLLATE "C" NOT NULL,
    PRIMARY KEY (holder, account_id)
);

-- A message that is in none of the three tables is on its way from one cell to another, and nowhere here.
CREATE OR REPLACE VIEW tracked AS
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
LEFT JOIN ended e USING (message_id)
WHERE coalesce(q.message_id, s.message_id, e.message_id) IS NOT NULL;
