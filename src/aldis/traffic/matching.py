"""Which segment a receipt is about, and what it does to that and its message. Pure; the store calls it inside
the transaction that holds both rows.

The id decides: one message with exactly the receipt's id is meant, whatever numbers stand beside it. Numbers
choose between several messages, and where the ids are only alike (`alternative_ids`).

A message has as many endings as segments, the customer wants one: it is delivered when all its segments are,
and it has failed as soon as one of them has, because a text with a hole in it was not delivered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from aldis.traffic.receipt import EVENTS, Receipt, ReceiptState, is_for
from aldis.traffic.states import State, after

#: a segment that the carrier took and has not reported on
SUBMITTED = "submitted"


class Match(msgspec.Struct, frozen=True, gc=False):
    """What to write."""

    #: None: the receipt tells nothing new about its segment
    segment_state: ReceiptState | None
    #: None: the message stays where it is
    message_state: State | None


NOTHING = Match(None, None)

#: the endings that are no delivery
FAILURES = (ReceiptState.UNDELIVERED, ReceiptState.EXPIRED, ReceiptState.REJECTED, ReceiptState.DELETED)


class Candidate(NamedTuple):
    """A segment that a receipt may be about."""

    message_id: int
    number: int
    #: what its row says now
    state: str
    recipient: str
    #: as a response named it
    smsc_message_id: str

    @property
    def is_open(self) -> bool:
        """Whether it waits for an ending."""
        return self.state in OPEN


#: states of a segment that waits for an ending
OPEN = (SUBMITTED, ReceiptState.ENROUTE)


def choose(exact: Sequence[Candidate], receipt: Receipt) -> list[Candidate]:
    """Find the segments that a receipt is about among those with exactly its id, the newest message first:
    all of one message, because a carrier that gives them one id puts them together and reports once.

    Of several messages (carriers use ids again), the newest that its numbers name; where they name none of
    them, the only one that waits for an ending. Nothing where that leaves several.
    """
    meant = _named(exact, receipt)
    if not meant and _names_somebody(receipt):
        meant = [each for each in exact if each.is_open] or list(exact[:1])
        if len({each.message_id for each in meant}) > 1:
            return []
    return _of_one_id(meant or exact, exact)


def choose_alike(alike: Sequence[Candidate], receipt: Receipt) -> list[Candidate]:
    """Find the segments that a receipt is about among those whose id is another spelling of its id: of one
    that waits for an ending and that its numbers name, with all of its message that share its id. Nothing
    where there are several messages, or no such one.
    """
    waiting = [each for each in alike if each.is_open]
    meant = _named(waiting, receipt) if _names_somebody(receipt) else waiting
    return _of_one_id(meant, alike) if len({each.message_id for each in meant}) == 1 else []


def _names_somebody(receipt: Receipt) -> bool:
    return bool(receipt.recipient)


def _named(candidates: Sequence[Candidate], receipt: Receipt) -> list[Candidate]:
    """Give those to whom the receipt's recipient was, or its destination where it names none of them."""
    for number in (receipt.recipient, receipt.destination):
        found = [each for each in candidates if is_for(each.recipient, number)]
        if found:
            return found
    return []


def _of_one_id(meant: Sequence[Candidate], among: Sequence[Candidate]) -> list[Candidate]:
    """Give, of the first message that is meant, the first segment that waits for an ending, else the first,
    and all that share its id; in their order.
    """
    if not meant:
        return []
    newest = [each for each in meant if each.message_id == meant[0].message_id]
    first = min(newest, key=lambda each: (not each.is_open, each.number))
    same = (first.message_id, first.smsc_message_id)
    found = [each for each in among if (each.message_id, each.smsc_message_id) == same]
    return sorted(found, key=lambda each: each.number)


def match(message: State, segment: str, others: list[str], total: int, reported: ReceiptState) -> Match:
    """Judge one receipt.

    segment: what its row says now; others: what the rows of the message's other segments say; total: how many
    segments the message has, of which some may not have been submitted yet.
    """
    if segment not in OPEN:
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
    for failure in FAILURES:
        if failure in reported:
            return after(message, EVENTS[failure])
    if reported.count(ReceiptState.DELIVERED) == total:
        return after(message, EVENTS[ReceiptState.DELIVERED])
    return None
