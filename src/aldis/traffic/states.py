"""The life of a message as one table; the store refuses what the table does not allow. The store's CHECK
constraint, docs/states.md and its diagram are compared with it.
"""

from __future__ import annotations

from enum import StrEnum

from aldis.errors import TransitionRefused


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

    #: a sender whose link must not repeat it wrote down that it has it
    CLAIMED = "claimed"
    #: given back by its sender, nothing of it submitted
    RELEASED = "released"
    SUBMIT_ACCEPTED = "submit_accepted"
    SUBMIT_DEFERRED = "submit_deferred"
    SUBMIT_REJECTED = "submit_rejected"
    #: no response came, and it is not to be repeated, or not any more: the carrier may have it
    SUBMIT_UNACKNOWLEDGED = "submit_unacknowledged"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    VALIDITY_PASSED = "validity_passed"
    CANCELLED = "cancelled"
    #: its sender died, or has lost its slot, after it wrote that down
    OWNER_LOST_HELD = "owner_lost_held"
    RECEIPT_DELIVERED = "receipt_delivered"
    RECEIPT_UNDELIVERED = "receipt_undelivered"
    RECEIPT_EXPIRED = "receipt_expired"
    RECEIPT_REJECTED = "receipt_rejected"
    RECEIPT_DELETED = "receipt_deleted"
    RECEIPT_OVERDUE = "receipt_overdue"


#: from `queued` as well, because a link that repeats what is in doubt writes no claim down
_BY_ATTEMPT = {
    Event.SUBMIT_ACCEPTED: State.SENT,
    Event.SUBMIT_DEFERRED: State.QUEUED,
    Event.RELEASED: State.QUEUED,
    Event.SUBMIT_REJECTED: State.REJECTED,
    Event.ATTEMPTS_EXHAUSTED: State.FAILED,
    Event.VALIDITY_PASSED: State.EXPIRED,
    Event.SUBMIT_UNACKNOWLEDGED: State.UNCONFIRMED,
}
_BY_RECEIPT = {
    Event.RECEIPT_DELIVERED: State.DELIVERED,
    Event.RECEIPT_UNDELIVERED: State.UNDELIVERED,
    Event.RECEIPT_EXPIRED: State.EXPIRED,
    Event.RECEIPT_REJECTED: State.REJECTED,
    Event.RECEIPT_DELETED: State.DELETED,
}

TRANSITIONS: dict[State, dict[Event, State]] = {
    State.QUEUED: {Event.CLAIMED: State.SENDING, **_BY_ATTEMPT, Event.CANCELLED: State.DELETED},
    State.SENDING: {**_BY_ATTEMPT, Event.OWNER_LOST_HELD: State.UNCONFIRMED},
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
#: its carrier has not taken all of it
WAITING = frozenset((State.QUEUED, State.SENDING))
#: what an attempt at a message may lead to
ATTEMPTED = frozenset(_BY_ATTEMPT)
#: after these a message waits to be claimed again
REQUEUED = frozenset(event for event, state in _BY_ATTEMPT.items() if state is State.QUEUED)


def after(state: State, event: Event) -> State | None:
    """Give the state that an event leads to; None when it changes nothing there."""
    return TRANSITIONS[state].get(event)


def follow(state: State, event: Event) -> State:
    """Give the state that an event leads to. Raises TransitionRefused where the table has none."""
    found = after(state, event)
    if found is None:
        raise TransitionRefused(f"nothing follows {event} where a message is {state}")
    return found


def sources(event: Event) -> tuple[State, ...]:
    """Give the states in which an event may happen."""
    return tuple(state for state, moves in TRANSITIONS.items() if event in moves)
