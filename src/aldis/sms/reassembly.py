"""Puts the segments of long messages together: in any order, repeated ones once, given up after a time.

Pure: time is an argument. Bounded: the oldest incomplete message makes room for a new one. Source: 3GPP TS
23.040 §9.2.3.24.1.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

import msgspec

from aldis.sms.udh import Concatenation

Part = TypeVar("Part")


class _Incomplete(msgspec.Struct, Generic[Part]):
    total: int
    began_at: float
    parts: dict[int, Part]


class Reassembly(Generic[Part]):
    """The long messages of which segments are missing."""

    def __init__(self, patience: float, most: int) -> None:
        """`patience`: how long to wait for the last segment, in the unit of `now`. `most`: how many
        incomplete messages are kept.
        """
        self._patience = patience
        self._most = most
        #: by first arrival
        self._incomplete: OrderedDict[Hashable, _Incomplete[Part]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._incomplete)

    def take(self, sender: Hashable, place: Concatenation, part: Part, now: float) -> list[Part] | None:
        """Take one segment; returns all parts in their order when it was the last one missing.

        sender: whatever tells one conversation from another, such as (from, to). A reference that is used
        again with another number of segments, or after the patience, begins a new message.
        """
        key = (sender, place.reference)
        found = self._incomplete.get(key)
        if found is None or found.total != place.total or now - found.began_at > self._patience:
            self._incomplete.pop(key, None)
            found = self._incomplete[key] = _Incomplete(place.total, now, {})
        found.parts.setdefault(place.number, part)
        if len(found.parts) == found.total:
            del self._incomplete[key]
            return [found.parts[number] for number in sorted(found.parts)]
        while len(self._incomplete) > self._most:
            self._incomplete.popitem(last=False)
        return None

    def give_up(self, now: float) -> list[list[Part]]:
        """Forget the messages that waited for too long; returns what there is of each, in order."""
        given_up = []
        while self._incomplete:
            key, oldest = next(iter(self._incomplete.items()))
            if now - oldest.began_at <= self._patience:
                break
            del self._incomplete[key]
            given_up.append([oldest.parts[number] for number in sorted(oldest.parts)])
        return given_up

    def clear(self) -> None:
        """Forget everything."""
        self._incomplete.clear()
