"""What follows from one try at a postback: done, again later, or a dead letter. Pure."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

from aldis.dialects.contract import RetrySchedule
from aldis.stages.postbacks.channel import Answer
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, PostbackResult

_seconds = re.compile(r"\d{1,9}(?=$|\.\d+$)").match


def next_try(
    schedule: RetrySchedule, due: DuePostback | DueInbound, answer: Answer, now: int
) -> PostbackResult:
    """Judge an answer by the dialect's rules; `due.attempts` counts the tries before this one.

    An endpoint that names a time (Retry-After) is not asked before, as long as the dialect would try at all:
    the next try is no later than the last one of the schedule would be.
    """
    if answer.status is not None and schedule.taken(answer.status):
        return PostbackResult(due.postback_id, now, answer.status, "", None, done=True)
    fault = answer.fault or f"HTTP {answer.status}"
    waits_s = schedule.waits_s[due.attempts :]
    if not waits_s or answer.status in schedule.ends:
        return PostbackResult(due.postback_id, now, answer.status, fault, None, done=False)
    wait_ms = min(max(waits_s[0] * 1000, asked_ms(answer.retry_after, now)), sum(waits_s) * 1000)
    return PostbackResult(due.postback_id, now, answer.status, fault, now + wait_ms, done=False)


def asked_ms(retry_after: str, now: int) -> int:
    """Read for how long an endpoint wants to be left alone: seconds, or a date; 0 for what is neither.
    Source: RFC 9110 §10.2.3.
    """
    if not retry_after:
        return 0
    if found := _seconds(retry_after):
        return int(found[0]) * 1000
    try:
        date = parsedate_to_datetime(retry_after)
        date = date if date.tzinfo else date.replace(tzinfo=UTC)  # asctime's says no zone
    except (ValueError, OverflowError):
        return 0
    return max(0, int(date.timestamp() * 1000) - now)
