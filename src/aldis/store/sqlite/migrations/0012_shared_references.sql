-- Several long messages from handsets may stand under one reference at a time.

CREATE TABLE inbound_part_anew (
    link          TEXT NOT NULL,
    sender        TEXT NOT NULL,
    recipient     TEXT NOT NULL,
    reference     INTEGER NOT NULL,
    total         INTEGER NOT NULL,
    -- which of them, in the order in which they began
    message       INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    piece         BLOB NOT NULL,
    -- when the first segment of the message came
    received_at   INTEGER NOT NULL,
    -- when the message was whole; 0: not yet
    whole_at      INTEGER NOT NULL,
    -- all of the message has come before
    is_repetition INTEGER NOT NULL,
    PRIMARY KEY (link, sender, recipient, reference, total, message, number)
) STRICT, WITHOUT ROWID;

INSERT INTO inbound_part_anew
SELECT link, sender, recipient, reference, total, 0, number, piece, received_at, whole_at, 0 FROM inbound_part;

DROP TABLE inbound_part;
ALTER TABLE inbound_part_anew RENAME TO inbound_part;

CREATE INDEX inbound_part_age ON inbound_part (received_at);
CREATE INDEX inbound_part_repetition ON inbound_part (received_at) WHERE is_repetition;
