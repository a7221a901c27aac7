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

    #: from the gateway: a batch to be run, and from now on post, post no more
    QUESTION = 0
    POST = 1
    REST = 2
    #: from the writer: what came of a batch, tries of postbacks, that nothing is being posted any more
    ANSWER = 3
    TRIED = 4
    RESTING = 5


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
