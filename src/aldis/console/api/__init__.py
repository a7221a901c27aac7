"""The admin API `/v1`, one file a subject; each names its calls and their roles in PAGES."""

from __future__ import annotations

from aldis.console.api import events, handsets
from aldis.console.page import Page

PAGES: tuple[Page, ...] = (*handsets.PAGES, *events.PAGES)
