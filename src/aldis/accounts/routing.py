"""Plans how a message goes: its link, its price, and the links that may take it should that one go down.

One plan for all who route: admission, answers to handsets, sending again, and those who explain. Pure, but
for a cache of what was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import NamedTuple

import msgspec

from aldis.accounts.directory import Directory
from aldis.accounts.numbering import Recipient
from aldis.accounts.routes import Route, choose_route
from aldis.sms.fitting import TextRules

#: when more choices are cached, all are dropped
MOST_CHOICES = 10_000


class MmsRules(msgspec.Struct, frozen=True):
    """What a link for multimedia messages can carry."""

    #: of one message; 0: whatever admission takes
    max_octets: int = 0
    #: what is too large is made smaller on its way
    shrinks: bool = False

    def carry(self, content: Content) -> bool:
        """Tell whether a message is not too large."""
        fits = not self.max_octets or content.octets <= self.max_octets
        return fits or (self.shrinks and not content.is_whole)


class Content(NamedTuple):
    """What a link has to carry of a multimedia message."""

    octets: int
    #: taken as it is, so that it cannot be made smaller
    is_whole: bool = False


class Planned(NamedTuple):
    """How a message goes."""

    link: str
    #: of a segment, or of a multimedia message
    price: int
    #: links that carry it the same way, in their order
    backups: tuple[str, ...] = ()


class Unroutable(Enum):
    """Why a message goes nowhere."""

    #: no rule, no price, or a link that the settings lack
    NO_ROUTE = auto()
    #: for every link of its route
    TOO_LARGE = auto()


class _Options(NamedTuple):
    """What is left to choose from when a message comes."""

    links: tuple[str, ...]
    price: int


#: for multimedia, carrier, sender, country
_Key = tuple[bool, str, str, str]


class _Cache(NamedTuple):
    """What was chosen under one version of the directory."""

    directory: Directory | None
    #: whatever is up, whatever the size
    planned: dict[_Key, Planned | Unroutable]
    options: dict[_Key, _Options]


class Router:
    """The links that this gateway has, and which of them a message takes."""

    def __init__(
        self,
        rules: Mapping[str, TextRules],
        is_up: Callable[[str], bool],
        mms: Mapping[str, MmsRules] | None = None,
    ) -> None:
        """`rules`, `mms`: what each link for texts, for multimedia messages can carry."""
        self.rules = rules
        self.is_up = is_up
        self.mms = mms or {}
        #: replaced whole: a large submission asks in a thread, and perhaps under an older version
        self._cache = _Cache(None, {}, {})

    def plan(
        self,
        directory: Directory,
        sender: str,
        recipient: Recipient,
        carrier: str = "",
        content: Content | None = None,
        is_later: bool = False,  # noqa: FBT001, FBT002 - by its place: it is asked for each message
    ) -> Planned | Unroutable:
        """Plan one message. `carrier`: our name of it, "" for whose the number is; `content`: None for a
        text; `is_later`: which links are up now says nothing of it.
        """
        if not carrier and directory.prefix_lengths:
            carrier = directory.carrier_of(recipient.msisdn)
        cache = self._cache
        if cache.directory is not directory:
            cache = self._cache = _Cache(directory, {}, {})
        key = (content is not None, carrier, sender, recipient.country)
        planned = cache.planned.get(key)
        if planned is not None:
            return planned
        chosen = cache.options.get(key) or self._choose(cache, directory, key)
        if isinstance(chosen, _Options):
            return self._among(chosen, _surely if is_later else self.is_up, content)
        return chosen

    def route(self, directory: Directory, key: _Key) -> Route | None:
        """Choose among the routes that have a link for such content."""
        usable = tuple([route for route in directory.routes if self.links(route, is_mms=key[0])])
        return choose_route(usable, *key[1:])

    def links(self, route: Route, *, is_mms: bool) -> tuple[str, ...]:
        """Give a route's links for one kind of content; those that the settings lack count as for texts."""
        return tuple([link for link in route.links if (link in self.mms) is is_mms])

    def _choose(self, cache: _Cache, directory: Directory, key: _Key) -> Planned | Unroutable | _Options:
        """Choose route and price, and cache them: with the link where there is one only."""
        is_mms, carrier, _, country = key
        route = self.route(directory, key)
        price = (directory.mms_price_micros if is_mms else directory.price_micros)(carrier, country)
        if len(cache.planned) + len(cache.options) >= MOST_CHOICES:
            cache.planned.clear()
            cache.options.clear()
        if route is not None and price is not None:
            options = _Options(self.links(route, is_mms=is_mms), price)
            if is_mms or len(options.links) > 1:
                cache.options[key] = options
                return options
            planned = cache.planned[key] = self._among(options, _surely, None)
        else:
            planned = cache.planned[key] = Unroutable.NO_ROUTE
        return planned

    def _among(
        self, options: _Options, is_up: Callable[[str], bool], content: Content | None
    ) -> Planned | Unroutable:
        """Take the first link that is up; where none is, the first, whose messages wait."""
        links, price = options
        link = next((each for each in links if is_up(each)), links[0])
        if content is None:
            rules = self.rules.get(link)
            if rules is None:
                return Unroutable.NO_ROUTE
            alike = [each for each in links if self.rules.get(each) == rules]
        else:
            alike = [each for each in links if self.mms[each].carry(content)]
            if not alike:
                return Unroutable.TOO_LARGE
            link = link if link in alike else alike[0]
        return Planned(link, price, tuple([each for each in alike if each != link]))


def _surely(_link: str) -> bool:
    return True
