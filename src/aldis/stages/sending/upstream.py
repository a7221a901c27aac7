"""What sending wants from a link, and the outcomes a link may report. `links/` implements it.

Obligations of an upstream:
1. `submit` is called only while `room()` is above zero, and never blocks.
2. Every submitted segment gets exactly one outcome, also when the connection dies: then InDoubt. Where the
   upstream names it later all the same, `on_late` hears of that.
3. An outcome may arrive before `submit` returns, and on the event loop only.
4. The listener's `on_change` is called after the outcomes of one turn, and whenever else room may have grown
   or the link went up or down.

Every kind of link is an Operated as well: operators close and open it, and see how it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from aldis.sms.encoding import Encoding
from aldis.sms.segments import Splitting
from aldis.telemetry import Noted
from aldis.traffic.content import KeptPart


class Outbound(msgspec.Struct, frozen=True, gc=False):
    """One segment to be submitted."""

    message_id: int
    #: 1..total; 0 for a whole message that the upstream cuts
    number: int
    #: of a message that goes in one piece (number 0), what the upstream will cut it into
    total: int
    sender: str
    recipient: str
    encoding: Encoding
    #: empty, or a user data header with its length octet
    header: bytes
    octets: bytes
    #: the class of traffic, 0..3
    priority: int
    #: when trying to deliver it ends, Unix milliseconds
    expires_at: int
    #: how the upstream is told which segments belong together
    splitting: Splitting = Splitting.UDH_8
    #: 0..3; None: the handset's choice
    message_class: int | None = None
    #: of a multimedia message, whose text the octets are, in UTF-8
    parts: tuple[KeptPart, ...] = ()


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The upstream took it and calls it this (normalised)."""

    smsc_message_id: str


class Deferred(msgspec.Struct, frozen=True):
    """The upstream cannot take it now; trying again may help."""

    reason: str


class Rejected(msgspec.Struct, frozen=True):
    """The upstream will never take it."""

    reason: str


class LinkTrouble(msgspec.Struct, frozen=True):
    """The session was at fault and not the message: it waits for the next one, and this was no attempt."""

    reason: str


class InDoubt(msgspec.Struct, frozen=True):
    """It was written, and whether it arrived is unknown."""

    reason: str
    #: seconds in which it had better not be repeated, because the answer may still come
    patience_s: float = 0.0


Outcome = Accepted | Deferred | Rejected | LinkTrouble | InDoubt


class UpstreamListener(msgspec.Struct, frozen=True):
    """Who feeds a link: what the link calls, on the event loop only."""

    on_outcome: Callable[[Outbound, Outcome], None]
    #: a segment whose outcome was InDoubt has been taken after all
    on_late: Callable[[Outbound, Accepted], None]
    on_change: Callable[[], None]


class Upstream(Protocol):
    """One link as sending sees it."""

    name: str
    #: how many segments may await their response
    window: int

    @property
    def is_up(self) -> bool:
        """Whether segments can be submitted at all."""

    def room(self) -> int:
        """How many more segments may be submitted now; 0 while the link is down."""

    def submit(self, segment: Outbound) -> None:
        """Send one segment; the listener hears of its outcome."""


#: the condition of what an operator has closed
CLOSED = "stopped by operator"


#: how people are told that a connection can be used
STANDING = ("bound", "reachable")


def is_standing(binds: Iterable[str]) -> bool:
    """Tell whether any of a link's connections can be used."""
    return any(bind in STANDING for bind in binds)


class Condition(msgspec.Struct, frozen=True):
    """How a link stands, for people."""

    #: of each connection: one of STANDING, CLOSED, or why it is not up
    binds: tuple[str, ...]
    #: segments that await their response, and how many may
    in_flight: int
    window: int
    #: segments a second that were submitted a moment ago
    per_s: float
    #: segments a second to which the carrier has slowed us down; None: not at all
    slowed_to: float | None
    #: what last brought a connection down or kept it down, and when; "" for nothing
    last_error: str
    #: Unix milliseconds
    last_error_at: int
    #: the last answer by which the carrier slowed us down, by its name, and when; "" for none
    throttled_by: str = ""
    throttled_at: int = 0
    #: when an answer was last awaited for longer than `response_s`; 0: never
    late_at: int = 0
    #: and whether answers come late just now
    is_late: bool = False
    #: since when no connection can be used; 0: one can
    down_since: int = 0
    #: what the carrier did otherwise since the start (`traffic/anomalies.py`)
    anomalies: tuple[Noted, ...] = ()

    @property
    def is_standing(self) -> bool:
        """Whether any connection can be used."""
        return is_standing(self.binds)


class Operated(Protocol):
    """One link as operators see it. Opened when it is made."""

    name: str

    @property
    def is_up(self) -> bool:
        """Whether segments can be submitted at all."""

    def open(self) -> None:
        """Come up, and come back by itself whenever the connection is lost."""

    async def close(self, grace_s: float) -> None:
        """Go down in good order, at once when the peer does not answer in time, and stay down."""

    def condition(self) -> Condition:
        """Tell how it stands."""
