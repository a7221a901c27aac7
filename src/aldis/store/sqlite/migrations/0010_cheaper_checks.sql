-- The same checks, said otherwise: for `IN` with a list SQLite builds a table of that list with each execution of each
-- statement that writes, a ninth of what a transaction cost (docs/decisions/0020). Rows stay as they are, so the text of the
-- tables is changed in place. Source: sqlite.org/lang_altertable.html §7.
PRAGMA writable_schema = ON;

UPDATE sqlite_schema
SET sql = replace(replace(sql,
    'CHECK (state IN (
        ''queued'', ''sending'', ''sent'', ''unconfirmed'',
        ''delivered'', ''undelivered'', ''expired'', ''rejected'', ''deleted'', ''failed''))',
    'CHECK (
        state = ''queued'' OR state = ''sent'' OR state = ''delivered'' OR state = ''sending'' OR state = ''unconfirmed''
        OR state = ''undelivered'' OR state = ''expired'' OR state = ''rejected'' OR state = ''deleted''
        OR state = ''failed'')'),
    'state NOT IN (''queued'', ''sending'', ''sent'')',
    'state <> ''queued'' AND state <> ''sending'' AND state <> ''sent''')
WHERE type = 'table' AND name = 'message';

UPDATE sqlite_schema
SET sql = replace(sql,
    'CHECK (state IN (
        ''submitted'', ''enroute'', ''delivered'', ''undelivered'', ''expired'', ''rejected'', ''deleted''))',
    'CHECK (
        state = ''submitted'' OR state = ''delivered'' OR state = ''enroute'' OR state = ''undelivered''
        OR state = ''expired'' OR state = ''rejected'' OR state = ''deleted'')')
WHERE type = 'table' AND name = 'segment';

UPDATE sqlite_schema
SET sql = replace(sql,
    'CHECK (event IN (''sent'', ''ended'', ''inbound''))',
    'CHECK (event = ''ended'' OR event = ''sent'' OR event = ''inbound'')')
WHERE type = 'table' AND name = 'postback';

PRAGMA writable_schema = RESET;
