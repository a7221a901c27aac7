"""When to try a message again, and when to stop. Pure.

The wait doubles from one second to five minutes: 1, 2, 4 … 300 s, each stretched by up to a fifth so that a
thousand messages refused together do not come back together. With 24 attempts that is about an hour and a
half.
"""

from __future__ import annotations

import msgspec

from aldis.traffic.message import AttemptResult, SubmittedSegment
from aldis.traffic.states import Event

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 300.0
STRETCH = 0.2


class RetryPolicy(msgspec.Struct, frozen=True):
    """How patient a link's sender is."""

    max_attempts: int = 24
    #: what happens to a message whose submission is in doubt: sent again, or held for a receipt
    hold_in_doubt: bool = False


class Attempt(msgspec.Struct, frozen=True):
    """One attempt at a message that was not taken whole."""

    message_id: int
    #: this one included
    attempts: int
    expires_at: int
    submitted: tuple[SubmittedSegment, ...]
    reason: str


def wait_s(attempts: int, jitter: float) -> float:
    """Give the wait after an attempt; jitter is 0..1. Never shrinks from one attempt to the next at the same
    jitter.
    """
    exponent = min(attempts - 1, 16)
    return min(FIRST_WAIT_S * 2.0**exponent, LONGEST_WAIT_S) * (1 + STRETCH * jitter)


def next_step(policy: RetryPolicy, attempt: Attempt, now: int, jitter: float) -> AttemptResult:
    """Say what follows an attempt that was deferred, or is in doubt and may be repeated: again later,
    failed, or expired.
    """
    event, due_at = Event.SUBMIT_DEFERRED, now + int(wait_s(attempt.attempts, jitter) * 1000)
    if attempt.attempts >= policy.max_attempts:
        event, due_at = Event.ATTEMPTS_EXHAUSTED, 0
    elif due_at >= attempt.expires_at:
        event, due_at = Event.VALIDITY_PASSED, 0
    return AttemptResult(attempt.message_id, event, attempt.submitted, due_at, attempt.reason)
