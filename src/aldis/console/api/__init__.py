"""The admin API: JSON calls under /v1, one file a subject; each names its paths and their roles in PAGES."""

from __future__ import annotations

from aldis.console.api import consents, directory, history, links, people
from aldis.console.page import Page

PAGES: tuple[Page, ...] = (
    *directory.PAGES,
    *history.PAGES,
    *links.PAGES,
    *consents.PAGES,
    *people.PAGES,
)
