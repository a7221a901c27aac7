"""Statistics: sums over the kept messages by day, account, sender, country, link or label; also as a file."""

from __future__ import annotations

from starlette.responses import Response

from aldis.console.page import Page, Visit, render
from aldis.console.pages.listing import address, as_file, asked
from aldis.errors import OperatingError
from aldis.operating import asking
from aldis.operating.statistics import Row, ends, total
from aldis.operating.tables import statistics_lines
from aldis.store.views import Grouping, MessageFilter

FIELDS = ("by", "account", "sender", "country", "link", "label", "since", "until")
TIMES = (("24 hours", "24h"), ("7 days", "7d"), ("30 days", "30d"), ("90 days", "90d"))
_NOTHING = MessageFilter()


async def _show(visit: Visit) -> Response:
    desk, given = visit.desk, asked(visit, *FIELDS)
    given["by"] = given["by"] or Grouping.DAY
    fault, wanted = "", _NOTHING
    rows: list[Row] = []
    try:
        wanted, rows = await _table(visit, given)
    except OperatingError as problem:
        fault = str(problem)
    return render(
        visit,
        "statistics_table.html" if visit.is_htmx else "statistics.html",
        status=422 if fault and not visit.is_htmx else 200,
        given=given,
        fault=fault,
        rows=rows,
        total=total(rows),
        since=wanted.since,
        until=ends(wanted, desk.clock.now()),
        groupings=[(each, address("/statistics", {**given, "by": each})) for each in Grouping],
        times=[(word, address("/statistics", {**given, "since": ago, "until": ""})) for word, ago in TIMES],
        export=address("/statistics.csv", given),
        accounts=sorted(desk.messages.directory.accounts),
        links=desk.messages.links,
    )


async def _export(visit: Visit) -> Response:
    given = asked(visit, *FIELDS)
    given["by"] = given["by"] or Grouping.DAY
    _, rows = await _table(visit, given)
    return as_file(statistics_lines(given["by"], rows), "statistics.csv")


async def _table(visit: Visit, given: dict[str, str]) -> tuple[MessageFilter, list[Row]]:
    desk, now = visit.desk, visit.desk.clock.now()
    wanted = asking.messages_wanted(given, desk.messages.directory, now)
    return await desk.statistics.table(wanted, given["by"], now)


PAGES = (Page("/statistics", _show), Page("/statistics.csv", _export))
