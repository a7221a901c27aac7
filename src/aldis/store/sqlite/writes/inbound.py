"""The writes and reads of messages from handsets: their segments, the whole ones, and what follows from
them.
"""

from __future__ import annotations

import apsw
import msgspec

from aldis.sms.reading import Piece
from aldis.store.records import Acceptance, InboundBatch
from aldis.store.sqlite.engine.rows import as_json, every, first
from aldis.store.sqlite.reads import postback_listing
from aldis.store.sqlite.writes import admission, consent, content_use
from aldis.traffic.inbound import InboundFacts, InboundPart, NewInbound, Segments
from aldis.traffic.message import NewMessage

#: link, sender, recipient, reference, total
PartKey = tuple[str, str, str, int, int]

FACTS = (
    "i.inbound_id, i.link, i.sender, i.recipient, i.text, i.keyword, i.carrier, i.segments, "
    "i.account_id, i.dialect, i.received_at, i.parts"
)
_KEEP = """
INSERT INTO inbound (inbound_id, link, sender, recipient, text, keyword, carrier, segments, account_id,
                     dialect, lane, received_at, fingerprint, parts)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_OWE = """
INSERT INTO postback (message_id, lane, event, state, error_code, happened_at, due_at)
VALUES (?, ?, 'inbound', '', '', ?, ?)
"""

_KEY = "link = ? AND sender = ? AND recipient = ? AND reference = ? AND total = ?"
DAY_MS = 86_400_000
#: what was answered: a change of consent, or a question
CHANGED, ASKED = 1, 2
#: in a day, from one sender to one handset
MOST_ANSWERS = 10

#: what is forgotten with a message, and by which column
_HANGING = (("inbound", "inbound_id"), ("postback", "message_id"), ("content_use", "message_id"))

_PIECE = msgspec.msgpack.Decoder(Piece)


def record(db: apsw.Connection, items: list[InboundBatch]) -> list[int]:
    """Keep segments and whole messages; returns how many of each item's messages were repetitions."""
    return [_record(db, item) for item in items]


def _record(db: apsw.Connection, item: InboundBatch) -> int:
    for each in item.segments:
        key = (each.link, each.sender, each.recipient, each.reference, each.total)
        db.execute(f"DELETE FROM inbound_part WHERE {_KEY}", key)  # noqa: S608 - a constant
        rows = [
            (*key, number, msgspec.msgpack.encode(piece), each.began_at, each.whole_at)
            for number, piece in each.pieces.items()
        ]
        db.executemany("INSERT INTO inbound_part VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    return sum(not _keep(db, message, item) for message in item.messages)


def _keep(db: apsw.Connection, message: NewInbound, item: InboundBatch) -> bool:
    """Keep a message, unless it was kept a moment ago. What it says of consent counts in any case: a carrier
    repeats in order, and STOP, START, STOP are three words.
    """
    has_changed = False
    if message.consent is not None:
        ((has_changed,),) = consent.change(db, [(message.consent,)])
    sql = """SELECT 1 FROM inbound WHERE sender = ? AND recipient = ? AND fingerprint = ? AND received_at > ?
             LIMIT 1"""
    # a multimedia message is known by what its carrier calls it: it cannot be mistaken for another
    since = message.received_at - item.repeat_ms if not message.parts else 0
    if first(db, sql, (message.sender, message.recipient, message.fingerprint, since)):
        return False
    db.execute(_KEEP, msgspec.structs.astuple(message)[:14])
    if message.parts:
        content_use.note(db, [(message.inbound_id, message.parts)])
    if message.lane:
        db.execute(_OWE, (message.inbound_id, message.lane, message.received_at, message.received_at))
    if message.reply is not None and (has_changed or message.consent is None):
        _answer(db, message, message.reply, item)
    return True


def _answer(db: apsw.Connection, message: NewInbound, reply: NewMessage, item: InboundBatch) -> None:
    """Answer a word, but nobody too often: a machine at the other end must not empty an account."""
    sql = f"""SELECT count(*), ifnull(max(received_at) FILTER (WHERE answered = {ASKED}), 0) FROM inbound
              WHERE sender = ? AND recipient = ? AND answered AND received_at > ?"""  # noqa: S608 - a number
    of_a_day = (message.sender, message.recipient, message.received_at - DAY_MS)
    count, last_at = every(db, sql, of_a_day)[0]
    is_asked = message.consent is None
    if count >= MOST_ANSWERS or (is_asked and last_at > message.received_at - item.repeat_ms):
        return
    is_prepaid = reply.account_id in item.prepaid
    (refusal,) = admission.accept(db, [Acceptance(reply.account_id, is_prepaid, (reply,))])
    if refusal is None:
        answered = ASKED if is_asked else CHANGED
        db.execute("UPDATE inbound SET answered = ? WHERE inbound_id = ?", (answered, message.inbound_id))


def segments_of(db: apsw.Connection, part: InboundPart) -> Segments:
    """Give what is kept under the reference of a segment. Raises ValueError for one that stands alone."""
    place = part.piece.place
    if place is None:
        raise ValueError("a whole message has no segments")
    return _segments(
        db, (part.link, part.sender, part.recipient, place.reference, place.total), part.received_at
    )


def _segments(db: apsw.Connection, key: PartKey, now: int) -> Segments:
    sql = f"SELECT number, piece, received_at, whole_at FROM inbound_part WHERE {_KEY} ORDER BY number"  # noqa: S608 - a constant
    rows = every(db, sql, key)
    pieces = {number: _PIECE.decode(octets) for number, octets, _, _ in rows}
    began_at, whole_at = (rows[0][2], rows[0][3]) if rows else (now, 0)
    return Segments(*key, pieces, began_at, whole_at)


def stale(db: apsw.Connection, before: int, limit: int) -> list[Segments]:
    """Give segments of which the first came before an instant."""
    sql = """SELECT DISTINCT link, sender, recipient, reference, total FROM inbound_part
             WHERE received_at <= ? LIMIT ?"""
    return [
        _segments(db, (link, sender, recipient, reference, total), before)
        for link, sender, recipient, reference, total in every(db, sql, (before, limit))
    ]


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
    if ids:
        postback_listing.forget_tries(db, ids)
    for table, column in _HANGING if ids else ():
        sql = f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants
        db.execute(sql, (as_json(ids),))
    return len(ids)
