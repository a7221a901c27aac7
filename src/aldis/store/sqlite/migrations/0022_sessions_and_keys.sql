-- Where a session was started from, so that people know it again.
ALTER TABLE session ADD COLUMN address TEXT NOT NULL DEFAULT '';

-- The admin who made a key, and with whom it ends; '' for nobody who signs in. Of keys that are there already the audit
-- log tells, as long as that admin is one.
ALTER TABLE api_token ADD COLUMN made_by TEXT NOT NULL DEFAULT '';

UPDATE api_token SET made_by = ifnull((
    SELECT audit.actor FROM audit JOIN operator ON operator.name = audit.actor AND operator.role = 3
    WHERE audit.subject = api_token.name AND audit.action = 'add api key' AND audit.via = 'console'
    ORDER BY audit.entry_id DESC LIMIT 1
), '');
