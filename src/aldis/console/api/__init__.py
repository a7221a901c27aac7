"""The admin API `/v1`: what pages can do, for programs. One file a subject; each names its calls in PAGES."""

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
    people,
    postbacks,
    sending,
    statistics,
)
from aldis.console.page import Page

PAGES: tuple[Page, ...] = (
    *messages.PAGES,
    *sending.PAGES,
    *bulk.PAGES,
    *inbound.PAGES,
    *postbacks.PAGES,
    *statistics.PAGES,
    *directory.PAGES,
    *history.PAGES,
    *links.PAGES,
    *consents.PAGES,
    *people.PAGES,
    *handsets.PAGES,
    *events.PAGES,
)
