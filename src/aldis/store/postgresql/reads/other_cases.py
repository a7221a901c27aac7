"""Ids that differ from another only in the case of their letters."""

from __future__ import annotations

from collections.abc import Iterable

import asyncpg

from aldis.store.postgresql.engine.texts import escaped, unescaped
from aldis.traffic.receipt import in_upper_case

#: by the index of ids that have small letters; as many are looked at for each id
_MOST = 16
_FIND = """
SELECT DISTINCT smsc_message_id FROM (
    SELECT s.smsc_message_id FROM unnest($2::text[]) asked (name) JOIN segment s
        ON s.link = $1 AND s.smsc_message_id ~ '[a-z]' AND upper(s.smsc_message_id) = asked.name
    LIMIT $3) found
"""


async def in_other_cases(
    db: asyncpg.Connection, link: str, names: Iterable[str]
) -> dict[str | None, list[str]]:
    """Find the ids of a link's segments that have small letters and are otherwise as one of these names; by
    what they are in upper case.
    """
    asked = [escaped(name) for name in {in_upper_case(name) for name in names} if name is not None]
    found: dict[str | None, list[str]] = {}
    if asked:
        for row in await db.fetch(_FIND, link, asked, _MOST * len(asked)):
            name = unescaped(row[0])
            found.setdefault(name.upper(), []).append(name)
    return found
