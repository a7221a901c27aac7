-- Texts compare by their octets (COLLATE "C"), as they do in Python, whatever the database's own collation is.

-- Who writes: a row for each connection that does. Its transactions begin by writing their number into `batch`
-- where `epoch` is still theirs, so that whoever raises the epoch waits for the one under way, learns whether the last
-- one was kept, and lets no later one through.
CREATE TABLE gateway (
    gateway_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node       text COLLATE "C"  NOT NULL,
    lane       integer NOT NULL,
    -- the run of the process that writes
    holder     uuid    NOT NULL,
    epoch      bigint  NOT NULL DEFAULT 1,
    batch      bigint  NOT NULL DEFAULT 0,
    UNIQUE (node, lane)
) WITH (fillfactor = 20);
