"""Explains which link and price a message gets, and why no other: `aldis route` and the page of a message."""

from __future__ import annotations

import heapq

import msgspec

from aldis.accounts.directory import Directory
from aldis.accounts.number_plans import KnownBy, known_by
from aldis.accounts.numbering import Recipient
from aldis.accounts.price import from_micros
from aldis.accounts.routes import Route
from aldis.accounts.routing import Content, Router, Unroutable

#: routes that are shown of a longer table
NEIGHBOURS = 20


class Rule(msgspec.Struct, frozen=True):
    """One route, and what became of it."""

    route: Route
    #: "chosen", "less telling", or the criterion that the message does not meet
    verdict: str


class Explanation(msgspec.Struct, frozen=True):
    """How a message would go."""

    recipient: Recipient
    carrier: str
    #: its own, then those that may take it should that go down; empty when it is refused
    links: tuple[str, ...]
    #: links of its route that the settings lack
    unknown_links: tuple[str, ...]
    #: of one segment, or of one multimedia message; None when nothing is priced
    price: str | None
    is_mms: bool
    #: the chosen one and its neighbours, in the order of the table: those that match too, and those that miss
    #: least
    rules: tuple[Rule, ...]
    #: how many more routes there are
    left_out: int
    #: what tells that the number is one
    known_by: KnownBy


def explain(
    known: Directory, router: Router, recipient: Recipient, sender: str, carrier: str, content: Content | None
) -> Explanation:
    """Work out how a message would go, as admission does. `carrier`, `content`: as `Router.plan` has them."""
    carrier = carrier or known.carrier_of(recipient.msisdn)
    country, is_mms = recipient.country, content is not None
    planned = router.plan(known, sender, recipient, carrier, content)
    chosen = router.route(known, (is_mms, carrier, sender, country))
    rules = []
    for place, rule in enumerate(known.routes):
        missed = rule.mismatches(carrier, sender, country)
        if not missed and not router.links(rule, is_mms=is_mms):
            missed = ["content"]
        verdict = missed[0] if missed else "chosen" if rule is chosen else "less telling"
        rules.append((rule is not chosen, len(missed), place, Rule(rule, verdict)))
    near = sorted(heapq.nsmallest(NEIGHBOURS, rules), key=lambda each: each[2])
    named = () if chosen is None else router.links(chosen, is_mms=is_mms)
    micros = (known.mms_price_micros if is_mms else known.price_micros)(carrier, country)
    return Explanation(
        recipient,
        carrier,
        () if isinstance(planned, Unroutable) else (planned.link, *planned.backups),
        tuple(link for link in named if link not in router.rules and link not in router.mms),
        None if micros is None else from_micros(micros),
        is_mms,
        tuple(rule for *_, rule in near),
        len(rules) - len(near),
        known_by(recipient.msisdn, known.number_ranges),
    )
