"""The pages, one file a subject; each names its paths and their roles in PAGES, with the admin API's."""

from __future__ import annotations

from aldis.console import api
from aldis.console.api.description import with_description
from aldis.console.page import Page
from aldis.console.pages import (
    account_toml,
    accounts,
    bulk,
    compose,
    consent,
    handsets,
    history,
    inbound,
    links,
    messages,
    nodes,
    now,
    people,
    postbacks,
    refusals,
    routes,
    statistics,
)

PAGES: tuple[Page, ...] = with_description(
    (
        *now.PAGES,
        *messages.PAGES,
        *compose.PAGES,
        *bulk.PAGES,
        *handsets.PAGES,
        *inbound.PAGES,
        *postbacks.PAGES,
        *refusals.PAGES,
        *links.PAGES,
        *nodes.PAGES,
        *accounts.PAGES,
        *account_toml.PAGES,
        *routes.PAGES,
        *history.PAGES,
        *consent.PAGES,
        *statistics.PAGES,
        *people.PAGES,
        *api.PAGES,
    )
)
