"""How operators see what is pending: by account and endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aldis.store.contract.outbox import MOST_COUNTED, LaneFacts, PostbackFilter, PostbackRow
from aldis.traffic.postback import Place, place_of

#: rows of a place that are looked at for its oldest and its last fault
LOOKED_AT = 200
#: lanes that are looked at in all
MOST_WALKED = 20_000

#: when it happened, when it is due, when it was tried last, what answered, what was wrong
Tried = tuple[int, int, int, int | None, str]


def by_place(counted: Iterable[tuple[str, int]], limit: int) -> list[tuple[Place, dict[str, int]]]:
    """Put lanes (with how many are pending) together that lead to one endpoint for one account."""
    found: dict[Place, dict[str, int]] = {}
    for lane, count in counted:
        found.setdefault(place_of(lane), {})[lane] = count
    return list(found.items())[:limit]


def looked_at(lanes: Mapping[str, int]) -> int:
    """Tell how many rows of each lane of a place to look at, from either end."""
    return max(1, LOOKED_AT // len(lanes))


def facts_of(place: Place, lanes: Mapping[str, int], rows: Sequence[Tried]) -> LaneFacts:
    """Sum up a place: what is due first in its lanes, and what is due last, for that has failed last."""
    if not rows:  # settled between two statements
        return LaneFacts(place.account_id, place.endpoint, 0, 0, 0, None, "")
    last = max(rows, key=lambda row: row[2])
    pending = min(sum(lanes.values()), MOST_COUNTED)
    oldest_at, next_due_at = min(row[0] for row in rows), min(row[1] for row in rows)
    return LaneFacts(place.account_id, place.endpoint, pending, oldest_at, next_due_at, *last[3:])


def wanted_of(lanes: Iterable[str], wanted: PostbackFilter) -> list[str]:
    """Name the lanes that a filter asks for."""
    return [
        lane
        for lane in lanes
        if wanted.lane in ("", place_of(lane).endpoint)
        and wanted.account_id in (0, place_of(lane).account_id)
    ]


def postback_row(row: Sequence[Any]) -> PostbackRow:
    """Read a row whose columns are its fields in order, but for `done`, which stands behind `due_at`, and the
    lane, which is whole.
    """
    first_ids, lane, (*facts, done), others = row[:2], row[2], row[3:-3], row[-3:]
    return PostbackRow(*(*first_ids, place_of(lane).endpoint, *facts, bool(done), *others))
