"""How the gateway and its writer's process cut what they say to each other: length and kind before each
frame. Nobody else holds the socket.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct

_HEAD = Struct(">QB")


class Kind(IntEnum):
    """What a frame says."""

    #: from the gateway: a small and a large batch to be run, and from now on post, post no more
    QUESTION = 0
    LARGE_QUESTION = 1
    POST = 2
    REST = 3
    #: from the writer: what came of each, tries of postbacks, that nothing is being posted any more
    ANSWER = 4
    LARGE_ANSWER = 5
    TRIED = 6
    RESTING = 7


#: by what a question is answered; those of one kind are answered in their order
ANSWERS = {Kind.QUESTION: Kind.ANSWER, Kind.LARGE_QUESTION: Kind.LARGE_ANSWER}


def frame(kind: Kind, octets: bytes = b"") -> bytes:
    """Write a frame."""
    return _HEAD.pack(len(octets), kind) + octets


class Frames:
    """Cuts what has come."""

    def __init__(self) -> None:
        self._received = bytearray()

    def take(self, octets: bytes) -> Iterator[tuple[int, bytes]]:
        """Add octets; gives each frame that is whole, by its kind."""
        received, head = self._received, _HEAD.size
        received += octets
        while len(received) >= head:
            length, kind = _HEAD.unpack_from(received)
            end = head + length
            if len(received) < end:
                break
            whole = bytes(received[head:end])
            del received[:end]
            yield kind, whole
