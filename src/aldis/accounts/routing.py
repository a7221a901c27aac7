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
_Choices = dict[_Key, Planned | Unroutable | _Options]


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
        #: a version of the directory, and what was chosen under it; replaced together, because a large
        #: submission asks in a thread, and perhaps under an older version
        self._cache: tuple[Directory | None, _Choices] = (None, {})

    def plan(
        self,
        directory: Directory,
        sender: str,
        recipient: Recipient,
        carrier: str = "",
        content: Content | None = None,
        is_later: bool = False,  # noqa: FBT001, FBT002 - as above
    ) -> Planned | Unroutable:
        """Plan one message. `carrier`: our name of it, "" for whose the number is; `content`: None for a
        text; `is_later`: which links are up now says nothing of it.
        """
        if not carrier and directory.prefix_lengths:
            carrier = directory.carrier_of(recipient.msisdn)
        of, choices = self._cache
        if of is not directory or len(choices) >= MOST_CHOICES:
            choices = {}
            self._cache = (directory, choices)
        key = (content is not None, carrier, sender, recipient.country)
        found = choices.get(key)
        if found is None:
            found = choices[key] = self._choose(directory, key)
        if not isinstance(found, _Options):
            return found
        is_up = _surely if is_later else self.is_up
        return self._among(found, is_up, content)

    def route(self, directory: Directory, key: _Key) -> Route | None:
        """Choose among the routes that have a link for such content."""
        usable = tuple([route for route in directory.routes if self.links(route, is_mms=key[0])])
        return choose_route(usable, *key[1:])

    def links(self, route: Route, *, is_mms: bool) -> tuple[str, ...]:
        """Give a route's links for one kind of content; those that the settings lack count as for texts."""
        return tuple([link for link in route.links if (link in self.mms) is is_mms])

    def _choose(self, directory: Directory, key: _Key) -> Planned | Unroutable | _Options:
        is_mms, carrier, _, country = key
        route = self.route(directory, key)
        price = (directory.mms_price_micros if is_mms else directory.price_micros)(carrier, country)
        if route is None or price is None:
            return Unroutable.NO_ROUTE
        options = _Options(self.links(route, is_mms=is_mms), price)
        return options if is_mms or len(options.links) > 1 else self._among(options, _surely, None)

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
