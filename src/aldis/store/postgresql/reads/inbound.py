"""The reads of messages from handsets for those who look: customers and operators."""

from __future__ import annotations

import asyncpg

from aldis.store.contract.search import EVER, InboundFilter, InboundPage
from aldis.store.postgresql.reads.conditions import conditions
from aldis.store.postgresql.reads.facts import INBOUND_FACTS, inbound_facts
from aldis.store.postgresql.reads.walking import WalkedTable, walk
from aldis.traffic.inbound import InboundFacts

_WALKED = WalkedTable("inbound", "inbound_id", f"SELECT {INBOUND_FACTS} FROM inbound i")  # noqa: S608 - the columns are a constant
#: by the index of accounts also where that is NULL, which `IS NOT DISTINCT FROM` is not
_OF = "{} AND i.received_at >= $1 AND i.received_at < $2"
_NOBODYS, _ACCOUNTS = _OF.format("i.account_id IS NULL"), _OF.format("i.account_id = $3")


async def find(
    db: asyncpg.Connection, account_id: int | None, since: int, until: int, page: tuple[int, int]
) -> tuple[list[InboundFacts], int]:
    """Give a page (offset, limit) of an account's messages of a time, newest first, and how many there are in
    all; with None nobody's.
    """
    where, whose = (_NOBODYS, ()) if account_id is None else (_ACCOUNTS, (account_id,))
    bindings = (since, until, *whose)
    total = await db.fetchval(f"SELECT count(*) FROM inbound i WHERE {where}", *bindings)  # noqa: S608 - constants
    number = len(bindings)
    sql = f"""SELECT {INBOUND_FACTS} FROM inbound i WHERE {where}
              ORDER BY i.received_at DESC, i.inbound_id DESC OFFSET ${number + 1} LIMIT ${number + 2}"""  # noqa: S608 - constants
    rows = await db.fetch(sql, *bindings, *page)
    return [inbound_facts(row[:]) for row in rows], total


async def search(db: asyncpg.Connection, wanted: InboundFilter, before: int, limit: int) -> InboundPage:
    """Find messages from handsets, newest first; of one number by the index of conversations."""
    asked: dict[str, object] = {
        "i.sender = {}": wanted.number,
        "i.recipient = {}": wanted.recipient,
        "i.keyword = {}": wanted.keyword,
        "i.link = {}": wanted.link,
        "i.account_id = {}": wanted.account_id,
        "i.received_at >= {}": wanted.since,
        "i.received_at < {}": wanted.until if wanted.until < EVER else 0,
        "(i.account_id IS NULL) = {}": wanted.nobodys,
    }
    end, reached = before or EVER, 0
    if wanted.number:
        where = conditions(asked, 3)
        sql = f"{_WALKED.select} WHERE i.inbound_id < $1{where.sql} ORDER BY i.inbound_id DESC LIMIT $2"
        rows = await db.fetch(sql, end, limit, *where.bindings)
    else:
        rows, reached = await walk(db, _WALKED, conditions(asked, 4), (0, end), limit)
    listed = [inbound_facts(row[:]) for row in rows]
    found = tuple(sorted(listed, key=lambda each: (each.received_at, each.inbound_id), reverse=True))
    if len(found) == limit:
        return InboundPage(found, listed[-1].inbound_id)
    if not reached:
        return InboundPage(found, 0)
    at = "SELECT received_at FROM inbound WHERE inbound_id >= $1 ORDER BY inbound_id LIMIT 1"
    return InboundPage(found, reached, await db.fetchval(at, reached))
