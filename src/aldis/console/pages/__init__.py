"""The pages, one file a subject; each names its paths and their roles in PAGES."""

from __future__ import annotations

from aldis.console.page import Page
from aldis.console.pages import handsets, now

PAGES: tuple[Page, ...] = (*now.PAGES, *handsets.PAGES)
