"""What became of stored recipients under the numbering plans of now: those that another release of the
metadata, or another range of the directory, puts into another country, are priced and routed otherwise.
"""

from __future__ import annotations

from contextlib import suppress

import msgspec
import structlog

from aldis.accounts.number_plans import KnownBy, NumberRanges, country_of, known_by
from aldis.errors import TemporaryError
from aldis.store.contract.search import SearchStore

log = structlog.get_logger()

DAY_MS = 86_400_000
#: how far back one looks
DAYS = 30


class CountryChange(msgspec.Struct):
    """Numbers that were of one country and are of another now."""

    was: str
    now: str
    count: int = 0
    #: one of them
    example: str = ""


class Review(msgspec.Struct):
    """What a look found."""

    numbers: int = 0
    moves: dict[tuple[str, str], CountryChange] = {}
    #: by country: numbers that nothing knows to be in use
    unknown: dict[str, int] = {}


async def review(
    search: SearchStore,
    ranges: NumberRanges,
    now: int,
    *,
    parts: int | None = None,
    with_unknown: bool = False,
) -> Review:
    """Read the recipients of the last days again. `parts`: so many parts of them, the newest; None: all.
    A number that several parts hold counts in each. `with_unknown`: also tell which are unknown, which takes
    tens of microseconds each.
    """
    found = Review()
    async for part in search.recipients(now - DAYS * DAY_MS):
        found.numbers += len(part)
        for msisdn, was in part:
            country = country_of(msisdn, ranges)
            if country != was:
                move = found.moves.setdefault((was, country), CountryChange(was, country, example=msisdn))
                move.count += 1
            if with_unknown and known_by(msisdn, ranges) is KnownBy.LENGTH:
                found.unknown[country] = found.unknown.get(country, 0) + 1
        parts = None if parts is None else parts - 1
        if parts == 0:
            break
    return found


async def warn_of_moves(search: SearchStore, ranges: NumberRanges, now: int) -> None:
    """Log which of the newest recipients are of other countries than they were: after an upgrade, mostly. A
    store that cannot tell now is not asked again.
    """
    found = Review()
    with suppress(TemporaryError):
        found = await review(search, ranges, now, parts=1)
    for move in found.moves.values():
        log.warning(
            "recipients are read as of another country now: aldis doctor --numbers tells all",
            was=move.was,
            now=move.now,
            count=move.count,
        )
