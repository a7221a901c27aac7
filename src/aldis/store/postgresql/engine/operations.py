"""What may be written: operations, functions that work on a list of items inside an open transaction.

    @operation(rank=2)
    async def note(db: asyncpg.Connection, items: list[Note]) -> list[None]:
        await db.execute("INSERT INTO note SELECT * FROM unnest($1::bigint[], $2::text[])", ...)

Rules for all of them:

- One result for each item, in order; statements as sets (`unnest` of arrays, COPY above some hundred rows).
- Rows that another transaction may also write (keys, accounts, conversations) are taken in sorted order, or
  two gateways wait for each other until one is refused. What must not run beside each other and shares no row
  declares locks (`locking`), which a transaction takes before anything else, all sorted.
- What it reads may be changed by others before it writes, unless it locks it (`FOR UPDATE`, `ON CONFLICT`).
- It may be run again after a rollback, so it changes nothing outside of its transaction. It neither begins
  nor ends one, and sets no time limit of the driver's (`timeout=`).
- What it raises fails the whole transaction, which is then run again in halves until the guilty is alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

import asyncpg

Item = TypeVar("Item")
Result = TypeVar("Result")

Run = Callable[[asyncpg.Connection, list[Item]], Awaitable[list[Result]]]


class Lock(NamedTuple):
    """A transaction advisory lock, which names what is locked by two numbers of 32 bits."""

    kind: int
    key: int
    #: beside others that share it
    is_shared: bool


@dataclass(frozen=True, slots=True, eq=False)
class Operation(Generic[Item, Result]):
    """One kind of write."""

    run: Run[Item, Result]
    #: those of a lower rank run first when they meet in one transaction
    rank: int
    #: what an item must not be written beside
    locks: Callable[[Item], Iterable[Lock]] | None = None

    async def __call__(self, db: asyncpg.Connection, items: list[Item]) -> list[Result]:
        """Run as a part of another operation, which declares this one's locks besides its own."""
        return await self.run(db, items)


#: an operation and one item for it
Call = tuple[Operation[Any, Any], Any]

_RANK = attrgetter("rank")


def operation(*, rank: int = 0) -> Callable[[Run[Item, Result]], Operation[Item, Result]]:
    """Make a function of a list of items an operation."""
    return lambda run: Operation(run, rank)


def operation_on_each(
    run_one: Callable[[asyncpg.Connection, Item], Awaitable[Result]],
) -> Operation[Item, Result]:
    """Make a function of one item an operation: it runs for one item after the other."""

    async def _run(db: asyncpg.Connection, items: list[Item]) -> list[Result]:
        return [await run_one(db, item) for item in items]

    return Operation(_run, 0)


def locking(
    locks: Callable[[Item], Iterable[Lock]],
) -> Callable[[Operation[Item, Result]], Operation[Item, Result]]:
    """Have a transaction begin with an operation's locks of all its items."""
    return lambda operation: replace(operation, locks=locks)


def locks_of(calls: Sequence[Call]) -> str:
    """Write the statement that takes the locks of all calls in one order, or nothing: sharing one first and
    having it alone later would wait for whoever does the same.
    """
    wanted: dict[tuple[int, int], bool] = {}
    for each, item in calls:
        if each.locks is not None:
            for kind, key, is_shared in each.locks(item):
                wanted[kind, key] = is_shared and wanted.get((kind, key), True)
    taken = [
        f"pg_advisory_xact_lock{'_shared' if wanted[place] else ''}({place[0]:d}, {place[1]:d})"
        for place in sorted(wanted)
    ]
    return f"SELECT {', '.join(taken)}; " if taken else ""


async def run_calls(db: asyncpg.Connection, calls: Sequence[Call]) -> list[Any]:
    """Run calls in the open transaction, those of one operation together; gives a result for each."""
    groups: dict[Operation[Any, Any], list[int]] = {}
    for position, (each, _) in enumerate(calls):
        groups.setdefault(each, []).append(position)
    results: list[Any] = [None] * len(calls)
    for each in sorted(groups, key=_RANK):
        positions = groups[each]
        found = await each.run(db, [calls[position][1] for position in positions])
        for position, result in zip(positions, found, strict=True):
            results[position] = result
    return results
