"""The pages, one file a subject; each names its paths and their roles in PAGES."""

from __future__ import annotations

from aldis.console import api
from aldis.console.page import Page
from aldis.console.pages import inbound, messages, now, postbacks, statistics

PAGES: tuple[Page, ...] = (
    *now.PAGES,
    *messages.PAGES,
    *inbound.PAGES,
    *postbacks.PAGES,
    *statistics.PAGES,
    *api.PAGES,
)
