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


def ready(links: Callable[[], dict[str, list[str]]], is_draining: Callable[[], bool]) -> HttpReply:
    """Say whether messages are taken, and how the binds of each link stand ("bound", or why not): a link that
    is down stops sending, not accepting.
    """
    draining = is_draining()
    document = {
        "status": "draining" if draining else "ready",
        "links": links(),
    }
    return HttpReply(503 if draining else 200, JSON, msgspec.json.encode(document))


def metrics(of: Metrics) -> HttpReply:
    """Give the counters in Prometheus' text format."""
    return HttpReply(200, b"text/plain; version=0.0.4; charset=utf-8", of.exposition())
