"""Sums over the messages that are kept: by day, account, sender, country, link, label."""

from __future__ import annotations

import msgspec

from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.price import from_micros
from aldis.clock import as_datetime
from aldis.errors import AdminError
from aldis.store.contract.search import EVER, Grouping, MessageFilter, SearchStore

DAY_S = 86_400
#: a time that is not told begins so long ago
USUAL_MS = 7 * DAY_S * 1000
LONGEST_MS = 366 * DAY_S * 1000
WORDS = ", ".join(Grouping)


class StatisticsRow(msgspec.Struct, frozen=True):
    """One line of the table."""

    #: a day, an account, a sender …; "" where messages have no label
    key: str
    accepted: int
    delivered: int
    #: ended without being delivered, in doubt too
    failed: int
    segments: int
    #: by currency, in decimal
    money: dict[str, str]


class Statistics:
    """Sums up."""

    def __init__(self, store: SearchStore, current: CurrentDirectory, most_labels: int) -> None:
        """`most_labels`: or senders, of one account, that are told one by one."""
        self._store = store
        self._current = current
        self._most_labels = most_labels

    async def table(
        self, wanted: MessageFilter, by: str, now: int
    ) -> tuple[MessageFilter, list[StatisticsRow]]:
        """Sum up messages; the most first, days in their order. Also gives what was summed up, with its time.

        Raises AdminError where the time is too long.
        """
        if by not in tuple(Grouping):
            raise AdminError(f"by is one of {WORDS}")
        if not wanted.since:
            since = max(1, min(now, wanted.until) - USUAL_MS)
            wanted = msgspec.structs.replace(wanted, since=since)
        if min(now, wanted.until) - wanted.since > LONGEST_MS:
            raise AdminError("that is more than a year; ask for less at once")
        grouping = Grouping(by)
        accounts = self._current.directory.accounts_by_id
        rows: dict[str, tuple[int, int, int, int]] = {}
        money: dict[str, dict[str, int]] = {}
        for each in await self._store.sums(wanted, grouping, self._most_labels):
            account = accounts.get(each.account_id)
            name = f"account {each.account_id}" if account is None else account.name
            key = _named(grouping, each.key, name)
            known = rows.get(key, (0, 0, 0, 0))
            rows[key] = (
                known[0] + each.accepted,
                known[1] + each.delivered,
                known[2] + each.failed,
                known[3] + each.segments,
            )
            purse, currency = money.setdefault(key, {}), "?" if account is None else account.currency
            purse[currency] = purse.get(currency, 0) + each.micros
        found = [
            StatisticsRow(
                key, *counts, money={name: from_micros(micros) for name, micros in sorted(money[key].items())}
            )
            for key, counts in rows.items()
        ]
        if grouping is Grouping.DAY:
            return wanted, sorted(found, key=lambda row: row.key, reverse=True)
        return wanted, sorted(found, key=lambda row: (-row.accepted, row.key))


def total(rows: list[StatisticsRow]) -> tuple[int, int, int, int]:
    """Add the counts up: accepted, delivered, failed, segments."""
    return (
        sum(row.accepted for row in rows),
        sum(row.delivered for row in rows),
        sum(row.failed for row in rows),
        sum(row.segments for row in rows),
    )


def ends(wanted: MessageFilter, now: int) -> int:
    """Tell when the time that is summed up ends."""
    return wanted.until if wanted.until < EVER else now


def _named(by: Grouping, key: str | int, account: str) -> str:
    if by is Grouping.ACCOUNT:
        return account
    if by is Grouping.DAY:
        return as_datetime(int(key) * DAY_S * 1000).strftime("%Y-%m-%d")
    return str(key)
