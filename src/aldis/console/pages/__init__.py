"""The pages, one file a subject; each names its paths and their roles in PAGES."""

from __future__ import annotations

from aldis.console import api
from aldis.console.page import Page
from aldis.console.pages import account_toml, accounts, consent, history, links, now, people, routes

PAGES: tuple[Page, ...] = (
    *now.PAGES,
    *links.PAGES,
    *accounts.PAGES,
    *account_toml.PAGES,
    *routes.PAGES,
    *history.PAGES,
    *consent.PAGES,
    *people.PAGES,
    *api.PAGES,
)
