"""Writes what operators export as CSV, so that no spreadsheet takes a cell for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable

from aldis.accounts.price import from_micros
from aldis.admin.bulk import Bulk
from aldis.admin.messages import Messages
from aldis.admin.statistics import StatisticsRow
from aldis.clock import as_datetime
from aldis.store.contract.search import MessageFilter
from aldis.traffic.bulk import Job

MESSAGE_COLUMNS = (
    "message_id", "accepted_at", "account", "dialect", "reference", "sender", "recipient", "country", "link",
    "label", "segments", "price", "state", "reason", "attempts", "sent_at", "ended_at",
)  # fmt: skip

#: refused rows that are read from the store at once
REFUSED_AT_ONCE = 1000

#: where spreadsheets see a formula begin, behind white space and quotes too, the wide ones as well:
#: at the beginning of a cell, and behind whatever a spreadsheet may take for a separator
_FORMULA = re.compile(r"(^|[,;|\t\r\n])(?=[\s\"']*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n])")


def row(cells: Iterable[object]) -> str:
    """Write one line, its end included."""
    return _as_it_is([cell(each) for each in cells])


def _as_it_is(cells: Iterable[object]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()


def cell(value: object) -> object:
    """Make untrusted text harmless: what could be a formula gets an apostrophe before it."""
    return _FORMULA.sub(r"\1'", value) if isinstance(value, str) else value


async def message_lines(messages: Messages, wanted: MessageFilter) -> AsyncIterator[str]:
    """Write a search, line by line as it is read."""
    yield row(MESSAGE_COLUMNS)
    async for found in messages.export(wanted):
        message = found.message
        yield row(
            (
                message.message_id,
                _when(message.accepted_at),
                messages.account_name(message.account_id),
                message.dialect,
                message.reference,
                message.sender,
                message.recipient,
                message.country,
                message.link,
                found.label,
                message.segments,
                from_micros(message.price_micros * message.segments),
                message.state.value,
                message.reason,
                message.attempts,
                _when(message.sent_at),
                _when(message.ended_at),
            )
        )


async def refused_lines(bulk: Bulk, job: Job) -> AsyncIterator[str]:
    """Write the rows of a job that were refused as they came, with why behind them: mended, they can be sent
    again.
    """
    yield _as_it_is((*job.columns, "why"))
    after, width = 0, len(job.columns)
    while rows := await bulk.refused(job.job_id, after, REFUSED_AT_ONCE):
        for each in rows:
            yield _as_it_is((*each.cells, *[""] * (width - len(each.cells)), each.fault))
        after = rows[-1].number


async def statistics_lines(by: str, rows: list[StatisticsRow]) -> AsyncIterator[str]:
    """Write sums, a line for each currency."""
    yield row((by, "accepted", "delivered", "failed", "segments", "currency", "money"))
    for each in rows:
        for currency, money in each.money.items():
            yield row((each.key, each.accepted, each.delivered, each.failed, each.segments, currency, money))


def _when(instant: int) -> str:
    return as_datetime(instant).isoformat(timespec="milliseconds") if instant else ""
