"""The admin API `/v1`: what pages can do, for programs. One file a subject; each names its calls in PAGES."""

from __future__ import annotations

from aldis.console.api import bulk, events, handsets, sending
from aldis.console.page import Page

PAGES: tuple[Page, ...] = (*handsets.PAGES, *events.PAGES, *sending.PAGES, *bulk.PAGES)
