"""The write of how far an import of consents is."""

from __future__ import annotations

import apsw

from aldis.store.contract.consent import ImportRecord
from aldis.store.sqlite.engine.operations import operation_on_each

_KEEP = """
INSERT INTO consent_import (import_id, record, at, begun_at) VALUES (?1, ?2, ?3, ?3)
ON CONFLICT (import_id) DO UPDATE SET record = excluded.record, at = excluded.at
"""
_FORGET = """
DELETE FROM consent_import WHERE import_id NOT IN (
    SELECT import_id FROM consent_import ORDER BY begun_at DESC, import_id LIMIT ?)
"""


@operation_on_each()
def keep_import(db: apsw.Connection, item: tuple[ImportRecord, int]) -> None:
    """Keep how far an import is, and so many in all."""
    imported, most = item
    db.execute(_KEEP, (imported.import_id, imported.record, imported.at))
    db.execute(_FORGET, (most,))
