-- What is written for each message and stays until retention is divided by ranges of ids, which are times: what is old
-- goes as whole tables (`store/postgresql/ranges/`). What was there becomes the first range, as it is.

DROP VIEW tracked;
DROP VIEW postback;

ALTER TABLE message RENAME TO message_first;
ALTER INDEX message_pkey RENAME TO message_first_pkey;
ALTER INDEX message_reference RENAME TO message_first_reference;
CREATE TABLE message (LIKE message_first INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (message_id);

ALTER TABLE ended RENAME TO ended_first;
ALTER INDEX ended_pkey RENAME TO ended_first_pkey;
CREATE TABLE ended (LIKE ended_first INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (message_id);

ALTER TABLE segment RENAME TO segment_first;
ALTER INDEX segment_pkey RENAME TO segment_first_pkey;
ALTER INDEX segment_smsc RENAME TO segment_first_smsc;
ALTER INDEX segment_small_letters RENAME TO segment_first_small_letters;
CREATE TABLE segment (LIKE segment_first INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (message_id);

ALTER TABLE message_recipient RENAME TO message_recipient_first;
ALTER INDEX message_recipient_pkey RENAME TO message_recipient_first_pkey;
CREATE TABLE message_recipient (LIKE message_recipient_first) PARTITION BY RANGE (block);

ALTER TABLE told RENAME TO told_first;
DROP INDEX told_message;
ALTER INDEX told_dead_letter RENAME TO told_first_dead_letter;
ALTER TABLE told_first DROP CONSTRAINT told_pkey;
CREATE TABLE told (LIKE told_first INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (message_id);

-- above all ids that were given, also by a clock that was ahead
DO $$
DECLARE
    top bigint := (greatest(
        (extract(epoch FROM clock_timestamp()) * 1000)::bigint << 12,
        (SELECT value FROM counter WHERE name = 'next_id'), (SELECT max(message_id) FROM message_first),
        (SELECT max(message_id) FROM told_first)) >> 36) + 2;
    partitioned text;
BEGIN
    FOREACH partitioned IN ARRAY ARRAY['message', 'ended', 'segment', 'told'] LOOP
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%s)',
            partitioned, partitioned || '_first', top << 36);
    END LOOP;
    EXECUTE format('ALTER TABLE message_recipient ATTACH PARTITION message_recipient_first FOR VALUES FROM (MINVALUE) TO (%s)', top);
END $$;

-- those that the first ranges have are taken over
ALTER TABLE message ADD PRIMARY KEY (message_id);
CREATE INDEX message_reference ON message (reference) WHERE reference <> '';
ALTER TABLE ended ADD PRIMARY KEY (message_id);
ALTER TABLE segment ADD PRIMARY KEY (message_id, number);
CREATE INDEX segment_smsc ON segment (link, smsc_message_id);
CREATE INDEX segment_small_letters ON segment (link, upper(smsc_message_id)) WHERE smsc_message_id ~ '[a-z]';
ALTER TABLE message_recipient ADD PRIMARY KEY (block, recipient, message_id);
ALTER TABLE told ADD PRIMARY KEY (message_id, postback_id);
CREATE INDEX told_postback ON told (postback_id);
CREATE INDEX told_dead_letter ON told (postback_id) WHERE NOT done;

-- A message that is in none of the three tables is on its way from one cell to another, and nowhere here.
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
LEFT JOIN ended e USING (message_id)
WHERE coalesce(q.message_id, s.message_id, e.message_id) IS NOT NULL;

CREATE VIEW postback AS
SELECT postback_id, message_id, lane, event, state, error_code, happened_at, due_at, false AS done, attempts,
       last_tried_at, last_status, last_fault FROM pending_postback
UNION ALL
SELECT postback_id, message_id, lane, event, state, error_code, happened_at, NULL, done, attempts,
       last_tried_at, last_status, last_fault FROM told;
