"""How messages end, and who is told.

Money: what the carrier took is spent, the rest of the hold is released. Of a message that ends in doubt all
may have been taken. A receipt moves no money: the carrier has charged for the submission, whatever became of
it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from aldis.traffic.postback import Notify
from aldis.traffic.states import Event, State, follow

#: why a message is cancelled, as the timeline and the postback say it
CANCELLED, OPTED_OUT = "cancelled", "opted out"


class Ending(NamedTuple):
    """One message's end; nothing happens to a message that is not where it is expected to be."""

    message_id: int
    #: where it must be now
    expected: State
    state: State
    #: the carrier's error code or our reason; "" when all went well
    reason: str
    at: int
    #: 1 when it took an attempt at sending
    tried: int = 0


#: the lane of a message's postbacks, and the bits of `Notify`
Telling = tuple[str, int]

#: plain numbers, because a flag's operators take a microsecond
_ANY_END, _FAILURES = Notify.ENDED.value, Notify.FAILED.value


def heard_by(ending: Ending) -> int:
    """Give the bits of `Notify` of whom is told of an ending. Who hears of failures only was told of one when
    a message became unconfirmed, and hears what became of it.
    """
    is_news = ending.state != State.DELIVERED or ending.expected == State.UNCONFIRMED
    return _ANY_END | _FAILURES if is_news else _ANY_END


def doubtful(endings: Iterable[Ending]) -> list[int]:
    """Name the messages that end in doubt: of an earlier attempt the carrier may have said "delivered"."""
    return [ending.message_id for ending in endings if ending.state is State.UNCONFIRMED]


def without_doubt(endings: Sequence[Ending], delivered: Collection[int]) -> Sequence[Ending]:
    """End as delivered those that are in doubt and of which all segments were."""
    if not delivered:
        return endings
    state = follow(State.UNCONFIRMED, Event.RECEIPT_DELIVERED)
    return [
        each._replace(state=state, reason="") if each.message_id in delivered else each for each in endings
    ]


def of_cancelled(found: Iterable[tuple[int, str, int]], reason: str, now: int) -> list[Ending]:
    """End messages (id, state, doubts) that are cancelled: what was submitted and not answered may have been
    taken.
    """
    return [
        _ending(message_id, State(state), Event.CANCELLED, doubts, reason, now)
        for message_id, state, doubts in found
    ]


def of_lost(found: Iterable[tuple[int, str]], now: int) -> list[Ending]:
    """End messages (id, state) that a lost owner was sending and that must not be repeated."""
    return [
        Ending(message_id, State(state), follow(State(state), Event.OWNER_LOST_HELD), "in doubt", now)
        for message_id, state in found
    ]


def of_overdue(message_id: int, state: State, doubts: int, now: int) -> Ending:
    """End a message whose time is over: its validity, or that for its receipt."""
    if state is State.QUEUED:
        return _ending(message_id, state, Event.VALIDITY_PASSED, doubts, "validity passed", now)
    return Ending(message_id, state, follow(state, Event.RECEIPT_OVERDUE), "no receipt", now)


def _ending(message_id: int, state: State, event: Event, doubts: int, reason: str, now: int) -> Ending:
    """End what was not sent, or in doubt."""
    ended = follow(state, Event.SUBMIT_UNACKNOWLEDGED if doubts else event)
    return Ending(message_id, state, ended, reason, now)
