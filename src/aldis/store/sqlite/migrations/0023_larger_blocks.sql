-- Blocks of 65,536 ids, so that a number is looked for in a quarter as many; maintenance writes them anew (docs/decisions/0018).
DROP TABLE message_recipient;
CREATE TABLE message_recipient (
    -- message_id >> 16
    block      INTEGER NOT NULL,
    recipient  TEXT NOT NULL,
    message_id INTEGER NOT NULL,
    PRIMARY KEY (block, recipient, message_id DESC)
) STRICT, WITHOUT ROWID;
UPDATE counter SET value = 0 WHERE name = 'recipients_up_to';
