"""When a customer may still take a submission back."""

from __future__ import annotations

from collections.abc import Sequence

from aldis.traffic.message import MessageStatus
from aldis.traffic.states import State


def is_early(messages: Sequence[MessageStatus], now: int) -> bool:
    """Tell whether none of them was tried, nor is due."""
    return all(
        each.message.state is State.QUEUED and not each.message.attempts and each.due_at > now
        for each in messages
    )
