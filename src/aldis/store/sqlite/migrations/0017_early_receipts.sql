-- Early receipts: the second address that they name, and whether other spellings of their id were tried, which is
-- done once no response can be missing that names them exactly. Keys are never used again, so that they tell age.
ALTER TABLE parked_receipt RENAME TO parked_receipt_old;
CREATE TABLE parked_receipt (
    receipt_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    link            TEXT NOT NULL,
    smsc_message_id TEXT NOT NULL,
    state           TEXT NOT NULL,
    error_code      TEXT NOT NULL,
    recipient       TEXT NOT NULL,
    received_at     INTEGER NOT NULL,
    destination     TEXT NOT NULL DEFAULT '',
    reviewed        INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO parked_receipt (receipt_id, link, smsc_message_id, state, error_code, recipient, received_at)
SELECT receipt_id, link, smsc_message_id, state, error_code, recipient, received_at FROM parked_receipt_old;
DROP TABLE parked_receipt_old;
CREATE INDEX parked_receipt_smsc ON parked_receipt (link, smsc_message_id);
CREATE INDEX parked_receipt_new ON parked_receipt (link, receipt_id) WHERE NOT reviewed;
