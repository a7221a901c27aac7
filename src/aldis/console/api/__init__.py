"""The admin API `/v1`: what pages can do, for programs. One file a subject; each has its calls in CALLS."""

from __future__ import annotations

from aldis.console.api import (
    bulk,
    consents,
    directory,
    events,
    handsets,
    history,
    inbound,
    links,
    messages,
    nodes,
    people,
    postbacks,
    refusals,
    sending,
    statistics,
)
from aldis.console.page import Page

PAGES: tuple[Page, ...] = (
    *messages.CALLS,
    *sending.CALLS,
    *bulk.CALLS,
    *inbound.CALLS,
    *postbacks.CALLS,
    *refusals.CALLS,
    *statistics.CALLS,
    *directory.CALLS,
    *history.CALLS,
    *links.CALLS,
    *nodes.CALLS,
    *consents.CALLS,
    *people.CALLS,
    *handsets.CALLS,
    *events.CALLS,
)
