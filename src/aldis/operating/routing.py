"""Explains which link and price a message gets, and why no other: `aldis route` and the page of a message."""

from __future__ import annotations

import msgspec

from aldis.accounts.directory import Directory
from aldis.accounts.numbering import Recipient
from aldis.accounts.price import from_micros
from aldis.accounts.routes import Route, choose_route


class Rule(msgspec.Struct, frozen=True):
    """One route, and what became of it."""

    route: Route
    #: "chosen", "less telling", or the criterion that the message does not meet
    verdict: str


class Explanation(msgspec.Struct, frozen=True):
    """How a message would go."""

    recipient: Recipient
    carrier: str
    #: in the order in which they are tried; empty when no rule matches
    links: tuple[str, ...]
    #: links that the settings lack
    unknown_links: tuple[str, ...]
    #: of one segment; None when nothing is priced
    price: str | None
    rules: tuple[Rule, ...]


def explain(
    known: Directory, recipient: Recipient, carrier: str, sender: str, links: frozenset[str]
) -> Explanation:
    """Work out how a message would go. `links`: those of the settings."""
    carrier = carrier or known.carrier_of(recipient.msisdn)
    chosen = choose_route(known.routes, carrier, sender, recipient.country)
    rules = []
    for rule in known.routes:
        mismatch = rule.mismatch(carrier, sender, recipient.country)
        rules.append(Rule(rule, mismatch or ("chosen" if rule is chosen else "less telling")))
    tried = () if chosen is None else chosen.links
    micros = known.price_micros(carrier, recipient.country)
    return Explanation(
        recipient,
        carrier,
        tried,
        tuple(link for link in tried if link not in links),
        None if micros is None else from_micros(micros),
        tuple(rules),
    )
