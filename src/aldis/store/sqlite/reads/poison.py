"""Which messages are set aside."""

from __future__ import annotations

from collections.abc import Collection

import apsw

from aldis.store.sqlite.engine.rows import as_array, every, first, may
from aldis.traffic.message import MAX_FAULTS, SUSPECT_CRASHES, PoisonMessage
from aldis.traffic.states import Event

_COLUMNS = "p.message_id, p.link, p.faults, p.reason, p.failed_at"
_ASIDE = f"""FROM poison_message p JOIN message m USING (message_id)
WHERE p.faults >= {MAX_FAULTS} AND {may(Event.SUBMIT_ACCEPTED, of="m")}"""


def set_aside(db: apsw.Connection, limit: int) -> list[PoisonMessage]:
    """Give messages that are set aside and have not ended, the newest fault first."""
    sql = f"SELECT {_COLUMNS} {_ASIDE} ORDER BY p.failed_at DESC LIMIT ?"
    return [PoisonMessage(*row) for row in every(db, sql, (limit,))]


def set_aside_of(db: apsw.Connection, message_id: int) -> PoisonMessage | None:
    """Tell of one message whether it is."""
    sql = f"SELECT {_COLUMNS} {_ASIDE} AND p.message_id = ?"
    return next((PoisonMessage(*row) for row in every(db, sql, (message_id,))), None)


def ids_of(db: apsw.Connection, link: str) -> set[int]:
    """Name those that a link must not claim."""
    sql = f"SELECT p.message_id {_ASIDE} AND m.link = ?"
    return {message_id for (message_id,) in every(db, sql, (link,))}


def suspects(db: apsw.Connection) -> frozenset[int]:
    """Name those of all links that are to be tried alone, because processes died while they had them."""
    sql = f"""SELECT p.message_id FROM poison_message p JOIN message m USING (message_id)
              WHERE p.crashes >= ? AND p.faults < ? AND {may(Event.SUBMIT_ACCEPTED, of="m")}"""  # noqa: S608 - the table's states
    return frozenset(message_id for (message_id,) in every(db, sql, (SUSPECT_CRASHES, MAX_FAULTS)))


def next_suspect(db: apsw.Connection, link: str, suspects: Collection[int], now: int) -> int | None:
    """Give the one that a link is to try first, if one is due."""
    sql = f"""SELECT message_id FROM message WHERE message_id IN (SELECT value FROM carray(?)) AND link = ?
              AND {may(Event.CLAIMED)} AND due_at <= ? ORDER BY priority DESC, due_at LIMIT 1"""  # noqa: S608 - as above
    row = first(db, sql, (as_array(suspects), link, now))
    return None if row is None else int(row[0])
