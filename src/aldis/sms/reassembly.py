"""Puts the segments of long messages together: in any order, repeated ones once, incomplete after a time.

The specification says what belongs together (one sender and recipient, one reference, one total) and no more;
the rest is what carriers and handsets do. References are used again, also while the message before is under
way, so several messages may stand under one. A segment goes to the message that lacks it. One that has come
before is a repetition of the carrier's, unless it turns out to be the beginning of a later message:
repetitions are put together by themselves, and what follows them and is new makes a message of them. What
never became whole is told as far as it came, so that nothing is lost. References of 8 and of 16 bits are not
told apart.

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

#: milliseconds, for `Times`
OVERLAP_MS, BURST_MS = 60_000, 5_000
#: messages under one reference; the oldest makes room
MOST_TOGETHER = 8


class Times(msgspec.Struct, frozen=True):
    """How long things may take, in the unit of `now`."""

    #: from the first segment to the last
    patience: int
    #: from a whole message to the repetition of one of its segments; 0: that begins another message
    repeat: int = 0
    #: between two messages under one reference; later, the first is told as far as it came
    overlap: int = 0
    #: between messages that are filled in the order in which they began; of others the newest is filled first
    burst: int = 0


class LongMessage(msgspec.Struct, Generic[Part], array_like=True):
    """One long message as far as it has come."""

    #: by number
    parts: dict[int, Part]
    #: when the first came
    began_at: int
    #: when it was whole; 0: not yet
    whole_at: int = 0
    #: all of it has come before
    is_repetition: bool = False

    @property
    def in_order(self) -> list[Part]:
        """Give what has come."""
        return [self.parts[number] for number in sorted(self.parts)]

    @property
    def is_waiting(self) -> bool:
        """Tell whether it is to be told and is not whole yet."""
        return not self.whole_at and not self.is_repetition

    def is_over(self, now: int, times: Times) -> bool:
        """Tell whether nothing that comes now has to do with it."""
        if self.whole_at and now - self.whole_at >= times.repeat:
            return True
        return now - self.began_at > (times.overlap if self.is_repetition else times.patience)


class SharedReference(msgspec.Struct, Generic[Part]):
    """What has come under one reference and total of one conversation."""

    total: int
    #: in the order in which they began; of repetitions one at most
    messages: list[LongMessage[Part]]

    def take(
        self, number: int, part: Part, now: int, times: Times, is_same: Same[Part] = operator.eq
    ) -> list[list[Part]]:
        """Take a segment; returns the messages that are to be told now, some perhaps as far as they came."""
        told: list[list[Part]] = []
        is_again, message = False, None
        if self.messages:
            told = self.give_up(now, times)
            is_again = _has(self.messages, number, part, is_same)
            message = self._lacking(number, times)
            if message is None and is_again:
                message = self._repetition
            elif message is None:
                message = self._followed(number) or self._mistaken(number, is_same)
            if message is None and not is_again:
                told += self._abandon(now - times.overlap)
        if message is None:
            message = LongMessage({}, now, is_repetition=is_again)
            self.messages.append(message)
        message.parts[number] = part
        message.is_repetition = message.is_repetition and is_again
        if len(message.parts) == self.total:
            if message.is_repetition:
                self.messages.remove(message)
            else:
                message.whole_at = now
                told.append(message.in_order)
        if len(self.messages) > MOST_TOGETHER:
            oldest = self.messages.pop(0)
            told += [oldest.in_order] if oldest.is_waiting else []
        return told

    def give_up(self, now: int, times: Times) -> list[list[Part]]:
        """Forget what is over; returns the messages that are to be told now, as far as they came."""
        told: list[list[Part]] = []
        over = [each for each in self.messages if each.is_over(now, times)]
        if not over:
            return told
        for each in over:
            if each.is_repetition:
                told += self._completed_by(each.parts, now)
        told += [each.in_order for each in over if each.is_waiting]
        self.messages = [each for each in self.messages if not each.is_over(now, times)]
        return told

    def _lacking(self, number: int, times: Times) -> LongMessage[Part] | None:
        found: LongMessage[Part] | None = None
        for each in reversed(self.messages):
            if number in each.parts or not each.is_waiting:
                continue
            if found is None:
                found, newest = each, each.began_at
            elif newest - each.began_at <= times.burst:
                found = each
        return found

    @property
    def _repetition(self) -> LongMessage[Part] | None:
        return next((each for each in self.messages if each.is_repetition), None)

    def _followed(self, number: int) -> LongMessage[Part] | None:
        """Find repetitions that a new segment shows to be the beginning of a message."""
        found = self._repetition
        return found if found is not None and number > max(found.parts) else None

    def _mistaken(self, number: int, is_same: Same[Part]) -> LongMessage[Part] | None:
        """Find a message that has a repetition where a new segment belongs."""
        for place, each in enumerate(self.messages):
            if each.is_waiting and _has(self.messages[:place], number, each.parts[number], is_same):
                return each
        return None

    def _completed_by(self, parts: dict[int, Part], now: int) -> list[list[Part]]:
        """Complete a message by repetitions that nothing else came of."""
        for each in self.messages:
            if each.is_waiting and len(each.parts.keys() | parts.keys()) == self.total:
                each.parts, each.whole_at = parts | each.parts, now
                return [each.in_order]
        return []

    def _abandon(self, before: int) -> list[list[Part]]:
        """Give up the messages that began before an instant and are not whole; returns them as far as they
        came.
        """
        abandoned = [each for each in self.messages if each.is_waiting and each.began_at < before]
        self.messages = [each for each in self.messages if each not in abandoned]
        return [each.in_order for each in abandoned]


def _has(messages: list[LongMessage[Part]], number: int, part: Part, is_same: Same[Part]) -> bool:
    """Tell whether a segment is in any of some messages."""
    return any(number in each.parts and is_same(each.parts[number], part) for each in messages)


class Reassembly(Generic[Part]):
    """The long messages of which segments are missing, in memory; whole ones are forgotten at once."""

    def __init__(self, times: Times, most: int, is_same: Same[Part] = operator.eq) -> None:
        """`most`: under how many references messages are kept; the oldest makes room for a new one."""
        self._times = times
        self._most = most
        self._is_same = is_same
        #: by the beginning of the newest message
        self._incomplete: OrderedDict[Hashable, SharedReference[Part]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._incomplete)

    def take(self, conversation: Hashable, place: Concatenation, part: Part, now: int) -> list[list[Part]]:
        """Take a segment; returns the messages that are to be told now. `conversation`: whatever tells one
        from another, such as (from, to).
        """
        key = (conversation, place.reference, place.total)
        found = self._incomplete.get(key)
        if found is None:
            found = self._incomplete[key] = SharedReference(place.total, [])
        told = found.take(place.number, part, now, self._times, self._is_same)
        if told:
            found.messages = [each for each in found.messages if len(each.parts) < place.total]
        if not found.messages:
            del self._incomplete[key]
        elif found.messages[-1].began_at == now:
            self._incomplete.move_to_end(key)
        while len(self._incomplete) > self._most:
            _, oldest = self._incomplete.popitem(last=False)
            told += [each.in_order for each in oldest.messages if each.is_waiting]
        return told

    def give_up(self, now: int) -> list[list[Part]]:
        """Forget the messages that waited for too long; returns what there is of each."""
        told = []
        while self._incomplete:
            key, oldest = next(iter(self._incomplete.items()))
            if not oldest.messages[-1].is_over(now, self._times):
                break
            told += oldest.give_up(now, self._times)
            if not oldest.messages:
                del self._incomplete[key]
        return told

    def clear(self) -> None:
        """Forget everything."""
        self._incomplete.clear()
