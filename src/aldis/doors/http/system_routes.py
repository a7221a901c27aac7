"""The paths that belong to the house: is it alive, is it ready, what are its numbers."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from aldis.dialects.exchange import HttpReply
from aldis.stages.postbacks.status import LocalFault
from aldis.telemetry import Metrics

JSON = b"application/json"


def live() -> HttpReply:
    """Say that the process answers."""
    return HttpReply(200, JSON, b'{"status":"live"}')


class ShownStore(msgspec.Struct, frozen=True):
    """How the store is."""

    #: what is wrong; "": nothing
    fault: str
    #: when it last took a write, ISO 8601
    written_at: str | None


class ShownClock(msgspec.Struct, frozen=True):
    """How the clock is."""

    #: how far it was set, so that nothing expires and nothing is forgotten; "": it is believed
    doubt: str


class ShownPostbacks(msgspec.Struct, frozen=True):
    """How posting is."""

    #: what of this machine's keeps postbacks from being tried
    fault: LocalFault


class Readiness(msgspec.Struct, frozen=True):
    """How the gateway is."""

    is_draining: bool
    store: ShownStore
    clock: ShownClock
    #: the binds of each link: "bound", or why not
    links: dict[str, list[str]]
    postbacks: ShownPostbacks


def ready(standing: Callable[[], Readiness]) -> HttpReply:
    """Say whether messages are taken, and how store, clock and links are: a link that is down stops sending,
    not accepting.
    """
    found = standing()
    status = "draining" if found.is_draining else "store fault" if found.store.fault else "ready"
    document = {
        "status": status,
        "store": found.store,
        "clock": found.clock,
        "links": found.links,
        "postbacks": found.postbacks,
    }
    return HttpReply(200 if status == "ready" else 503, JSON, msgspec.json.encode(document))


def metrics(of: Metrics) -> HttpReply:
    """Give the counters in Prometheus' text format."""
    return HttpReply(200, b"text/plain; version=0.0.4; charset=utf-8", of.exposition())
