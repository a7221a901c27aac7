"""Routes: which links a message may take, by carrier, then sender, then country, then the default. Pure."""

from __future__ import annotations

import msgspec


class Route(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule; an empty criterion matches everything."""

    link: str
    carrier: str = ""
    sender: str = ""
    country: str = ""
    #: links to take instead, in this order, while `link` is down
    backups: tuple[str, ...] = ()

    @property
    def links(self) -> tuple[str, ...]:
        """All links, in the order in which they are tried."""
        return (self.link, *self.backups)

    def mismatches(self, carrier: str, sender: str, country: str) -> list[str]:
        """Name the criteria that a message does not meet."""
        asked = (
            ("carrier", self.carrier, carrier),
            ("sender", self.sender, sender),
            ("country", self.country, country),
        )
        return [name for name, wanted, given in asked if wanted not in ("", given)]


def choose_route(routes: tuple[Route, ...], carrier: str, sender: str, country: str) -> Route | None:
    """Choose the most telling rule that matches; the first in the file among equals, None when none does.

    The carrier beats the sender, that beats the country, that beats nothing.
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
    return best
