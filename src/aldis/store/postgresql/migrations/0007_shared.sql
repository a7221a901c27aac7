-- What several gateways count together.

-- up to which entry of `consent` a gateway has released what it had claimed for people who opted out
CREATE TABLE opt_out_release (
    -- as in `lease`
    holder   text COLLATE "C" PRIMARY KEY,
    entry_id bigint NOT NULL,
    at       timestamptz NOT NULL
) WITH (fillfactor = 20);

-- what signed requests have used
CREATE TABLE nonce (
    -- a digest of credential, timestamp and nonce
    key       uuid PRIMARY KEY,
    -- Unix seconds
    signed_at bigint NOT NULL
);
CREATE INDEX nonce_age ON nonce (signed_at);

-- wrong passwords of late
CREATE TABLE failure (
    -- a digest of what they count against, since people type passwords where their name belongs
    key        uuid PRIMARY KEY,
    count      integer NOT NULL,
    -- when the next try may be, Unix milliseconds
    allowed_at bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX failure_age ON failure (allowed_at);

-- what accounts may use at once, as it was at an instant
CREATE TABLE rate (
    account_id bigint NOT NULL,
    unit       text COLLATE "C" NOT NULL,
    -- less than nothing after a large request, until that is made up for
    level      double precision NOT NULL,
    -- Unix milliseconds
    at         bigint NOT NULL,
    PRIMARY KEY (account_id, unit)
) WITH (fillfactor = 20);
