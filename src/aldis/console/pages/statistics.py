"""Statistics: sums over the kept messages by day, account, sender, country, link or label; also as a file."""

from __future__ import annotations

from starlette.responses import Response

from aldis.admin import query_params
from aldis.admin.csv_export import statistics_lines
from aldis.admin.statistics import StatisticsRow, ends, total
from aldis.console.page import Page, RequestContext, render
from aldis.console.pages.listing import address, as_file, asked
from aldis.errors import AdminError
from aldis.store.contract.search import Grouping, MessageFilter

FIELDS = ("by", "account", "sender", "country", "link", "label", "since", "until")
TIMES = (("24 hours", "24h"), ("7 days", "7d"), ("30 days", "30d"), ("90 days", "90d"))
_NOTHING = MessageFilter()


async def _show(context: RequestContext) -> Response:
    services, given = context.services, asked(context, *FIELDS)
    given["by"] = given["by"] or Grouping.DAY
    fault, wanted = "", _NOTHING
    rows: list[StatisticsRow] = []
    try:
        wanted, rows = await _table(context, given)
    except AdminError as problem:
        fault = str(problem)
    return render(
        context,
        "statistics_table.html" if context.is_htmx else "statistics.html",
        status=422 if fault and not context.is_htmx else 200,
        given=given,
        fault=fault,
        rows=rows,
        total=total(rows),
        since=wanted.since,
        until=ends(wanted, context.now),
        groupings=[(each, address("/statistics", {**given, "by": each})) for each in Grouping],
        times=[(word, address("/statistics", {**given, "since": ago, "until": ""})) for word, ago in TIMES],
        export=address("/statistics.csv", given),
        accounts=sorted(services.messages.directory.accounts),
        links=services.messages.links,
    )


async def _export(context: RequestContext) -> Response:
    given = asked(context, *FIELDS)
    given["by"] = given["by"] or Grouping.DAY
    _, rows = await _table(context, given)
    return as_file(statistics_lines(given["by"], rows), "statistics.csv")


async def _table(context: RequestContext, given: dict[str, str]) -> tuple[MessageFilter, list[StatisticsRow]]:
    services, now = context.services, context.now
    wanted = query_params.messages_wanted(given, services.messages.directory, now)
    return await services.statistics.table(wanted, given["by"], now)


PAGES = (Page("/statistics", _show), Page("/statistics.csv", _export))
