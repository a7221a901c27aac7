-- What operators want of links: the newest of each.
CREATE TABLE link_order (
    link   text COLLATE "C"  PRIMARY KEY,
    wanted text COLLATE "C"  NOT NULL CHECK (wanted IN ('running', 'draining', 'stopped')),
    actor  text COLLATE "C"  NOT NULL,
    at     bigint NOT NULL
);

-- What operators and commands did.
CREATE TABLE audit (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       bigint NOT NULL,
    actor    text COLLATE "C"  NOT NULL,
    via      text COLLATE "C"  NOT NULL,
    action   text COLLATE "C"  NOT NULL,
    subject  text COLLATE "C"  NOT NULL,
    detail   text COLLATE "C"  NOT NULL
);

CREATE INDEX audit_subject ON audit (subject, entry_id);
