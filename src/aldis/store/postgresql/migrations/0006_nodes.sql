-- Gateways that work on the database; each writes its row about once a second.
CREATE TABLE node (
    -- as in `gateway`: host and data directory
    name       text COLLATE "C" PRIMARY KEY,
    -- this run of it, as in `lease`
    holder     text COLLATE "C" NOT NULL,
    version    text COLLATE "C" NOT NULL,
    started_at bigint NOT NULL,
    -- its machine's clock, and ours, when it said this
    clock_at   bigint NOT NULL,
    said_at    timestamptz NOT NULL,
    state      text COLLATE "C" NOT NULL CHECK (state IN ('serving', 'leaving', 'left')),
    -- JSON: digests of settings, and how its links stand
    settings   text COLLATE "C" NOT NULL,
    links      text COLLATE "C" NOT NULL,
    -- an operator wants it to have nothing
    is_drained boolean NOT NULL DEFAULT false
) WITH (fillfactor = 20);

-- when a row was made: those of commands that were killed are forgotten by it
ALTER TABLE gateway ADD COLUMN made_at timestamptz NOT NULL DEFAULT clock_timestamp();
