-- Under which a customer wants the use of a message counted.
ALTER TABLE message ADD COLUMN label TEXT NOT NULL DEFAULT '';
