"""Routes: which link a message takes, by carrier, then sender, then country, then the default. Pure."""

from __future__ import annotations

import msgspec


class Route(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule; an empty criterion matches everything."""

    link: str
    carrier: str = ""
    sender: str = ""
    country: str = ""


def choose_link(routes: tuple[Route, ...], carrier: str, sender: str, country: str) -> str | None:
    """Choose the link of the most telling rule that matches; the first in the file among equals, None when
    none does.

    A rule on the carrier beats one on the sender, that beats one on the country, that beats one without
    criteria.
    """
    best: Route | None = None
    best_weight = -1
    for route in routes:
        if (
            route.carrier not in ("", carrier)
            or route.sender not in ("", sender)
            or route.country not in ("", country)
        ):
            continue
        weight = 4 * bool(route.carrier) + 2 * bool(route.sender) + bool(route.country)
        if weight > best_weight:
            best, best_weight = route, weight
    return best.link if best else None
