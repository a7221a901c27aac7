"""The pages, one file a subject; each names its paths and their roles in PAGES."""

from __future__ import annotations

from aldis.console.api import bulk as bulk_api
from aldis.console.api import sending as sending_api
from aldis.console.api.description import with_description
from aldis.console.page import Page
from aldis.console.pages import bulk, compose, now

PAGES: tuple[Page, ...] = with_description(
    (
        *now.PAGES,
        *compose.PAGES,
        *bulk.PAGES,
        *sending_api.PAGES,
        *bulk_api.PAGES,
    )
)
