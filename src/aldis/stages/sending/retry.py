"""When to try a message again, and when to stop. Pure.

The wait doubles from one second to five minutes: 1, 2, 4 … 300 s, each stretched by up to a fifth so that a
thousand messages refused together do not come back together. With 24 attempts that is about an hour and a
half.

Doubt is not refusal. What was submitted and not answered may have been taken: it is repeated a few times
only, later where its answer may still come, and once an attempt is in doubt, the message does not end as if
the carrier had refused it.
"""

from __future__ import annotations

import msgspec

from aldis.traffic.message import AttemptResult, SubmittedSegment
from aldis.traffic.states import Event

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 300.0
STRETCH = 0.2
#: no message waits longer than this for its next attempt
LONGEST_S = LONGEST_WAIT_S * (1 + STRETCH)


class RetryPolicy(msgspec.Struct, frozen=True):
    """How patient a link's sender is."""

    max_attempts: int = 24
    #: what happens to a message whose submission is in doubt: sent again, or held for a receipt
    hold_in_doubt: bool = False
    #: how often it is sent again because of doubt
    repeats_in_doubt: int = 2


class Attempt(msgspec.Struct, frozen=True):
    """One attempt at a message that was not taken whole."""

    message_id: int
    #: this one included
    attempts: int
    expires_at: int
    submitted: tuple[SubmittedSegment, ...]
    reason: str
    #: attempts in doubt, this one included
    doubts: int = 0
    #: this one is; then how long its answer may still come
    in_doubt: bool = False
    patience_s: float = 0.0


def wait_s(attempts: int, jitter: float) -> float:
    """Give the wait after an attempt; jitter is 0..1. Never shrinks from one attempt to the next at the same
    jitter.
    """
    exponent = min(attempts - 1, 16)
    return min(FIRST_WAIT_S * 2.0**exponent, LONGEST_WAIT_S) * (1 + STRETCH * jitter)


def next_step(policy: RetryPolicy, attempt: Attempt, now: int, jitter: float) -> AttemptResult:
    """Say what follows an attempt that was deferred or is in doubt: again later, failed, expired, or not
    known for good.
    """
    wait = wait_s(attempt.attempts, jitter)
    if attempt.in_doubt:
        wait = max(wait, attempt.patience_s * 2.0 ** (attempt.doubts - 1))
    event, due_at = Event.SUBMIT_DEFERRED, now + int(wait * 1000)
    if attempt.attempts >= policy.max_attempts:
        event, due_at = Event.ATTEMPTS_EXHAUSTED, 0
    elif due_at >= attempt.expires_at:
        event, due_at = Event.VALIDITY_PASSED, 0
    repeats = 0 if policy.hold_in_doubt else policy.repeats_in_doubt
    if (attempt.in_doubt and attempt.doubts > repeats) or (attempt.doubts and not due_at):
        event, due_at = Event.SUBMIT_UNACKNOWLEDGED, 0
    return AttemptResult(
        attempt.message_id, event, attempt.submitted, due_at, attempt.reason, attempt.in_doubt
    )
