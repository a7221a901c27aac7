"""What the gateway and its writer's process say to each other, in frames with a length and a kind.

A question is msgpack: each call as the number of its operation and its item, which is read back by the type
that the operation takes. An answer is a pickle, because an outcome may be any exception, with what is in the
outbox as msgpack in it; both ends are ours, and nobody else holds the socket.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from enum import IntEnum
from struct import Struct
from typing import Any, cast

import msgspec

from aldis.store.sqlite.engine.operations import Call
from aldis.store.sqlite.engine.transactions import OutboxRow, Ran
from aldis.store.sqlite.writes import ALL

_HEAD = Struct(">QB")


class Kind(IntEnum):
    """What a frame says."""

    #: from the gateway: a small and a large batch to be run, and from now on post, post no more
    QUESTION = 0
    LARGE_QUESTION = 1
    POST = 2
    REST = 3
    #: from the writer: what came of each, tries of postbacks, that nothing is being posted any more, and how
    #: posting stands
    ANSWER = 4
    LARGE_ANSWER = 5
    TRIED = 6
    RESTING = 7
    POSTING = 8


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


_NUMBERS = {operation: number for number, operation in enumerate(ALL)}
_DECODE = tuple(operation.decode for operation in ALL)
_QUESTION = msgspec.msgpack.Decoder(list[tuple[int, msgspec.Raw]])
_PENDING = msgspec.msgpack.Decoder(list[OutboxRow] | None)
_ENCODER = msgspec.msgpack.Encoder()


def write_question(batch: Sequence[Call]) -> bytes:
    """Write a batch."""
    return _ENCODER.encode([(_NUMBERS[operation], item) for operation, item in batch])


def read_question(octets: bytes) -> list[Call]:
    """Read a batch."""
    return [(ALL[number], _DECODE[number](item)) for number, item in _QUESTION.decode(octets)]


def write_answer(ran: Ran) -> bytes:
    """Write outcomes, and what is pending."""
    pending = b"" if ran.pending == [] else _ENCODER.encode(ran.pending)
    return pickle.dumps((ran.outcomes, pending, ran.commits), pickle.HIGHEST_PROTOCOL)


def read_answer(octets: bytes) -> Ran:
    """Read outcomes, and what is pending."""
    outcomes, pending, commits = cast("tuple[list[Any], bytes, int]", pickle.loads(octets))  # noqa: S301 - our own process wrote it
    return Ran(outcomes, _PENDING.decode(pending) if pending else [], commits)


class Tried(msgspec.Struct, frozen=True, array_like=True):
    """So many tries of a dialect's postbacks have ended, and so."""

    dialect: str
    done: bool
    count: int


_TRIED = msgspec.msgpack.Decoder(Tried)


def write_tried(tried: Tried) -> bytes:
    """Write what the writer's process has posted."""
    return _ENCODER.encode(tried)


def read_tried(octets: bytes) -> Tried:
    """Read it."""
    return _TRIED.decode(octets)
