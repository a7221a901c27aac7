"""Remembers outcomes from the moment they are heard until their commit, across `kill -9`.

An answer frees a place in the window at once, long before its commit; if the process dies in between, what
was answered must not be sent again. Writing to a file without syncing survives the process, which is what
dies most; only when the machine itself goes down may these few be repeated, as unanswered ones are.

Two files take turns: one is emptied and used when the other has grown and all of its own is settled.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from aldis.traffic.message import Settlement

log = structlog.get_logger()

#: a file that has grown this large makes room for the other
TURN_OCTETS = 1_048_576


class Heard(msgspec.Struct, frozen=True, array_like=True):
    """Outcomes of one link, heard together."""

    link: str
    settlements: tuple[Settlement, ...]
    heard_at: int
    #: the messages were marked `sending` before
    marked: bool


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Heard)
_LENGTH_OCTETS = 4


class Journal:
    """The outcomes that are heard and not yet settled."""

    def __init__(self, folder: Path) -> None:
        paths = [folder / f"heard-{number}.journal" for number in (1, 2)]
        #: what a process that died had heard; to be settled before anything is sent
        self.left_over = [heard for path in paths for heard in _read(path)]
        self._files = [os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) for path in paths]
        self._current = 0
        self._sizes = [os.fstat(file).st_size for file in self._files]
        #: by file: messages whose settling is not over
        self._open: list[set[int]] = [set(), set()]

    def note(self, heard: Heard) -> None:
        """Write outcomes down; returns at once. A disk that takes nothing costs only this certainty."""
        other = 1 - self._current
        if self._sizes[self._current] > TURN_OCTETS and not self._open[other]:
            os.ftruncate(self._files[other], 0)
            self._sizes[other] = 0
            self._current = other
        octets = _ENCODER.encode(heard)
        record = len(octets).to_bytes(_LENGTH_OCTETS, "big") + octets
        try:
            self._sizes[self._current] += os.write(self._files[self._current], record)
        except OSError as fault:
            log.error("outcomes cannot be written down before they are settled", fault=fault.strerror)
            return
        self._open[self._current].update(settlement.message_id for settlement in heard.settlements)

    def settled(self, message_ids: Iterable[int]) -> None:
        """Hear that outcomes are on disk for good."""
        ids = set(message_ids)
        for waiting in self._open:
            waiting.difference_update(ids)

    def forget_left_over(self) -> None:
        """Hear that what was left over is settled."""
        self.left_over = []
        for number, file in enumerate(self._files):
            os.ftruncate(file, 0)
            self._sizes[number] = 0

    def close(self) -> None:
        """Let go of the files; empty, if all is settled."""
        for waiting, file in zip(self._open, self._files, strict=True):
            if not waiting:
                with suppress(OSError):
                    os.ftruncate(file, 0)
            os.close(file)


def _read(path: Path) -> Sequence[Heard]:
    """Read what a file holds; a record that was cut short by a crash ends it."""
    found: list[Heard] = []
    octets = path.read_bytes() if path.exists() else b""
    position = 0
    while position + _LENGTH_OCTETS <= len(octets):
        start = position + _LENGTH_OCTETS
        position = start + int.from_bytes(octets[position:start], "big")
        try:
            found.append(_DECODER.decode(octets[start:position]))
        except msgspec.DecodeError:
            break
    return found
