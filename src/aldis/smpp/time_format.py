"""Points and spans of time as SMPP writes them: `YYMMDDhhmmsstnnp`. Pure.

`t` is tenths of a second, `nn` the distance from UTC in quarters of an hour, `p` its sign, or R for a span
from the SMSC's own now. Source: SMPP v3.4 §7.1.1.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_WRITTEN = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)(\d\d)([-+R])", re.ASCII)
#: a year and a month of a span, which the specification leaves open
YEAR_DAYS, MONTH_DAYS = 365, 30
DAY_S = 86_400
QUARTER_MINUTES = 15
MAX_SPAN_DAYS = 99 * YEAR_DAYS


def absolute(moment: datetime) -> str:
    """Write a point in time, in UTC. Source: SMPP v3.4 §7.1.1.1."""
    utc = moment.astimezone(UTC)
    return f"{utc:%y%m%d%H%M%S}{utc.microsecond // 100_000}00+"


def relative(seconds: int) -> str:
    """Write a span in whole seconds, at most 99 years; days are counted in months of 30. Source: SMPP v3.4
    §7.1.1.2.
    """
    days, rest = divmod(max(0, seconds), DAY_S)
    years, days = divmod(min(days, MAX_SPAN_DAYS), YEAR_DAYS)
    months, days = divmod(days, MONTH_DAYS)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{years:02d}{months:02d}{days:02d}{hours:02d}{minutes:02d}{rest:02d}000R"


def read(text: str, now: datetime) -> datetime | None:
    """Read either form as a point in time; None for "" and for what is no time at all.

    Two-digit years are of this century.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, tenth, quarters = map(int, found.groups()[:8])
    sign = found[9]
    try:
        if sign == "R":
            days = year * YEAR_DAYS + month * MONTH_DAYS + day
            return now + timedelta(days=days, hours=hour, minutes=minute, seconds=second)
        offset = timedelta(minutes=QUARTER_MINUTES * quarters) * (-1 if sign == "-" else 1)
        zone = timezone(offset)
        return datetime(2000 + year, month, day, hour, minute, second, tenth * 100_000, zone)
    except (ValueError, OverflowError):
        return None
