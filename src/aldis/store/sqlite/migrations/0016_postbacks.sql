-- The beginning of what an endpoint said.
ALTER TABLE postback_try ADD COLUMN answer TEXT NOT NULL DEFAULT '';

-- Addresses of accounts whose endpoints want nothing more (an answer of 410).
CREATE TABLE ended_webhook (
    account_id INTEGER NOT NULL,
    url        TEXT NOT NULL,
    ended_at   INTEGER NOT NULL,
    PRIMARY KEY (account_id, url)
) STRICT, WITHOUT ROWID;
