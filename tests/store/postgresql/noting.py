"""Writes of the tests' own, into the audit log."""

from __future__ import annotations

import asyncio

import asyncpg
import msgspec

from aldis.store.postgresql.engine.operations import operation, operation_on_each

_NOTE = """
INSERT INTO audit (at, actor, via, action, subject, detail)
SELECT 0, '', '', '', unnest($1::text[]), ''"""


@operation(rank=1)
async def note(db: asyncpg.Connection, items: list[str]) -> list[int]:
    """Keep texts; gives how many were kept together."""
    await db.execute(_NOTE, items)
    return [len(items)] * len(items)


class Halting(msgspec.Struct, eq=False):
    """A write that halts in the middle of its transaction."""

    text: str
    #: set when it has written, and has still to go on
    has_begun: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    may_end: asyncio.Event = msgspec.field(default_factory=asyncio.Event)


@operation_on_each
async def note_slowly(db: asyncpg.Connection, halting: Halting) -> None:
    """Keep a text, and end when that is allowed."""
    await note(db, [halting.text])
    halting.has_begun.set()
    await halting.may_end.wait()


async def noted(db: asyncpg.Connection) -> list[str]:
    """Give what was kept."""
    return [row["subject"] for row in await db.fetch("SELECT subject FROM audit ORDER BY entry_id")]
