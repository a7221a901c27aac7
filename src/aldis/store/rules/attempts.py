"""What attempts at sending lead to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from aldis.errors import TransitionRefused
from aldis.store.rules.endings import Ending
from aldis.traffic.matching import known_ending
from aldis.traffic.message import AttemptResult
from aldis.traffic.states import ATTEMPTED, REQUEUED, Event, State, follow


class Requeued(NamedTuple):
    """A message that waits again. Where it was not tried, it waits no longer than it did, whatever `due_at`
    says.
    """

    message_id: int
    #: where it must be now
    expected: State
    state: State
    due_at: int
    reason: str
    #: 1 when it took an attempt at sending
    tried: int
    #: 1 when that may have been taken
    doubted: int


def led_to(
    results: Iterable[AttemptResult], states: Mapping[int, State], now: int
) -> tuple[list[Requeued], list[Ending]]:
    """Requeue or end messages that the carrier did not take whole, one after the other: of one message there
    may be several. Raises TransitionRefused. `states`: where they are.
    """
    stand = dict(states)
    again: list[Requeued] = []
    ended: list[Ending] = []
    for message_id, event, _, due_at, reason, in_doubt in map(msgspec.structs.astuple, results):
        if message_id not in stand or event not in ATTEMPTED:
            raise TransitionRefused(f"no attempt at message {message_id} can have led to {event}")
        before = stand[message_id]
        stand[message_id] = state = follow(before, event)
        if event in REQUEUED:
            tried = int(event is not Event.RELEASED)
            again.append(Requeued(message_id, before, state, due_at, reason, tried, int(in_doubt)))
        else:
            ended.append(Ending(message_id, before, state, reason, now, tried=1))
    return again, ended


def reported_before(message_id: int, found: Sequence[tuple[str, str]], taken: int, now: int) -> Ending | None:
    """End a message that is only now `sent`, if its ending was reported before. `found`: states and error
    codes of its segments on which the carrier has reported; `taken`: how many segments it has.
    """
    ending = known_ending(State.SENT, [state for state, _ in found], taken)
    if ending is None:
        return None
    reason = next((code for state, code in found if state == ending), "")
    return Ending(message_id, State.SENT, ending, "" if ending is State.DELIVERED else reason, now)
