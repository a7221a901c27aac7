"""What postbacks want from the thing that does HTTP. `channels/http` implements it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from aldis.accounts.account import Network
from aldis.traffic.postback import PostbackRequest


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What came back."""

    #: None when nothing did
    status: int | None
    #: "" or why nothing did, for the operator
    fault: str = ""
    #: the value of its Retry-After; "": it says nothing of that
    retry_after: str = ""
    #: the beginning of its body, unless it is one that says no more than its status
    body: str = ""
    #: "" or what of ours kept us from trying, and no customer can mend: an errno's name, "resolver", "proxy",
    #: "authorities", "threads" or "store"
    local: str = ""


class Limits(msgspec.Struct, frozen=True):
    """How far one try may go."""

    connect_s: float
    total_s: float
    #: private networks that this customer's addresses may lie in all the same
    private_networks: tuple[Network, ...]
    #: tell the body of any answer, also where the status says all
    wants_body: bool = False


class Channel(Protocol):
    """Delivers postbacks."""

    def post(self, request: PostbackRequest, limits: Limits, told: Callable[[Answer], None]) -> None:
        """Try once. `told` is called in a later turn of the loop, once, whatever the peer does; never when
        the channel is closed before.
        """

    def connections(self) -> tuple[int, int]:
        """Count connections: those that are open, and those of them that nothing is asked of."""
