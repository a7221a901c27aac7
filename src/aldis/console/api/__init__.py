"""The admin API: JSON calls under /v1, one file a subject; each names its paths and their roles in PAGES."""

from __future__ import annotations

from aldis.console.page import Page

PAGES: tuple[Page, ...] = ()
