"""Ids that differ from another only in the case of their letters."""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from aldis.store.sqlite.engine.rows import as_json, every
from aldis.traffic.receipt import in_upper_case

#: segments whose ids have small letters, with the condition of the index word for word
WITH_SMALL_LETTERS = "segment INDEXED BY segment_small_letters WHERE smsc_message_id GLOB '*[a-z]*'"
#: as many are looked at for each id
_MOST = 16


def in_other_cases(db: apsw.Connection, link: str, names: Iterable[str]) -> dict[str | None, list[str]]:
    """Find the ids of a link's segments that have small letters and are otherwise as one of these names; by
    what they are in upper case.
    """
    asked = {in_upper_case(name) for name in names} - {None}
    found: dict[str | None, list[str]] = {}
    if asked:
        sql = f"""SELECT DISTINCT smsc_message_id FROM {WITH_SMALL_LETTERS} AND link = ?
                  AND upper(smsc_message_id) IN (SELECT value FROM json_each(?)) LIMIT ?"""  # noqa: S608 - a constant
        for (name,) in every(db, sql, (link, as_json(asked), _MOST * len(asked))):
            found.setdefault(name.upper(), []).append(name)
    return found
