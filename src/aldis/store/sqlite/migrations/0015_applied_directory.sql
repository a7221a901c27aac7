-- What the directory file that was applied last said of each record it named, and of accounts' credit: what differs
-- from that was changed by hand.
CREATE TABLE directory_applied (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- Of records from before there was a history: what they were when it began.
INSERT INTO directory_applied
SELECT kind, key, body FROM directory WHERE change_id = 0;

INSERT INTO directory_applied
SELECT 'credit', name, CAST(printf('{"credit":"%d.%06d"}', credited / 1000000, credited % 1000000) AS BLOB)
FROM account
WHERE NOT EXISTS (SELECT 1 FROM directory_history WHERE kind = 'credit' AND key = name);

INSERT OR REPLACE INTO directory_applied
SELECT kind, key, before FROM directory_history
WHERE change_id IN (SELECT min(change_id) FROM directory_history GROUP BY kind, key) AND before IS NOT NULL;

-- Of all others: what a file made of them. Nothing else but undo came by the command line.
INSERT OR REPLACE INTO directory_applied
SELECT kind, key, after FROM directory_history
WHERE change_id IN (
    SELECT max(change_id) FROM directory_history WHERE via = 'command line' AND undoes = 0 GROUP BY kind, key
) AND after IS NOT NULL;
