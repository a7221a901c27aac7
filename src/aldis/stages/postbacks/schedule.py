"""What follows from one try at a postback: done, again later, or a dead letter. Pure."""

from __future__ import annotations

from aldis.dialects.contract import RetrySchedule
from aldis.stages.postbacks.channel import Answer
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, PostbackResult


def next_try(
    schedule: RetrySchedule, due: DuePostback | DueInbound, answer: Answer, now: int
) -> PostbackResult:
    """Judge an answer by the dialect's rules; `due.attempts` counts the tries before this one."""
    if answer.status is not None and schedule.taken(answer.status):
        return PostbackResult(due.postback_id, now, answer.status, "", None, done=True)
    fault = answer.fault or f"HTTP {answer.status}"
    if due.attempts >= len(schedule.waits_s):
        return PostbackResult(due.postback_id, now, answer.status, fault, None, done=False)
    due_at = now + schedule.waits_s[due.attempts] * 1000
    return PostbackResult(due.postback_id, now, answer.status, fault, due_at, done=False)
