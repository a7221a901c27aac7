"""Which messages are set aside."""

from __future__ import annotations

import apsw

from aldis.store.sqlite.engine.rows import every, may
from aldis.traffic.message import MAX_FAULTS, PoisonMessage
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
