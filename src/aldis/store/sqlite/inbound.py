"""The writes and reads of messages from handsets: their segments, the whole ones, and what follows from
them.
"""

from __future__ import annotations

import apsw
import msgspec

from aldis.sms.reading import Piece
from aldis.store.contract import Acceptance, InboundBatch
from aldis.store.sqlite import admission, consent
from aldis.store.sqlite.rows import as_json, every, first
from aldis.traffic.inbound import InboundFacts, InboundPart, NewInbound

#: link, sender, recipient, reference, total
PartKey = tuple[str, str, str, int, int]

FACTS = (
    "i.inbound_id, i.link, i.sender, i.recipient, i.text, i.keyword, i.carrier, i.segments, "
    "i.account_id, i.dialect, i.received_at"
)
_KEEP = """
INSERT INTO inbound (inbound_id, link, sender, recipient, text, keyword, carrier, segments, account_id,
                     dialect, lane, received_at, fingerprint)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_OWE = """
INSERT INTO postback (message_id, lane, event, state, error_code, happened_at, due_at)
VALUES (?, ?, 'inbound', '', '', ?, ?)
"""

_PIECE = msgspec.msgpack.Decoder(Piece)


def key_of(part: InboundPart) -> PartKey:
    """Name the message that a segment belongs to; raises ValueError for one that stands alone."""
    if part.piece.place is None:
        raise ValueError("a whole message has no parts")
    return part.link, part.sender, part.recipient, part.piece.place.reference, part.piece.place.total


def record(db: apsw.Connection, items: list[InboundBatch]) -> list[int]:
    """Keep segments and whole messages; returns how many of each item's messages were repetitions."""
    return [_record(db, item) for item in items]


def _record(db: apsw.Connection, item: InboundBatch) -> int:
    for part in item.parts:
        place = part.piece.place
        number = 0 if place is None else place.number
        row = (*key_of(part), number, msgspec.msgpack.encode(part.piece), part.received_at)
        db.execute("INSERT OR IGNORE INTO inbound_part VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    for key in map(key_of, item.complete):
        sql = """DELETE FROM inbound_part
                 WHERE link = ? AND sender = ? AND recipient = ? AND reference = ? AND total = ?"""
        db.execute(sql, key)
    return sum(not _keep(db, message, item) for message in item.messages)


def _keep(db: apsw.Connection, message: NewInbound, item: InboundBatch) -> bool:
    sql = "SELECT 1 FROM inbound WHERE fingerprint = ? AND received_at > ? LIMIT 1"
    if first(db, sql, (message.fingerprint, message.received_at - item.repeat_ms)):
        return False
    db.execute(_KEEP, msgspec.structs.astuple(message)[:13])
    if message.lane:
        db.execute(_OWE, (message.inbound_id, message.lane, message.received_at, message.received_at))
    has_changed = False
    if message.consent is not None:
        ((has_changed,),) = consent.change(db, [(message.consent,)])
    if message.reply is not None and (has_changed or message.consent is None):
        reply = message.reply
        is_prepaid = reply.account_id in item.prepaid
        admission.accept(db, [Acceptance(reply.account_id, is_prepaid, (reply,))])
    return True


def parts_of(db: apsw.Connection, key: PartKey) -> dict[int, Piece]:
    """Give the segments of a message that are there, by number."""
    sql = """SELECT number, piece FROM inbound_part
             WHERE link = ? AND sender = ? AND recipient = ? AND reference = ? AND total = ?"""
    return {number: _PIECE.decode(octets) for number, octets in every(db, sql, key)}


def stale(db: apsw.Connection, before: int, limit: int) -> list[list[InboundPart]]:
    """Give incomplete messages whose first segment came before an instant, each in its order."""
    sql = """SELECT link, sender, recipient, reference, total FROM inbound_part
             GROUP BY 1, 2, 3, 4, 5 HAVING min(received_at) <= ? LIMIT ?"""
    found = []
    for link, sender, recipient, reference, total in every(db, sql, (before, limit)):
        pieces = parts_of(db, (link, sender, recipient, reference, total))
        found.append(
            [InboundPart(link, sender, recipient, pieces[number], before) for number in sorted(pieces)]
        )
    return found


def find(
    db: apsw.Connection, account_id: int | None, since: int, until: int, page: tuple[int, int]
) -> tuple[list[InboundFacts], int]:
    """Give a page (offset, limit) of an account's messages of a time, newest first, and how many there are in
    all; with None nobody's.
    """
    where = "i.account_id IS ? AND i.received_at >= ? AND i.received_at < ?"
    bounds = (account_id, since, until)
    total = first(db, f"SELECT count(*) FROM inbound i WHERE {where}", bounds)  # noqa: S608 - a constant
    sql = f"""SELECT {FACTS} FROM inbound i WHERE {where}
              ORDER BY i.received_at DESC, i.inbound_id DESC LIMIT ? OFFSET ?"""  # noqa: S608 - constants
    offset, limit = page
    rows = every(db, sql, (*bounds, limit, offset))
    return [InboundFacts(*row) for row in rows], total[0] if total else 0


class Forget(msgspec.Struct, frozen=True):
    """How many messages to look at, and since when they are old."""

    limit: int
    before: int


def forget(db: apsw.Connection, items: list[Forget]) -> list[int]:
    """Forget old messages; one that still owes a postback stays until that is done or given up."""
    return [_forget(db, item) for item in items]


def _forget(db: apsw.Connection, item: Forget) -> int:
    sql = """SELECT inbound_id FROM inbound i WHERE received_at <= ? AND NOT EXISTS (
                 SELECT 1 FROM postback p WHERE p.message_id = i.inbound_id AND p.due_at IS NOT NULL)
             ORDER BY inbound_id LIMIT ?"""
    ids = [inbound_id for (inbound_id,) in every(db, sql, (item.before, item.limit))]
    for table, column in (("inbound", "inbound_id"), ("postback", "message_id")) if ids else ():
        sql = f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))"  # noqa: S608 - two names
        db.execute(sql, (as_json(ids),))
    return len(ids)
