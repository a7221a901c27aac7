"""How the tokens of an account's rate are lent to gateways. Pure."""

from __future__ import annotations

from typing import NamedTuple

from aldis.store.contract.shared import Borrowing, Loan


class Level(NamedTuple):
    """How many tokens there were, and when (Unix milliseconds)."""

    tokens: float
    at: int


def lend(level: Level, asked: Borrowing) -> tuple[Loan, Level]:
    """Tell what a gateway gets, and what is left. For one whose time is behind another's none flow in."""
    flown = max(0, asked.now - level.at) / 1000 * asked.rate_per_s
    tokens = min(float(asked.burst), level.tokens + flown + asked.held)
    is_taken = tokens >= min(asked.count, asked.burst)
    held = 0.0
    if is_taken:
        tokens -= asked.count
        held = max(0.0, min(tokens, asked.more))
        tokens -= held
    return Loan(is_taken, held, tokens), Level(tokens, max(asked.now, level.at))
