-- What operators want of links: the newest of each.
CREATE TABLE link_order (
    link   text   PRIMARY KEY,
    wanted text   NOT NULL CHECK (wanted IN ('running', 'draining', 'stopped')),
    actor  text   NOT NULL,
    at     bigint NOT NULL
);

-- What operators and commands did.
CREATE TABLE audit (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       bigint NOT NULL,
    actor    text   NOT NULL,
    via      text   NOT NULL,
    action   text   NOT NULL,
    subject  text   NOT NULL,
    detail   text   NOT NULL
);

CREATE INDEX audit_subject ON audit (subject, entry_id);
