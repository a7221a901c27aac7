"""What may be written: operations, functions that work on a list of items inside an open transaction.

    @operation(rank=2)
    async def note(db: asyncpg.Connection, items: list[Note]) -> list[None]:
        await db.execute("INSERT INTO note SELECT * FROM unnest($1::bigint[], $2::text[])", ...)

Rules for all of them:

- One result for each item, in order; statements as sets (`unnest` of arrays, COPY above some hundred rows).
- Rows that another transaction may also write (keys, accounts, conversations) are taken in sorted order, or
  two gateways wait for each other until one is refused.
- What it reads may be changed by others before it writes, unless it locks it (`FOR UPDATE`, `ON CONFLICT`).
- It may be run again after a rollback, so it changes nothing outside of its transaction. It neither begins
  nor ends one, and sets no time limit of the driver's (`timeout=`).
- What it raises fails the whole transaction, which is then run again in halves until the guilty is alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

import asyncpg

Item = TypeVar("Item")
Result = TypeVar("Result")

Run = Callable[[asyncpg.Connection, list[Item]], Awaitable[list[Result]]]


@dataclass(frozen=True, slots=True, eq=False)
class Operation(Generic[Item, Result]):
    """One kind of write."""

    run: Run[Item, Result]
    #: those of a lower rank run first when they meet in one transaction
    rank: int

    async def __call__(self, db: asyncpg.Connection, items: list[Item]) -> list[Result]:
        """Run as a part of another operation."""
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
