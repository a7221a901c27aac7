-- Every change of a record of the directory, or of an account's credit: whole, with what is secret, so that it can be
-- taken back.
CREATE TABLE directory_history (
    change_id INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    actor     TEXT NOT NULL,
    via       TEXT NOT NULL,
    kind      TEXT NOT NULL,
    key       TEXT NOT NULL,
    -- NULL: there was none, there is none any more
    before    BLOB,
    after     BLOB,
    -- the change that this one took back; 0: none
    undoes    INTEGER NOT NULL
) STRICT;

CREATE INDEX directory_history_record ON directory_history (kind, key, change_id);

-- The change that made a record what it is; 0: one from before there was a history.
ALTER TABLE directory ADD COLUMN change_id INTEGER NOT NULL DEFAULT 0;

-- What operators want of links; a link without a row is to run.
CREATE TABLE link_order (
    link   TEXT PRIMARY KEY,
    wanted TEXT NOT NULL CHECK (wanted IN ('running', 'draining', 'stopped')),
    actor  TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The list of sources can only be changed by making the table anew.
CREATE TABLE consent_anew (
    entry_id INTEGER PRIMARY KEY,
    sender   TEXT NOT NULL,
    -- keyword or campaign; '' for all that comes from the sender
    topic    TEXT NOT NULL,
    msisdn   TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('opt_in', 'opt_out')),
    source   TEXT NOT NULL CHECK (source IN ('handset', 'api', 'file', 'console')),
    words    TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

INSERT INTO consent_anew SELECT * FROM consent;
DROP TABLE consent;
ALTER TABLE consent_anew RENAME TO consent;
CREATE INDEX consent_person ON consent (msisdn, sender);
