"""What a kind of link must supply. To add one: a folder that builds a `LinkKind`, a line in `registry.py`,
its keys in docs/reference/settings.md.

What a link itself must do is `stages/sending/upstream.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Generic, Protocol, TypeVar

import msgspec

from aldis.admin.wire import ShownSubmit
from aldis.clock import Clock
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.links.entry import LinkEntry
from aldis.stages.passwords import PasswordTry, TooManyTries
from aldis.stages.sending.upstream import Operated, Upstream, UpstreamListener
from aldis.store.contract.search import MessageView
from aldis.telemetry import Metrics
from aldis.traffic.inbound import DoubtfulReceipt, InboundMms, InboundPart
from aldis.traffic.receipt import Receipt

Entry = TypeVar("Entry", bound=LinkEntry)
#: what to call when something that came is kept, or could not be
Done = Callable[[bool], None]


class Link(Upstream, Operated, Protocol):
    """A link as the gateway runs it."""

    async def run(self) -> None:
        """Work until stopped."""

    async def stop(self, grace_s: float) -> None:
        """End in good order, within bounds."""


class LinkDependencies(msgspec.Struct, frozen=True):
    """What links are built into."""

    clock: Clock
    metrics: Metrics
    #: draws from 0..1
    jitter: Callable[[], float]
    #: take what a carrier reports, what a handset wrote, what it sent with pictures
    take_receipt: Callable[[Receipt, Done], None]
    take_inbound: Callable[[InboundPart, Done], None]
    #: take a receipt of which the ids of our messages decide what it is
    take_doubtful: Callable[[DoubtfulReceipt, Done], None]
    take_mms: Callable[[InboundMms, Done], None]
    #: gives the octets of a digest, None where they are lost; raises StoreUnavailable
    read_content: Callable[[str], Awaitable[bytes | None]]
    #: tells whether a carrier's password is right, or was not looked at
    verify_password: Callable[[PasswordTry], Coroutine[None, None, bool | TooManyTries]]


#: stands for who feeds a link that is only tried
NOBODY = UpstreamListener(lambda _segment, _outcome: None, lambda _segment, _accepted: None, lambda: None)


def taking_nothing(clock: Clock) -> LinkDependencies:
    """Give a link that is only tried what it needs; its carrier is told that nothing was kept."""
    return LinkDependencies(
        clock=clock,
        metrics=Metrics(),
        jitter=lambda: 1.0,
        take_receipt=lambda _receipt, done: done(False),
        take_inbound=lambda _part, done: done(False),
        take_doubtful=lambda _doubtful, done: done(False),
        take_mms=lambda _mms, done: done(False),
        read_content=_nothing,
        verify_password=_never,
    )


async def _nothing(_digest: str) -> bytes | None:
    return None


async def _never(_tried: PasswordTry) -> bool:
    return False


class Listening(msgspec.Struct, frozen=True):
    """What answers a carrier that asks us by HTTP, at its entry's `listens_at`."""

    serve: Callable[[HttpRequest, Callable[[HttpReply], None]], None]
    #: PEM files; both or neither
    certificate: str
    key: str
    #: of one request
    body_octets: int
    connections: int


def listens_nowhere(_entry: LinkEntry, _around: LinkDependencies) -> Listening | None:
    """Stand for `listener` where carriers do not ask us."""
    return None


def shows_nothing(_entry: LinkEntry, _view: MessageView) -> tuple[ShownSubmit, ...]:
    """Stand for `inspect` where there is nothing to show."""
    return ()


class LinkKind(msgspec.Struct, Generic[Entry], frozen=True):
    """One kind of link: what its `[[link]]` says, and functions of that, which raise SettingsError where a
    file that it names cannot be read.
    """

    #: its tag is the `kind`
    entry: type[Entry]
    build: Callable[[Entry, LinkDependencies, UpstreamListener], Link]
    #: try it once, for `aldis doctor`: one of STANDING for each connection, or why it does not stand
    probe: Callable[[Entry, Clock], Awaitable[list[str]]]
    listener: Callable[[Entry, LinkDependencies], Listening | None] = listens_nowhere
    #: shows a message as the link writes it
    inspect: Callable[[Entry, MessageView], tuple[ShownSubmit, ...]] = shows_nothing
