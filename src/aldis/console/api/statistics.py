"""/v1/statistics: sums over the kept messages, by one thing at a time."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from aldis.console.api.written import as_json, instant
from aldis.console.page import Call, Page, Visit
from aldis.operating import asking
from aldis.operating.statistics import Row, ends
from aldis.store.views import Grouping


class StatisticsTable(msgspec.Struct, frozen=True):
    """Sums of a time."""

    by: str
    since: str | None
    until: str | None
    rows: list[Row]


async def _table(visit: Visit) -> Response:
    desk, given, now = visit.desk, visit.request.query_params, visit.desk.clock.now()
    by = visit.query("by", Grouping.DAY)
    wanted = asking.messages_wanted(given, desk.messages.directory, now)
    wanted, rows = await desk.statistics.table(wanted, by, now)
    return as_json(StatisticsTable(by, instant(wanted.since), instant(ends(wanted, now)), rows))


PAGES = (Page("/v1/statistics", _table, call=Call(summary="Sum messages up", gives=StatisticsTable)),)
