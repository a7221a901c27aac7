"""Sums up messages by something, one part of their ids at a time: other looks have their turn between."""

from __future__ import annotations

from typing import Any

import apsw

from aldis.store.contract.search import Grouping, MessageFilter, Sum
from aldis.store.sqlite.engine.rows import every, one
from aldis.store.sqlite.reads.queries import USED
from aldis.store.sqlite.reads.searching import where_of
from aldis.traffic.states import ENDED, State

#: ids of one part; some 70 ms
PART = 65_536
DAY_MS = 86_400_000

_KEYS = {
    Grouping.DAY: f"m.accepted_at / {DAY_MS}",
    Grouping.ACCOUNT: "m.account_id",
    Grouping.SENDER: "m.sender",
    Grouping.COUNTRY: "m.country",
    Grouping.LINK: "m.link",
    Grouping.LABEL: "m.label",
}
_FAILED = ", ".join(f"'{state.value}'" for state in sorted(ENDED - {State.DELIVERED}))

#: key and account → accepted, delivered, failed, segments, micros
Part = list[tuple[str | int, int, int, int, int, int, int]]


class Total:
    """Adds parts up."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str | int, int], list[int]] = {}

    def add(self, part: Part) -> None:
        """Add a part."""
        for key, account_id, *counts in part:
            known = self._sums.setdefault((key, account_id), [0] * len(counts))
            for position, count in enumerate(counts):
                known[position] += count

    def sums(self) -> list[Sum]:
        """Give what there is in all, by key and account."""
        return [Sum(key, account_id, *counts) for (key, account_id), counts in sorted(self._sums.items())]


def part(
    db: apsw.Connection, wanted: MessageFilter, by: Grouping, bounds: tuple[int, int]
) -> tuple[Part, int]:
    """Sum up the newest messages of some ids, and give where the next part ends: at `bounds[0]` at last."""
    begin, end = bounds
    top = one(db, "SELECT ifnull(max(message_id), -1) FROM message WHERE message_id < ?", (end,))
    if top < begin:
        return [], begin
    low = max(begin, top - PART + 1)
    where, key = where_of(wanted), _KEYS[by]
    sql = f"""
        SELECT {key}, m.account_id, count(*), sum(m.state = '{State.DELIVERED.value}'),
               sum(m.state IN ({_FAILED})), sum(m.segments), sum(m.price_micros * {USED})
        FROM message m NOT INDEXED WHERE m.message_id >= ? AND m.message_id <= ?{where.sql} GROUP BY 1, 2
    """  # noqa: S608 - constants
    rows: list[Any] = every(db, sql, (low, top, *where.bindings))
    return rows, low
