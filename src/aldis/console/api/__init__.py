"""The admin API `/v1`: what pages can do, for programs. One file a subject; each names its calls in PAGES."""

from __future__ import annotations

from aldis.console.api import bulk, events, handsets, inbound, messages, postbacks, sending, statistics
from aldis.console.page import Page

PAGES: tuple[Page, ...] = (
    *messages.PAGES,
    *sending.PAGES,
    *bulk.PAGES,
    *inbound.PAGES,
    *postbacks.PAGES,
    *statistics.PAGES,
    *handsets.PAGES,
    *events.PAGES,
)
