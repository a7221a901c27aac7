"""The admin API under /v1, one file a subject; each names its paths and their roles in PAGES."""

from __future__ import annotations

from aldis.console.api import inbound, messages, postbacks, statistics
from aldis.console.page import Page

PAGES: tuple[Page, ...] = (*messages.PAGES, *inbound.PAGES, *postbacks.PAGES, *statistics.PAGES)
