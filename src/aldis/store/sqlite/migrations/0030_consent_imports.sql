-- How far files with consents have been taken in, for whoever looks on; the record is JSON (admin/consents.py).
CREATE TABLE consent_import (
    import_id TEXT PRIMARY KEY,
    record    TEXT NOT NULL,
    -- when this was written, and when it began
    at        INTEGER NOT NULL,
    begun_at  INTEGER NOT NULL
) STRICT;
