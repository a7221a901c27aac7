"""The requests of ours that await their response, by sequence_number. Source: SMPP v3.4 §2.8 (asynchronous
windowing).

A request that stays unanswered for too long leaves its place, and is remembered for a response that comes
later still. Unknown and repeated responses find nothing here and change nothing.
"""

from __future__ import annotations

from typing import Generic, TypeVar

Context = TypeVar("Context")

MAX_SEQUENCE = 0x7FFFFFFF
#: requests without a place that are remembered; of more, the oldest are forgotten
MAX_OVERDUE = 10_000


class Window(Generic[Context]):
    """Numbers requests and remembers what each was about."""

    def __init__(self) -> None:
        self._pending: dict[int, tuple[Context, float]] = {}
        #: without a place, and perhaps still to be answered
        self._overdue: dict[int, tuple[Context, float]] = {}
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._pending)

    def next_sequence(self) -> int:
        """Give the next number, 1..0x7FFFFFFF, skipping those still in use. Source: SMPP v3.4 §3.2."""
        sequence = self._sequence % MAX_SEQUENCE + 1
        while sequence in self._pending:
            sequence = sequence % MAX_SEQUENCE + 1
        self._sequence = sequence
        return sequence

    def add(self, context: Context, now: float) -> int:
        """Remember a request and give its number, before its first octet is written."""
        sequence = self.next_sequence()
        self._pending[sequence] = (context, now)
        return sequence

    def take(self, sequence: int) -> Context | None:
        """Give back what a response answers; None when nothing awaits it."""
        found = self._pending.pop(sequence, None)
        return None if found is None else found[0]

    def take_overdue(self, sequence: int) -> Context | None:
        """Give back what a response answers after its request has left its place; None when it is none."""
        found = self._overdue.pop(sequence, None)
        return None if found is None else found[0]

    def oldest_sent_at(self) -> float | None:
        """Tell since when the oldest request in its place waits; None when none does."""
        return next((sent_at for _, sent_at in self._pending.values()), None)

    def unanswered_since(self, moment: float) -> float | None:
        """Tell when the first request from a moment on was sent that still waits, in its place or not."""
        kept = (self._overdue, self._pending)
        return next((at for each in kept for _, at in each.values() if at >= moment), None)

    def clear_overdue(self, sent_before: float) -> list[Context]:
        """Take what was sent before a moment and not answered from its place, and give it; oldest first."""
        overdue = []
        for sequence, (_, sent_at) in self._pending.items():  # insertion order is sending order
            if sent_at > sent_before:
                break
            overdue.append(sequence)
        moved = {sequence: self._pending.pop(sequence) for sequence in overdue}
        self._overdue.update(moved)
        while len(self._overdue) > MAX_OVERDUE:
            del self._overdue[next(iter(self._overdue))]
        return [context for context, _ in moved.values()]

    def take_all(self) -> list[Context]:
        """Give back everything that has its place, oldest first: the session has ended."""
        contexts = [context for context, _ in self._pending.values()]
        self._pending.clear()
        self._overdue.clear()
        return contexts
