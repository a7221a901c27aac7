"""Explains which link and price a message gets, and why no other: `aldis route` and the page of a message."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from aldis.accounts.directory import Directory
from aldis.accounts.numbering import Recipient
from aldis.accounts.price import from_micros
from aldis.accounts.routes import Route, RoutesByContent, choose_route


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
    #: of one segment, or of one multimedia message; None when nothing is priced
    price: str | None
    is_mms: bool
    rules: tuple[Rule, ...]


class Asked(msgspec.Struct, frozen=True):
    """What kind of message is asked about."""

    carrier: str
    sender: str
    is_mms: bool


def explain(known: Directory, recipient: Recipient, asked: Asked, links: Mapping[str, bool]) -> Explanation:
    """Work out how a message would go. `links`: those of the settings, and whether each is for multimedia
    messages.
    """
    carrier, sender = asked.carrier or known.carrier_of(recipient.msisdn), asked.sender
    by_content = RoutesByContent([name for name, is_mms in links.items() if is_mms])
    over = by_content.for_mms if asked.is_mms else by_content.for_texts
    # each rule with only the links that carry such a message; without any it is no rule
    able = [(rule, next(iter(over((rule,))), None)) for rule in known.routes]
    usable = tuple(route for _, route in able if route is not None)
    chosen = choose_route(usable, carrier, sender, recipient.country)
    rules = []
    for rule, usable_as in able:
        mismatch = rule.mismatch(carrier, sender, recipient.country)
        if not mismatch and usable_as is None:
            mismatch = "content"
        rules.append(Rule(rule, mismatch or ("chosen" if usable_as is chosen else "less telling")))
    tried = () if chosen is None else chosen.links
    price = known.mms_price_micros if asked.is_mms else known.price_micros
    micros = price(carrier, recipient.country)
    return Explanation(
        recipient,
        carrier,
        tried,
        tuple(link for link in tried if link not in links),
        None if micros is None else from_micros(micros),
        asked.is_mms,
        tuple(rules),
    )
