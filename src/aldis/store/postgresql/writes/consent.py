"""The write of consents: their history, and what follows from it (`store/rules/consent.py`)."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.sms.subscribers import spellings
from aldis.store.postgresql.engine.operations import locking, operation_on_each
from aldis.store.postgresql.engine.texts import escaped
from aldis.store.postgresql.writes import auditing, locks
from aldis.store.rules.consent import Said, follow, is_news_for_others
from aldis.traffic.consent import ConsentChange

_REMEMBER = """
INSERT INTO consent (sender, topic, msisdn, kind, source, words, at, cell)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_IS_LATER = """
SELECT EXISTS (SELECT 1 FROM consent WHERE msisdn = $2 AND sender = $1 AND topic IN ($3, '')
    AND (at > $4 OR at = $4 AND kind = 'opt_out'))"""
#: of all topics where none is named
_SAID = """
SELECT EXISTS (SELECT 1 FROM opt_out WHERE sender = $1 AND msisdn = $2),
       EXISTS (SELECT 1 FROM opt_in WHERE msisdn = $2 AND sender = $1 AND $3 IN ('', topic)),
       coalesce((SELECT source = 'handset' FROM consent WHERE msisdn = $2 AND sender = $1 AND topic = ''
                 ORDER BY entry_id DESC LIMIT 1), false),
       coalesce((SELECT kind = 'opt_out' FROM consent WHERE msisdn = $2 AND sender = $1 AND topic IN ($3, '')
                 ORDER BY entry_id DESC LIMIT 1), false)
"""


@locking(lambda _item: [locks.consenting()])
@operation_on_each
async def change_audited(
    db: asyncpg.Connection, item: tuple[tuple[ConsentChange, ...], AuditEntry | None]
) -> list[bool]:
    """Make changes as `change` does, and remember those that changed anything where somebody makes them by
    hand.
    """
    changes, entry = item
    outcomes = [await change(db, each) for each in changes]
    if entry is not None and any(outcomes):
        await auditing.note(db, [entry])
    return outcomes


async def change(db: asyncpg.Connection, wish: ConsentChange) -> bool:
    """Make a change, under every spelling of its number, so that whoever asks need know one only; tells
    whether it changed anything. Of the transaction's locks one is `consenting`.
    """
    changed = [
        await _change(db, msgspec.structs.replace(wish, msisdn=number)) for number in spellings(wish.msisdn)
    ]
    return any(changed)


async def take(db: asyncpg.Connection, said: ConsentChange, cell: str) -> None:
    """Make a change that was made in another cell, unless something was said later here. As there, the number
    stands under one spelling. Of the transaction's locks one is `consenting`.
    """
    place = escaped(said.sender), escaped(said.msisdn), escaped(said.topic)
    if await db.fetchval(_IS_LATER, *place, said.at):
        await _remember(db, said, cell)
    else:
        await _change(db, said, cell)


async def _remember(db: asyncpg.Connection, said: ConsentChange, cell: str) -> None:
    sender, topic, msisdn = escaped(said.sender), escaped(said.topic), escaped(said.msisdn)
    await db.execute(
        _REMEMBER, sender, topic, msisdn, said.kind, said.source, escaped(said.words), said.at, cell
    )


async def _change(db: asyncpg.Connection, wish: ConsentChange, cell: str = "") -> bool:
    sender, topic, msisdn = escaped(wish.sender), escaped(wish.topic), escaped(wish.msisdn)
    what = follow(wish, Said(*await db.fetchrow(_SAID, sender, msisdn, topic) or ()))
    if what.ends_opt_in:
        sql = "DELETE FROM opt_in WHERE msisdn = $1 AND sender = $2 AND $3 IN ('', topic)"
        await db.execute(sql, msisdn, sender, topic)
    if what.adds_opt_out:
        await db.execute("INSERT INTO opt_out VALUES ($1, $2, $3)", sender, msisdn, wish.at)
    if what.ends_opt_out:
        await db.execute("DELETE FROM opt_out WHERE sender = $1 AND msisdn = $2", sender, msisdn)
    if what.adds_opt_in:
        await db.execute("INSERT INTO opt_in VALUES ($1, $2, $3, $4)", sender, topic, msisdn, wish.at)
    if what.is_remembered:
        await _remember(db, wish, cell)
    if what.is_change and is_news_for_others(wish):
        await db.execute("UPDATE counter SET value = value + 1 WHERE name = 'directory_version'")
    return what.is_change


_SPREAD = """
INSERT INTO consent (sender, topic, msisdn, kind, source, words, at)
SELECT $1, '', said.msisdn, said.kind, said.source, said.words, $3 FROM consent said
WHERE said.entry_id IN (
    SELECT max(c.entry_id) FROM opt_out o CROSS JOIN LATERAL (
        SELECT entry_id FROM consent WHERE consent.msisdn = o.msisdn AND consent.sender = o.sender
            AND consent.topic = '' AND consent.kind = 'opt_out' OFFSET 0) c
    WHERE o.sender = ANY($2::text[]) GROUP BY o.msisdn)
AND NOT EXISTS (SELECT 1 FROM opt_out o WHERE o.sender = $1 AND o.msisdn = said.msisdn)
AND NOT EXISTS (SELECT 1 FROM consent later WHERE later.msisdn = said.msisdn
    AND later.sender = $1 AND later.kind = 'opt_in' AND later.source = 'handset'
    AND later.entry_id > said.entry_id)
RETURNING msisdn
"""


async def spread(db: asyncpg.Connection, senders: Sequence[str], sender: str, now: int) -> None:
    """Opt who has opted out of any of some senders out of another, with the same source and words, unless
    they have come back to that one since. Of the transaction's locks one is `consenting`.
    """
    rows = await db.fetch(_SPREAD, escaped(sender), [escaped(each) for each in senders], now)
    numbers = [row[0] for row in rows]
    sql = "INSERT INTO opt_out SELECT $1, unnest($2::text[]), $3"
    await db.execute(sql, escaped(sender), numbers, now)
    sql = "DELETE FROM opt_in WHERE sender = $1 AND msisdn = ANY($2::text[])"
    await db.execute(sql, escaped(sender), numbers)
