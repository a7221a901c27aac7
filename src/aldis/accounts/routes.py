"""Routes: which links a message may take, by carrier, then sender, then country, then the default. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection

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

    def mismatch(self, carrier: str, sender: str, country: str) -> str:
        """Name the criterion that a message does not meet; "" when it meets all."""
        if self.carrier not in ("", carrier):
            return "carrier"
        if self.sender not in ("", sender):
            return "sender"
        return "country" if self.country not in ("", country) else ""


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


class RoutesByContent:
    """Parts the routes for texts from those for multimedia messages, by the links they lead to.

    Remembers the answer for as long as it is asked about the same routes: the hot path asks for each message.
    """

    def __init__(self, mms_links: Collection[str]) -> None:
        self._mms_links = frozenset(mms_links)
        self._parted: tuple[tuple[Route, ...], tuple[Route, ...], tuple[Route, ...]] = ((), (), ())

    def for_texts(self, routes: tuple[Route, ...]) -> tuple[Route, ...]:
        """Give the routes that a text may take."""
        return routes if not self._mms_links else self._part(routes)[1]

    def for_mms(self, routes: tuple[Route, ...]) -> tuple[Route, ...]:
        """Give the routes that a multimedia message may take."""
        return self._part(routes)[2]

    def _part(
        self, routes: tuple[Route, ...]
    ) -> tuple[tuple[Route, ...], tuple[Route, ...], tuple[Route, ...]]:
        parted = self._parted
        if parted[0] is not routes:
            mms = self._mms_links
            texts = _over(routes, lambda link: link not in mms)
            parted = self._parted = (routes, texts, _over(routes, mms.__contains__))
        return parted


def _over(routes: tuple[Route, ...], is_wanted: Callable[[str], bool]) -> tuple[Route, ...]:
    """Give routes with only the links that are wanted, without those that have none."""
    found = []
    for route in routes:
        links = tuple(link for link in route.links if is_wanted(link))
        if links == route.links:
            found.append(route)
        elif links:
            found.append(msgspec.structs.replace(route, link=links[0], backups=links[1:]))
    return tuple(found)


def choose_link(route: Route, is_up: Callable[[str], bool]) -> str:
    """Take the first link that is up; where none is, the first, whose messages wait."""
    if not route.backups or is_up(route.link):
        return route.link
    return next((link for link in route.backups if is_up(link)), route.link)
