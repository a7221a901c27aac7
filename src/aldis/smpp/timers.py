"""When a session must speak or give up, as a pure function of its past and of now.

Source: SMPP v3.4 §7.2 (session_init, enquire_link, inactivity and response timers).
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

import msgspec


class Timers(msgspec.Struct, frozen=True):
    """How long each kind of silence may last, in seconds."""

    #: from connect to bind
    session_init_s: float = 10.0
    #: silence from the peer after which we ask whether it lives
    enquire_link_s: float = 30.0
    #: how long a response should take; a peer from which nothing comes meanwhile is asked whether it lives
    response_s: float = 30.0
    #: how long a session may carry nothing but enquire_link; None: for ever
    inactivity_s: float | None = None


class TimerAction(Enum):
    """What a session has to do now."""

    NOTHING = auto()
    ENQUIRE = auto()
    CLOSE_NEVER_BOUND = auto()
    CLOSE_PEER_SILENT = auto()
    UNBIND_INACTIVE = auto()


class Past(NamedTuple):
    """What a session remembers, in monotonic seconds."""

    connected_at: float
    #: any octet of the peer
    received_at: float
    #: any PDU but enquire_link and its answer, of either end
    active_at: float
    #: an enquire_link went out that is still unanswered
    asked_at: float | None
    #: a request went out that is still unanswered
    waiting_since: float | None = None


def due(timers: Timers, past: Past, now: float, *, bound: bool) -> TimerAction:
    """Judge one session."""
    if not bound:
        return (
            TimerAction.CLOSE_NEVER_BOUND
            if now - past.connected_at >= timers.session_init_s
            else TimerAction.NOTHING
        )
    if past.asked_at is not None:
        silent_since = max(past.asked_at, past.received_at)
        return (
            TimerAction.CLOSE_PEER_SILENT if now - silent_since >= timers.response_s else TimerAction.NOTHING
        )
    if timers.inactivity_s is not None and now - past.active_at >= timers.inactivity_s:
        return TimerAction.UNBIND_INACTIVE
    if now - past.received_at >= timers.enquire_link_s:
        return TimerAction.ENQUIRE
    if past.waiting_since is None or now - max(past.waiting_since, past.received_at) < timers.response_s:
        return TimerAction.NOTHING
    return TimerAction.ENQUIRE
