"""Remembers across the death of this process which messages are in a sender's hands: one of them may be its
cause, and would be again each time it is sent.

A log of ids in a file of its own: as they are when a message is claimed, negated when it is given back. What
replays to claimed was in hand. Nothing is synced: a crash of the machine is no message's fault.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

NAME = "claimed.journal"
#: a log of more ids than this is replaced by what is in hand now
COMPACT_IDS = 1_024
#: of one id
_OCTETS = 8
_INT64 = "q"


class ClaimJournal:
    """What is claimed, of all links."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o600)
        #: ids in the log; what is behind them in the file are zeros
        self._ids = os.fstat(self._file).st_size // _OCTETS
        #: negated: what has ended, to be written with the next claim
        self._ended = array(_INT64)
        #: what a process that died had in hand
        self.left_over = self._in_hand()
        #: it is known that it died with these
        self.is_counted = False
        self._compact_above = 0
        self._compact()

    def note_claimed(self, message_ids: Collection[int]) -> None:
        """Write what is about to be sent."""
        ended = self._ended
        ended.extend(message_ids)
        self._ended = array(_INT64)
        self._append(ended)

    def note_ended(self, message_ids: Iterable[int]) -> None:
        """Hear what has left our hands for good. It is written with the next claim: until then it counts as
        in hand, and whoever reads that asks what still waits.
        """
        self._ended.extend([-message_id for message_id in message_ids])
        if len(self._ended) > COMPACT_IDS:
            self.note_claimed(())

    def note_released(self, message_ids: Iterable[int]) -> None:
        """Write what is out of our hands, whatever came of it."""
        self._ended.extend([-message_id for message_id in message_ids])
        self.note_claimed(())

    def drop_left_over(self, message_ids: Collection[int]) -> None:
        """Hear of what was left over that its link has recovered it."""
        self.note_released(message_ids)
        self.left_over = self.left_over.difference(message_ids)

    def close(self) -> None:
        """Close the file: this end is no fault of what is still in hand. What was left over and not accounted
        for stays.
        """
        self._replace(self.left_over)
        with suppress(OSError):
            os.ftruncate(self._file, self._ids * _OCTETS)
        os.close(self._file)

    def _append(self, ids: array[int]) -> None:
        # A disk that takes no more refuses the store's writes too, and tells of them; here it costs a hint.
        with suppress(OSError):
            os.pwrite(self._file, ids, self._ids * _OCTETS)
        self._ids += len(ids)
        if self._ids > self._compact_above:
            self._compact()

    def _compact(self) -> None:
        """Replace the log. Dying amid it is no harm: behind what is in hand, any end of the old log replays
        to the same.
        """
        self._replace(self._in_hand())

    def _replace(self, in_hand: Collection[int]) -> None:
        ids = array(_INT64, in_hand)
        with suppress(OSError):
            os.pwrite(self._file, ids.tobytes() + bytes(max(0, self._ids - len(ids)) * _OCTETS), 0)
        self._ids = len(ids)
        self._compact_above = max(COMPACT_IDS, 4 * self._ids)

    def _in_hand(self) -> frozenset[int]:
        octets = os.pread(self._file, self._ids * _OCTETS, 0)
        log = array(_INT64, octets[: len(octets) // _OCTETS * _OCTETS])
        found: set[int] = set()
        for message_id in log:
            if message_id > 0:
                found.add(message_id)
            else:
                found.discard(-message_id)
        return frozenset(found)
