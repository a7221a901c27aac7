"""Implements `SearchStore`: what may scan in a thread of the operators' own, points on the loop."""

from __future__ import annotations

from collections.abc import AsyncIterator

import apsw

from aldis.store.contract.search import (
    EVER,
    MOST_AHEAD,
    NAMED_FREELY,
    Ahead,
    Grouping,
    InboundFilter,
    InboundPage,
    MessageFilter,
    MessageView,
    Sum,
)
from aldis.store.rules.sums import Total
from aldis.store.sqlite.engine.rows import (
    MESSAGE_FACTS,
    conditions,
    every,
    first,
    may,
    message_facts,
    one,
    whole,
)
from aldis.store.sqlite.reads import postback_listing, recipients, searching
from aldis.store.sqlite.reads.inbound import FACTS
from aldis.store.sqlite.reads.poison import set_aside_of
from aldis.store.sqlite.reads.walking import WalkedTable, walk
from aldis.store.sqlite.stores.connections import Connections, in_a_thread, on_the_loop
from aldis.traffic.content import from_column
from aldis.traffic.inbound import InboundFacts
from aldis.traffic.message import NewMessage, SegmentFacts
from aldis.traffic.states import Event

#: it is looked at no more once it has ended
_ACCEPTED = ", ".join(NewMessage.__struct_fields__).replace("review_at", "ifnull(review_at, 0)")
_INBOUND = WalkedTable("inbound", "inbound_id", f"SELECT {FACTS} FROM inbound i")  # noqa: S608 - the columns are a constant
#: what MessageFacts and NewMessage hold
_FACTS_COUNT = MESSAGE_FACTS.count(",") + 1
_MESSAGE = f"SELECT {MESSAGE_FACTS}, {_ACCEPTED} FROM message m WHERE message_id = ? AND {whole('m')}"  # noqa: S608 - constants
_SEGMENTS = """
SELECT number, smsc_message_id, submitted_at, state, error_code, receipt_at FROM segment
WHERE message_id = ? ORDER BY number
"""


def _view(db: apsw.Connection, message_id: int) -> MessageView | None:
    """Gather all that hangs on a message."""
    row = first(db, _MESSAGE, (message_id,))
    if row is None:
        return None
    *columns, exempt, parts = row[_FACTS_COUNT:]
    postbacks = postback_listing.of_message(db, message_id)
    return MessageView(
        message_facts(row[:_FACTS_COUNT]),
        NewMessage(*(*columns, bool(exempt), parts)),
        tuple(SegmentFacts(*segment) for segment in every(db, _SEGMENTS, (message_id,))),
        postbacks,
        postback_listing.tries(db, [each.postback_id for each in postbacks]),
        from_column(parts),
        one(db, "SELECT doubts FROM message WHERE message_id = ?", (message_id,)),
        set_aside_of(db, message_id),
    )


def _inbound(db: apsw.Connection, wanted: InboundFilter, before: int, limit: int) -> InboundPage:
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
    where, bindings = conditions(asked)
    if wanted.nobodys:
        where += " AND i.account_id IS NULL"
    end, reached = before or EVER, 0
    if wanted.number:
        sql = f"{_INBOUND.select} WHERE i.inbound_id < ?{where} ORDER BY i.inbound_id DESC LIMIT ?"
        rows = every(db, sql, (end, *bindings, limit))
    else:
        rows, reached = walk(db, _INBOUND, (where, bindings), (0, end), limit)
    listed = [InboundFacts(*row) for row in rows]
    found = tuple(sorted(listed, key=lambda each: (each.received_at, each.inbound_id), reverse=True))
    if len(found) == limit:
        return InboundPage(found, listed[-1].inbound_id)
    if not reached:
        return InboundPage(found, 0)
    at = "SELECT received_at FROM inbound WHERE inbound_id >= ? ORDER BY inbound_id LIMIT 1"
    return InboundPage(found, reached, one(db, at, (reached,)))


def _ahead(db: apsw.Connection, link: str, priority: int, due_at: int, now: int) -> Ahead:
    """Count from the claim index."""
    waits = f"SELECT 1 FROM message WHERE {may(Event.CLAIMED)} AND {whole()} AND link = ?"  # noqa: S608 - the table's states
    limited = "SELECT count(*) FROM ({} LIMIT {})".format
    urgent = limited(f"{waits} AND priority > ? AND due_at <= ?", MOST_AHEAD)
    earlier = limited(f"{waits} AND priority = ? AND due_at < ?", MOST_AHEAD)
    return Ahead(
        one(db, urgent, (link, priority, now)), one(db, earlier, (link, priority, min(due_at, now + 1)))
    )


class SqliteSearch(Connections):
    """Operators must keep neither the gateway nor customers waiting, so `scans` are their own."""

    messages = in_a_thread(searching.search)
    message = on_the_loop(_view)
    ahead = in_a_thread(_ahead)
    inbound = in_a_thread(_inbound)

    async def recipients(self, since: int) -> AsyncIterator[list[tuple[str, str]]]:
        begin, below = await self.scans.ask(searching.id_bounds, MessageFilter(since=since))
        while below > begin:
            part, below = await self.scans.ask(recipients.of_messages, (begin, below))
            if part:
                yield part

    async def sums(self, wanted: MessageFilter, by: Grouping, most: int) -> list[Sum]:
        bounds = await self.scans.ask(searching.id_bounds, wanted)
        total = Total(most if by in NAMED_FREELY else None)
        below = bounds[1]
        while below > bounds[0]:
            part, below = await self.scans.ask(searching.sum_part, wanted, by, (bounds[0], below))
            total.add(part)
        return total.sums()
