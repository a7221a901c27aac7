-- The octets of multimedia messages, each once: committed before the message that needs them (`content_use`).

CREATE TABLE content (
    digest  text COLLATE "C" PRIMARY KEY,
    octets  bytea NOT NULL,
    -- when somebody kept it last; for a day it stays, whether a message needs it yet or not
    kept_at bigint NOT NULL
);
-- pictures are compressed already
ALTER TABLE content ALTER COLUMN octets SET STORAGE EXTERNAL;

-- each gateway keeps its own
ALTER TABLE minute ADD COLUMN node text COLLATE "C" NOT NULL DEFAULT '',
    DROP CONSTRAINT minute_pkey, ADD PRIMARY KEY (at, node);

-- how far files with consents have been taken in, for whoever looks on at whichever gateway
CREATE TABLE consent_import (
    import_id text COLLATE "C" PRIMARY KEY,
    -- JSON (admin/consents.py)
    record    text NOT NULL,
    -- when this was written, and when it began
    at        bigint NOT NULL,
    begun_at  bigint NOT NULL
);
