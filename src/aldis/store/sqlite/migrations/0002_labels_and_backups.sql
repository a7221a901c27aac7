-- Under which a customer wants the use of a message counted.
ALTER TABLE message ADD COLUMN label TEXT NOT NULL DEFAULT '';

-- A JSON list of the links that may carry it instead, in their order; '' for none.
ALTER TABLE message ADD COLUMN backups TEXT NOT NULL DEFAULT '';

CREATE INDEX message_diversion ON message (link) WHERE state = 'queued' AND backups <> '';
