"""What is told of the move of one account to another cell."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

#: has the directory of all cells say where the account is
Switch = Callable[[], Awaitable[None]]


class MovedAway(NamedTuple):
    """What was moved."""

    messages: int
    #: of them those that waited to be sent
    queued: int
    #: in millionths: credited, held, spent
    money: tuple[int, ...]
    #: how long nothing was accepted for the account, and for how much of that nobody wrote to the source
    closed_s: float
    still_s: float


class AccountFacts(NamedTuple):
    """What there is to move."""

    #: of a move that has begun; "" for none
    state: str
    queued: int
    pending_postbacks: int
    #: bulk jobs that have not ended
    jobs: int
    money: tuple[int, ...]
