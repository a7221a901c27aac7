"""When a session must speak or give up, as a pure function of its past and of now.

Source: SMPP v3.4 §7.2 (session_init, enquire_link, inactivity and response timers).
"""

from __future__ import annotations

from enum import Enum, auto

import msgspec


class Timers(msgspec.Struct, frozen=True):
    """How long each kind of silence may last, in seconds."""

    #: from connect to bind
    session_init_s: float = 10.0
    #: silence from the peer after which we ask whether it lives
    enquire_link_s: float = 30.0
    #: how long a peer may answer none of our requests
    response_s: float = 30.0


class Due(Enum):
    """What a session has to do now."""

    NOTHING = auto()
    ENQUIRE = auto()
    CLOSE_NEVER_BOUND = auto()
    CLOSE_PEER_SILENT = auto()


def due(
    timers: Timers, *, bound: bool, connected_at: float, heard_at: float, asked_at: float | None, now: float
) -> Due:
    """Judge one session. `asked_at` is when an enquire_link went out that is still unanswered; all in
    monotonic seconds.
    """
    if not bound:
        return Due.CLOSE_NEVER_BOUND if now - connected_at >= timers.session_init_s else Due.NOTHING
    if asked_at is not None:
        return Due.CLOSE_PEER_SILENT if now - max(asked_at, heard_at) >= timers.response_s else Due.NOTHING
    return Due.ENQUIRE if now - heard_at >= timers.enquire_link_s else Due.NOTHING
