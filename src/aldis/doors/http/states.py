"""The states of one HTTP connection and what follows what, as one table. Pure.

A state knows its followers as attributes, so that a step costs no more than setting a flag would.
"""

from __future__ import annotations

from typing import Final


class ConnectionState:
    """One state; its attributes named in EVENTS are the states that follow."""

    asked: ConnectionState
    answered: ConnectionState
    ended: ConnectionState
    blocked: ConnectionState
    unblocked: ConnectionState
    closed: ConnectionState
    lost: ConnectionState

    def __init__(self, name: str, *, is_answering: bool = False) -> None:
        self.name = name
        #: a request is with the door
        self.is_answering = is_answering

    def __repr__(self) -> str:
        return self.name


#: no request is with the door: one is awaited, or has come in part
READING: Final = ConnectionState("reading")
#: as READING, and the peer does not read its answers: no request is given to the door
BLOCKED: Final = ConnectionState("blocked")
ANSWERING: Final = ConnectionState("answering", is_answering=True)
#: as ANSWERING, and the peer does not read its answers
STALLED: Final = ConnectionState("stalled", is_answering=True)
#: nothing more is read; the connection closes when what came whole has been answered
ENDING: Final = ConnectionState("ending", is_answering=True)
#: one connection too many: whatever it says is turned away
REFUSED: Final = ConnectionState("refused")
#: what is written may still leave
CLOSING: Final = ConnectionState("closing")
LOST: Final = ConnectionState("lost")

EVENTS: Final = (
    "asked",  # a whole request has gone to the door
    "answered",  # its answer is to be written
    "ended",  # nothing more can be read, or shall be
    "blocked",  # the peer does not read what we write
    "unblocked",
    "closed",  # by us
    "lost",  # the transport is gone
)

#: state → what follows each of EVENTS, in their order
TABLE: Final = {
    READING: (ANSWERING, READING, CLOSING, BLOCKED, READING, CLOSING, LOST),
    BLOCKED: (STALLED, BLOCKED, CLOSING, BLOCKED, READING, CLOSING, LOST),
    ANSWERING: (ANSWERING, READING, ENDING, STALLED, ANSWERING, CLOSING, LOST),
    STALLED: (STALLED, BLOCKED, ENDING, STALLED, ANSWERING, CLOSING, LOST),
    ENDING: (ENDING, ENDING, ENDING, ENDING, ENDING, CLOSING, LOST),
    REFUSED: (REFUSED, REFUSED, CLOSING, REFUSED, REFUSED, CLOSING, LOST),
    CLOSING: (CLOSING, CLOSING, CLOSING, CLOSING, CLOSING, CLOSING, LOST),
    LOST: (LOST, LOST, LOST, LOST, LOST, LOST, LOST),
}

for _state, _followers in TABLE.items():
    for _event, _follower in zip(EVENTS, _followers, strict=True):
        setattr(_state, _event, _follower)
