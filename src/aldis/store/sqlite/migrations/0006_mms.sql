-- The parts of a multimedia message, as JSON (traffic/content.py); '' for a text. Their octets are files, named by hash.
ALTER TABLE message ADD COLUMN parts TEXT NOT NULL DEFAULT '';
ALTER TABLE inbound ADD COLUMN parts TEXT NOT NULL DEFAULT '';

-- Which messages, also those from handsets, need which file.
CREATE TABLE content_use (
    digest     TEXT NOT NULL,
    message_id INTEGER NOT NULL,
    PRIMARY KEY (digest, message_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX content_use_message ON content_use (message_id);
