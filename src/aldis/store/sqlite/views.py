"""Puts the operators' looks behind `aldis.store.views.ViewStore`: what may scan in a thread of the operators'
own, points on the loop; and has upkeep write down who got what.
"""

from __future__ import annotations

from typing import Any

import apsw

from aldis.store.sqlite.engine.read_pool import Scans
from aldis.store.sqlite.engine.rows import every, first, one
from aldis.store.sqlite.engine.writer import Writer
from aldis.store.sqlite.reads import postback_listing, searching, sums
from aldis.store.sqlite.reads.inbound import FACTS
from aldis.store.sqlite.reads.messages import timeline
from aldis.store.sqlite.writes import recipients
from aldis.store.views import (
    EVER,
    Grouping,
    InboundFilter,
    InboundPage,
    LaneFacts,
    MessageFilter,
    MessagePage,
    MessageView,
    PostbackFilter,
    PostbackPage,
    PostbackRow,
    Sum,
)
from aldis.traffic.inbound import InboundFacts
from aldis.traffic.message import NewMessage

#: it is looked at no more once it has ended
_ACCEPTED = ", ".join(NewMessage.__struct_fields__).replace("review_at", "ifnull(review_at, 0)")
#: messages from handsets that one page walks over at most
LOOK = 20_000


class SqliteViews:
    """`aldis.store.views.ViewStore` over a reader and the operators' scans."""

    def __init__(self, writer: Writer, reader: apsw.Connection, scans: Scans) -> None:
        self._writer = writer
        self._reader = reader
        self._scans = scans

    async def search(self, wanted: MessageFilter, before: int, limit: int) -> MessagePage:
        """See `ViewStore.search`."""
        return await self._scans.ask(searching.search, wanted, before, limit)

    async def view(self, message_id: int) -> MessageView | None:
        """See `ViewStore.view`."""
        return view(self._reader, message_id)

    async def inbound(self, wanted: InboundFilter, before: int, limit: int) -> InboundPage:
        """See `ViewStore.inbound`."""
        return await self._scans.ask(inbound, wanted, before, limit)

    async def lanes(self, limit: int) -> list[LaneFacts]:
        """See `ViewStore.lanes`."""
        return await self._scans.ask(postback_listing.lanes, limit)

    async def given_up(self, wanted: PostbackFilter, before: int, limit: int) -> PostbackPage:
        """See `ViewStore.given_up`."""
        return await self._scans.ask(postback_listing.given_up, wanted, before, limit)

    async def postback(self, postback_id: int) -> PostbackRow | None:
        """See `ViewStore.postback`."""
        return postback_listing.postback(self._reader, postback_id)

    async def sums(self, wanted: MessageFilter, by: Grouping) -> list[Sum]:
        """See `ViewStore.sums`."""
        bounds = await self._scans.ask(searching.id_bounds, wanted)
        total = sums.Total()
        below = bounds[1]
        while below > bounds[0]:
            part, below = await self._scans.ask(sums.part, wanted, by, (bounds[0], below))
            total.add(part)
        return total.sums()

    async def file_recipients(self, limit: int, open_ids: int) -> int:
        """See `ViewStore.file_recipients`."""
        return await self._writer.call(recipients.file, recipients.Filing(limit, open_ids), messages=limit)


def view(db: apsw.Connection, message_id: int) -> MessageView | None:
    """Gather all that hangs on a message."""
    known = timeline(db, message_id)
    row = first(db, f"SELECT {_ACCEPTED} FROM message WHERE message_id = ?", (message_id,))  # noqa: S608 - constants
    if known is None or row is None:
        return None
    *columns, exempt, parts = row
    postbacks = postback_listing.of_message(db, message_id)
    return MessageView(
        known.message,
        NewMessage(*(*columns, bool(exempt), parts)),
        known.segments,
        postbacks,
        postback_listing.tries(db, [each.postback_id for each in postbacks]),
        known.parts,
    )


def inbound(db: apsw.Connection, wanted: InboundFilter, before: int, limit: int) -> InboundPage:
    """Find messages from handsets, newest first; of one number by the index of conversations."""
    asked: dict[str, object] = {
        "i.sender = ?": wanted.number,
        "i.recipient = ?": wanted.recipient,
        "i.keyword = ?": wanted.keyword,
        "i.link = ?": wanted.link,
        "i.account_id = ?": wanted.account_id,
        "i.received_at >= ?": wanted.since,
        "i.received_at < ?": wanted.until if wanted.until < EVER else 0,
    }
    given = {sql: value for sql, value in asked.items() if value}
    where = "".join(f" AND {sql}" for sql in given)
    if wanted.nobodys:
        where += " AND i.account_id IS NULL"
    end, floor = before or EVER, 0
    if not wanted.number:
        floor = _floor(db, end)
    sql = f"""SELECT {FACTS} FROM inbound i {"" if wanted.number else "NOT INDEXED"}
              WHERE i.inbound_id < ? AND i.inbound_id >= ?{where} ORDER BY i.inbound_id DESC LIMIT ?"""  # noqa: S608 - constants
    rows: list[tuple[Any, ...]] = every(db, sql, (end, floor, *given.values(), limit))
    found = tuple(InboundFacts(*row) for row in rows)
    if len(found) == limit:
        return InboundPage(found, found[-1].inbound_id)
    if not floor:
        return InboundPage(found, 0)
    reached = one(db, "SELECT received_at FROM inbound WHERE inbound_id = ?", (floor,))
    return InboundPage(found, floor, reached)


def _floor(db: apsw.Connection, end: int) -> int:
    """Give the id down to which one page looks; 0 for the first of all."""
    sql = "SELECT inbound_id FROM inbound WHERE inbound_id < ? ORDER BY inbound_id DESC LIMIT 1 OFFSET ?"
    row = first(db, sql, (end, LOOK))
    return 0 if row is None else int(row[0])
