"""What is overdue, when else to look, and where what waits for a link that is down goes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec

from aldis.store.rules.endings import Ending, of_overdue
from aldis.traffic.states import State

#: receipts that never found their segment are kept this long
EARLY_MS = 86_400_000
#: a message in a sender's hands is looked at again after this long
IN_HAND_MS = 60_000
#: and one whose row refuses its ending after this long
REFUSED_MS = 3_600_000

_BACKUPS = msgspec.json.Decoder(list[str])


class Reviewed(NamedTuple):
    """A message whose deadline may have passed."""

    message_id: int
    state: State
    expires_at: int
    sent_at: int
    doubts: int


def look_at(message: Reviewed, now: int, patience_ms: int, in_hand: Collection[int]) -> Ending | int:
    """End a message whose time is over, or say when to look at it again. `patience_ms`: how long a sent one
    waits for its receipt; `in_hand`: claimed by senders.
    """
    if message.message_id in in_hand:
        return now + IN_HAND_MS
    deadlines = {State.QUEUED: message.expires_at, State.SENT: message.sent_at + patience_ms}
    deadline = deadlines.get(message.state)
    if deadline is None:
        return now + IN_HAND_MS
    if deadline <= now:
        return of_overdue(message.message_id, message.state, message.doubts, now)
    return deadline


def backup_of(link: str, backups: str, up: Sequence[str]) -> tuple[str, str]:
    """Choose where a message goes that waits for a link: the first of its backups (JSON) that is up, of which
    there is one. The link that it leaves becomes the first of the others.
    """
    names = _BACKUPS.decode(backups)
    other = next(name for name in names if name in up)
    left = [link, *(name for name in names if name != other)]
    return other, msgspec.json.encode(left).decode()
