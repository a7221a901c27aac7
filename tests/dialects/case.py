"""What a golden exchange is; the tables are in golden_*.py, one for each dialect."""

from __future__ import annotations

from dataclasses import dataclass

from aldis.dialects.exchange import HttpRequest


@dataclass(frozen=True)
class Case:
    """One exchange."""

    name: str
    request: HttpRequest
    answer: str
    status: int = 200
    #: requests that come before it
    after: tuple[HttpRequest, ...] = ()
    #: how many messages it stores if it is accepted
    messages: int = 1
