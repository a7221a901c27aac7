"""Which messages from handsets are repetitions, and which are answered."""

from __future__ import annotations

from collections.abc import Sequence

from aldis.traffic.inbound import NewInbound

DAY_MS = 86_400_000
FOR_EVER_MS = 2**62
#: what was answered: a change of consent, or a question
CHANGED, ASKED = 1, 2
#: in a day, from one sender to one handset
MOST_ANSWERS = 10


def repeats_within(message: NewInbound, repeat_ms: int) -> int:
    """Tell for how many milliseconds the same again is a repetition. A multimedia message is known by what
    its carrier calls it: it cannot be mistaken for another.
    """
    return FOR_EVER_MS if message.parts else repeat_ms


def is_to_be_answered(message: NewInbound, changed: Sequence[bool]) -> bool:
    """Tell whether there is anything to answer. `changed`: what its consents have."""
    return any(changed) or not message.consents


def kind_of_answer(message: NewInbound) -> int:
    """Tell what an answer says."""
    return CHANGED if message.consents else ASKED


def may_answer(message: NewInbound, repeat_ms: int, count: int, last_asked_at: int) -> bool:
    """Tell whether a word is answered: nobody too often, because a machine at the other end must not empty an
    account. `count`: answers of the day before; `last_asked_at`: of a question.
    """
    is_too_soon = not message.consents and last_asked_at > message.received_at - repeat_ms
    return count < MOST_ANSWERS and not is_too_soon
