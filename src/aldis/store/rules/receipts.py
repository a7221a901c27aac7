"""What a batch of receipts does to the segments that it is about and to their messages, judged one receipt
after the other: two segments of one message often come together.

A receipt goes to the segment with exactly its id; other spellings of the id count once no response can be
missing any more that names it exactly. A backend adds what it has found, has receipts taken, and writes what
is left in `forgotten`, `reports` and `endings`, in this order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from aldis.store.rules.endings import Ending, Telling
from aldis.traffic.anomalies import Anomaly
from aldis.traffic.matching import FAILURES, OPEN, Candidate, choose, choose_alike, match
from aldis.traffic.receipt import (
    Receipt,
    ReceiptState,
    Spelling,
    Spellings,
    alternative_ids,
    in_upper_case,
    is_for,
    may_mean,
)
from aldis.traffic.states import State

#: early receipts that are kept; of more the oldest are forgotten, some with each that comes
MAX_EARLY = 1_000_000
#: a carrier that gives one id to many messages must not make a lookup long
MAX_NAMESAKES = 16
#: segments of a link that are looked at to learn how its carrier spells ids
MAX_LEARNT = 2_000

#: a segment's message and number
Place = tuple[int, int]
#: as a response named it: link, id
Name = tuple[str, str]


#: a segment that a response called so, with its message: its id; message and number; its state; the message's
#: state, how many segments it has, its recipient, lane and `notify`
NamedSegment = tuple[str, int, int, str, State, int, str, str, int]
#: a segment of a message of which another one was named: message and number; its state, link and id
OtherSegment = tuple[int, int, str, str, str]
#: what is written to a segment: message and number; its state, error code and when
Report = tuple[int, int, ReceiptState, str, int]


class ForgottenAttempt(NamedTuple):
    """A segment that was taken twice, and the name of an attempt that counts no more: its late answer goes,
    and where the segment has this name it takes the other.
    """

    message_id: int
    number: int
    failed: Name
    other: Name


class _Message:
    """A message under judgement, as the receipts of this batch have left it so far."""

    __slots__ = ("recipient", "segments", "state", "telling", "total")

    def __init__(self, state: State, total: int, recipient: str, telling: Telling) -> None:
        self.state = state
        self.total = total
        self.recipient = recipient
        self.telling = telling
        #: by number; of a message with several, all that were taken
        self.segments: dict[int, str] = {}


class ReceiptJudge:
    """One batch."""

    def __init__(self) -> None:
        self._messages: dict[int, _Message] = {}
        #: by link and id, the newest first
        self._named: dict[Name, list[Place]] = {}
        #: of segments that may have been taken twice
        self._attempts: dict[Place, set[Name]] = {}
        self.forgotten: list[ForgottenAttempt] = []
        self.reports: list[Report] = []
        self.endings: list[Ending] = []
        #: by link and kind
        self.anomalies: Counter[tuple[str, str]] = Counter()

    # ── what was found ──

    def add(self, link: str, names: Collection[str], rows: Iterable[NamedSegment]) -> list[int]:
        """Take in the segments of a link that have these ids, or late answers with them; returns the messages
        of which the other segments are to be added, then `arrange` is due.
        """
        for name in names:
            self._named[link, name] = []
        several: list[int] = []
        for name, message_id, number, state, message_state, total, recipient, lane, notify in rows:
            self._named[link, name].append((message_id, number))
            message = self._messages.get(message_id)
            if message is None:
                rows_in_all = total if number else 1  # number 0 is the whole message
                message = _Message(message_state, rows_in_all, recipient, (lane, notify))
                self._messages[message_id] = message
                if rows_in_all > 1:
                    several.append(message_id)
            message.segments.setdefault(number, state)
        return several

    def add_others(self, link: str, names: Collection[str], rows: Iterable[OtherSegment]) -> None:
        """Take in all segments of messages with several, also those that a limit left off of what was
        named.
        """
        for message_id, number, state, its_link, name in rows:
            self._messages[message_id].segments.setdefault(number, state)
            place = (message_id, number)
            if its_link == link and name in names and place not in self._named[link, name]:
                self._named[link, name].append(place)

    def arrange(self, link: str, names: Iterable[str]) -> None:
        """Hear that all with these ids is there."""
        for name in names:
            self._named[link, name].sort(reverse=True)

    @property
    def message_ids(self) -> list[int]:
        """Give the messages that are known by now."""
        return list(self._messages)

    def add_attempts(self, rows: Iterable[tuple[int, int, str, str]]) -> None:
        """Take in by what names (message, number, link, id) attempts are known, late answers among them."""
        for message_id, number, link, name in rows:
            self._attempts.setdefault((message_id, number), set()).add((link, name))

    # ── what it means ──

    def take(self, receipt: Receipt) -> bool:
        """Apply a receipt to the segment with exactly its id; False where there is none, or none that is to
        be preferred.
        """
        named = self._named[receipt.link, receipt.smsc_message_id]
        if len(named) == 1:  # nearly always
            (message_id, number) = named[0]
            recipient = self._messages[message_id].recipient
            if (
                recipient != receipt.recipient
                and receipt.recipient
                and not is_for(recipient, receipt.recipient)
            ):
                self.anomalies[receipt.link, Anomaly.MISNAMED_RECEIPT] += 1
            self._apply(receipt, message_id, number)
            return True
        chosen = choose(self._candidates(receipt.link, [receipt.smsc_message_id]), receipt)
        if named and not chosen:
            self.anomalies[receipt.link, Anomaly.AMBIGUOUS_RECEIPT] += 1
        return self._apply_to_all(receipt, chosen)

    def take_alike(self, receipt: Receipt, spellings: Sequence[str]) -> bool:
        """Apply a receipt, of which no segment has the id, to one with another spelling of it."""
        return self._apply_to_all(receipt, choose_alike(self._candidates(receipt.link, spellings), receipt))

    def knows(self, receipt: Receipt) -> bool:
        """Tell whether a segment has exactly a receipt's id."""
        return bool(self._named[receipt.link, receipt.smsc_message_id])

    def tellings(self) -> dict[int, Telling]:
        """Give who is to be told, of the messages that end."""
        return {ending.message_id: self._messages[ending.message_id].telling for ending in self.endings}

    def _candidates(self, link: str, names: Sequence[str]) -> list[Candidate]:
        found = [
            (message_id, number, self._messages[message_id], name)
            for name in names
            for message_id, number in self._named[link, name]
        ]
        return [
            Candidate(message_id, number, message.segments[number], message.recipient, name)
            for message_id, number, message, name in found
        ]

    def _apply_to_all(self, receipt: Receipt, chosen: Sequence[Candidate]) -> bool:
        for each in chosen:
            self._apply(receipt, each.message_id, each.number)
        return bool(chosen)

    def _apply(self, receipt: Receipt, message_id: int, number: int) -> None:
        """Note what a receipt does to a segment and its message."""
        message = self._messages[message_id]
        if (
            self._attempts
            and receipt.state in FAILURES
            and message.segments[number] in OPEN
            and self._forget_attempt(receipt, (message_id, number))
        ):
            return
        others = [state for other, state in message.segments.items() if other != number]
        verdict = match(message.state, message.segments[number], others, message.total, receipt.state)
        if verdict.segment_state is not None:
            message.segments[number] = verdict.segment_state
            self.reports.append(
                (message_id, number, verdict.segment_state, receipt.error_code, receipt.received_at)
            )
        if verdict.message_state is not None:
            reason = receipt.error_code if verdict.message_state is not State.DELIVERED else ""
            self.endings.append(
                Ending(message_id, message.state, verdict.message_state, reason, receipt.received_at)
            )
            message.state = verdict.message_state

    def _forget_attempt(self, receipt: Receipt, place: Place) -> bool:
        """Leave the ending of a segment that was taken twice to its other attempt, where one has failed:
        carriers refuse a repetition because they deliver the first. False where there is no other.
        """
        failed = (receipt.link, receipt.smsc_message_id)
        names = self._attempts.get(place, set())
        others = names - {failed}
        if failed not in names or not others:
            return False
        self._attempts[place] = others
        self.forgotten.append(ForgottenAttempt(*place, failed, min(others)))
        return True


def may_be_twice(receipts: Iterable[Receipt]) -> bool:
    """Tell whether it matters if segments were taken twice: where one has failed."""
    return any(receipt.state in FAILURES for receipt in receipts)


def spellings_of(
    name: str, in_other_cases: Mapping[str | None, Sequence[str]], known: Spellings
) -> list[str]:
    """Give what else an id may be spelled like, as far as what is known of its link allows. `in_other_cases`:
    ids that differ in the case of their letters alone, by what they are in upper case.
    """
    others = dict.fromkeys((*alternative_ids(name), *in_other_cases.get(in_upper_case(name), ())))
    return [each for each in others if may_mean(name, each, known)]


def learnt(matched: int, matched_in_small: int, respelled: int) -> Spellings:
    """Say how a link's carrier spells ids in receipts: of how many segments, of `MAX_LEARNT`, and of those
    with small letters in their ids, receipts were matched, and how many by another spelling.
    """
    otherwise = Spelling.OTHER if respelled else Spelling.UNKNOWN
    numbers, cases = (
        Spelling.SAME if count > respelled else otherwise for count in (matched, matched_in_small)
    )
    return Spellings(numbers, cases)
