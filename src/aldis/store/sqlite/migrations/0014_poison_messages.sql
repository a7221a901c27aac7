-- Messages whose handling failed by a fault of ours or of their rows: how often, and the last fault. With
-- traffic/message.py's MAX_FAULTS of them a message is set aside: its link does not claim it.
CREATE TABLE poison_message (
    message_id INTEGER PRIMARY KEY,
    link       TEXT NOT NULL,
    faults     INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    failed_at  INTEGER NOT NULL
) STRICT;

-- One kind more; what waits there is forgotten after a minute anyway.
DROP TABLE message_order;
CREATE TABLE message_order (
    order_id   INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('cancel', 'again', 'try_again')),
    message_id INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    role       INTEGER NOT NULL CHECK (role BETWEEN 1 AND 3),
    asked_at   INTEGER NOT NULL,
    -- NULL: not carried out yet
    done       INTEGER CHECK (done IN (0, 1)),
    -- what came of it, for people
    answer     TEXT NOT NULL DEFAULT ''
) STRICT;
