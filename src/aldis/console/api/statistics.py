"""/v1/statistics: sums over the kept messages, by one thing at a time."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from aldis.admin import query_params
from aldis.admin.statistics import StatisticsRow, ends
from aldis.clock import iso_or_none
from aldis.console.api.documents import answer
from aldis.console.page import Calls, RequestContext
from aldis.store.contract.search import Grouping


class StatisticsTable(msgspec.Struct, frozen=True):
    """Sums of a time."""

    by: str
    since: str | None
    until: str | None
    rows: list[StatisticsRow]


CALLS = Calls()
_ASKED = dict.fromkeys(("by", *query_params.MESSAGE_FIELDS), "as the console's page takes it")


@CALLS.add("GET", "/v1/statistics", "Sum messages up", gives=StatisticsTable, query=_ASKED)
async def _table(context: RequestContext) -> Response:
    services, given, now = context.services, context.request.query_params, context.now
    by = context.query("by", Grouping.DAY)
    wanted = query_params.messages_wanted(given, services.messages.directory, now)
    wanted, rows = await services.statistics.table(wanted, by, now)
    return answer(StatisticsTable(by, iso_or_none(wanted.since), iso_or_none(ends(wanted, now)), rows))
