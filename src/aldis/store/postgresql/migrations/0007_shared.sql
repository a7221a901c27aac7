-- What several gateways count together.

-- up to which entry of `consent` a gateway has released what it had claimed for people who opted out
CREATE TABLE opt_out_release (
    -- as in `lease`
    holder   text COLLATE "C" PRIMARY KEY,
    entry_id bigint NOT NULL,
    at       timestamptz NOT NULL
) WITH (fillfactor = 20);
