"""The life of a message as one table; code, the store's CHECK constraint, tests and docs all read it.

queued       claimed→sending · validity_passed→expired · cancelled→deleted
sending      submit_accepted→sent · submit_deferred→queued · submit_rejected→rejected
             · attempts_exhausted→failed · validity_passed→expired
             · owner_lost→queued (resend) · owner_lost_held→unconfirmed (hold)
sent         receipt_*→their state · receipt_overdue→unconfirmed
unconfirmed  a late receipt still moves it
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    UNCONFIRMED = "unconfirmed"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    REJECTED = "rejected"
    DELETED = "deleted"
    FAILED = "failed"


class Event(StrEnum):
    """What happens to a message."""

    CLAIMED = "claimed"
    VALIDITY_PASSED = "validity_passed"
    CANCELLED = "cancelled"
    SUBMIT_ACCEPTED = "submit_accepted"
    SUBMIT_DEFERRED = "submit_deferred"
    SUBMIT_REJECTED = "submit_rejected"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    OWNER_LOST = "owner_lost"
    OWNER_LOST_HELD = "owner_lost_held"
    RECEIPT_DELIVERED = "receipt_delivered"
    RECEIPT_UNDELIVERED = "receipt_undelivered"
    RECEIPT_EXPIRED = "receipt_expired"
    RECEIPT_REJECTED = "receipt_rejected"
    RECEIPT_DELETED = "receipt_deleted"
    RECEIPT_OVERDUE = "receipt_overdue"


_BY_RECEIPT = {
    Event.RECEIPT_DELIVERED: State.DELIVERED,
    Event.RECEIPT_UNDELIVERED: State.UNDELIVERED,
    Event.RECEIPT_EXPIRED: State.EXPIRED,
    Event.RECEIPT_REJECTED: State.REJECTED,
    Event.RECEIPT_DELETED: State.DELETED,
}

TRANSITIONS: dict[State, dict[Event, State]] = {
    State.QUEUED: {
        Event.CLAIMED: State.SENDING,
        Event.VALIDITY_PASSED: State.EXPIRED,
        Event.CANCELLED: State.DELETED,
    },
    State.SENDING: {
        Event.SUBMIT_ACCEPTED: State.SENT,
        Event.SUBMIT_DEFERRED: State.QUEUED,
        Event.SUBMIT_REJECTED: State.REJECTED,
        Event.ATTEMPTS_EXHAUSTED: State.FAILED,
        Event.VALIDITY_PASSED: State.EXPIRED,
        Event.OWNER_LOST: State.QUEUED,
        Event.OWNER_LOST_HELD: State.UNCONFIRMED,
    },
    State.SENT: {**_BY_RECEIPT, Event.RECEIPT_OVERDUE: State.UNCONFIRMED},
    State.UNCONFIRMED: {**_BY_RECEIPT},
    State.DELIVERED: {},
    State.UNDELIVERED: {},
    State.EXPIRED: {},
    State.REJECTED: {},
    State.DELETED: {},
    State.FAILED: {},
}

#: nothing more can happen to these; `unconfirmed` is an ending that a late receipt may still improve
FINAL = frozenset(state for state, moves in TRANSITIONS.items() if not moves)
#: the customer has been told how it ended
ENDED = FINAL | {State.UNCONFIRMED}


def after(state: State, event: Event) -> State | None:
    """Give the state that an event leads to; None when it changes nothing there."""
    return TRANSITIONS[state].get(event)
