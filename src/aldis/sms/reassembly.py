"""Puts the segments of long messages together: in any order, repeated ones once, incomplete after a time.

The specification says what belongs together (one sender and recipient, one reference, one total) and no more;
the rest is what carriers and handsets do. A segment that is the same as before is a repetition, for a while
also of a message that is whole already. Another one under a known number means that the reference is used
again: it begins a new message, and so does any segment after the patience. What was incomplete is then told
as far as it came, so that nothing is lost. References of 8 and of 16 bits are not told apart.

Pure: time is an argument. Source: 3GPP TS 23.040 §9.2.3.24.1.
"""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import msgspec

from aldis.sms.udh import Concatenation

Part = TypeVar("Part")
#: tells whether two segments are one, sent twice
Same = Callable[[Part, Part], Any]


class Times(msgspec.Struct, frozen=True):
    """How long things may take, in the unit of `now`."""

    #: from the first segment to the last
    patience: int
    #: from a whole message to the repetition of one of its segments; 0: that begins the message anew
    repeat: int = 0


class LongMessage(msgspec.Struct, Generic[Part]):
    """What has come under one reference and total of one conversation."""

    total: int
    #: by number; empty where all are to be forgotten
    parts: dict[int, Part]
    #: when the first came
    began_at: int
    #: when it was whole; 0: not yet
    whole_at: int = 0

    @property
    def in_order(self) -> list[Part]:
        """Give what has come."""
        return [self.parts[number] for number in sorted(self.parts)]

    def take(
        self,
        number: int,
        part: Part,
        now: int,
        times: Times,
        is_same: Same[Part] = operator.eq,
    ) -> list[list[Part]]:
        """Take a segment; returns the messages that are to be told now: none, one, or an old one as far as it
        came and a new one.
        """
        is_current = (
            now - self.whole_at < times.repeat if self.whole_at else now - self.began_at <= times.patience
        )
        is_known, told = number in self.parts, []
        if is_current and is_known and is_same(self.parts[number], part):
            return []
        if self.whole_at or is_known or not is_current:
            told = [] if self.whole_at else [self.in_order]
            self.parts, self.began_at, self.whole_at = {}, now, 0
        self.parts[number] = part
        if len(self.parts) == self.total:
            self.whole_at = now
            told.append(self.in_order)
        return told


class Reassembly(Generic[Part]):
    """The long messages of which segments are missing, in memory; whole ones are forgotten at once."""

    def __init__(self, patience: int, most: int, is_same: Same[Part] = operator.eq) -> None:
        """`most`: how many incomplete messages are kept; the oldest makes room for a new one."""
        self._times = Times(patience)
        self._most = most
        self._is_same = is_same
        #: by first arrival
        self._incomplete: OrderedDict[Hashable, LongMessage[Part]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._incomplete)

    def take(self, conversation: Hashable, place: Concatenation, part: Part, now: int) -> list[list[Part]]:
        """Take a segment; returns the messages that are to be told now. `conversation`: whatever tells one
        from another, such as (from, to).
        """
        key = (conversation, place.reference, place.total)
        found = self._incomplete.get(key)
        if found is None:
            found = self._incomplete[key] = LongMessage(place.total, {}, now)
        told = found.take(place.number, part, now, self._times, self._is_same)
        if len(found.parts) == found.total:
            del self._incomplete[key]
        elif found.began_at == now:
            self._incomplete.move_to_end(key)
        while len(self._incomplete) > self._most:
            _, oldest = self._incomplete.popitem(last=False)
            told.append(oldest.in_order)
        return told

    def give_up(self, now: int) -> list[list[Part]]:
        """Forget the messages that waited for too long; returns what there is of each."""
        told = []
        while self._incomplete:
            key, oldest = next(iter(self._incomplete.items()))
            if now - oldest.began_at <= self._times.patience:
                break
            del self._incomplete[key]
            told.append(oldest.in_order)
        return told

    def clear(self) -> None:
        """Forget everything."""
        self._incomplete.clear()
