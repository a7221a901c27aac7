-- Attempts that were submitted and not answered: once there is one, the carrier may have the message.
ALTER TABLE message ADD COLUMN doubts INTEGER NOT NULL DEFAULT 0;

-- What carriers called segments in answers that came after their attempt had ended in doubt. A later attempt may have
-- given the segment another id; receipts for either are about it.
CREATE TABLE late_answer (
    link            TEXT NOT NULL,
    smsc_message_id TEXT NOT NULL,
    message_id      INTEGER NOT NULL,
    number          INTEGER NOT NULL,
    PRIMARY KEY (link, smsc_message_id, message_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX late_answer_message ON late_answer (message_id);
