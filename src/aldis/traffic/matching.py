"""What a receipt does to its segment and its message. Pure; the store calls it inside the transaction that
holds both rows.

A message has as many endings as segments, the customer wants one: it is delivered when all its segments are,
and it has failed as soon as one of them has, because a text with a hole in it was not delivered.
"""

from __future__ import annotations

import msgspec

from aldis.traffic.receipt import EVENTS, ReceiptState
from aldis.traffic.states import State, after

#: a segment that the carrier took and has not reported on
SUBMITTED = "submitted"


class Match(msgspec.Struct, frozen=True):
    """What to write."""

    #: None: the receipt tells nothing new about its segment
    segment_state: ReceiptState | None
    #: None: the message stays where it is
    message_state: State | None


NOTHING = Match(None, None)

_FAILURES = (ReceiptState.UNDELIVERED, ReceiptState.EXPIRED, ReceiptState.REJECTED, ReceiptState.DELETED)


def match(message: State, segment: str, others: list[str], total: int, reported: ReceiptState) -> Match:
    """Judge one receipt.

    segment: what its row says now; others: what the rows of the message's other segments say; total: how many
    segments the message has, of which some may not have been submitted yet.
    """
    if segment not in (SUBMITTED, ReceiptState.ENROUTE):
        return NOTHING  # a carrier that repeats itself, or changes its mind after an ending
    if reported is ReceiptState.ENROUTE:
        return NOTHING if segment == ReceiptState.ENROUTE else Match(reported, None)
    if reported is not ReceiptState.DELIVERED:
        return Match(reported, after(message, EVENTS[reported]))
    complete = len(others) + 1 == total and all(other == ReceiptState.DELIVERED for other in others)
    return Match(reported, after(message, EVENTS[reported]) if complete else None)


def known_ending(message: State, reported: list[str], total: int) -> State | None:
    """Tell how a message ends that is only now `sent`, but on segments of which the carrier has reported
    already; total: how many it has.
    """
    for failure in _FAILURES:
        if failure in reported:
            return after(message, EVENTS[failure])
    if reported.count(ReceiptState.DELIVERED) == total:
        return after(message, EVENTS[ReceiptState.DELIVERED])
    return None
