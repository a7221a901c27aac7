"""The paths that belong to the house: is it alive, is it ready, what are its numbers."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from aldis.dialects.exchange import HttpReply
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


def ready(
    links: Callable[[], dict[str, list[str]]],
    is_draining: Callable[[], bool],
    store: Callable[[], ShownStore],
) -> HttpReply:
    """Say whether messages are taken, how the store is, and how the binds of each link stand ("bound", or why
    not): a link that is down stops sending, not accepting.
    """
    health = store()
    status = "draining" if is_draining() else "store fault" if health.fault else "ready"
    document = {"status": status, "store": health, "links": links()}
    return HttpReply(200 if status == "ready" else 503, JSON, msgspec.json.encode(document))


def metrics(of: Metrics) -> HttpReply:
    """Give the counters in Prometheus' text format."""
    return HttpReply(200, b"text/plain; version=0.0.4; charset=utf-8", of.exposition())
