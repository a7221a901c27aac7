"""One plan for all who route: link, price, and the links that may take over."""

from __future__ import annotations

import msgspec
import pytest

from aldis.accounts.carriers import Carrier
from aldis.accounts.directory import Directory, assemble
from aldis.accounts.numbering import Recipient
from aldis.accounts.price import MMS, Price
from aldis.accounts.routes import Route
from aldis.accounts.routing import Content, MmsRules, Planned, Router, Unroutable
from aldis.sms.fitting import PLAIN, DefaultAlphabet, TextRules

SWEDEN, DENMARK = Recipient("46701234567", "SE"), Recipient("4512345678", "DK")
TEXTS = {"first": PLAIN, "second": PLAIN, "latin": TextRules(alphabet=DefaultAlphabet.LATIN_1)}
MMS_LINKS = {"small": MmsRules(100), "large": MmsRules(1_000), "shrinking": MmsRules(10, shrinks=True)}
PRICES = [Price(1), Price(2, country="DK"), Price(20, content=MMS)]


def a_directory(*routes: Route) -> Directory:
    carriers = [Carrier("telia", prefixes=("4670",))]
    return assemble(1, [], [], carriers, list(routes), PRICES)


@pytest.mark.parametrize(
    ("up", "link", "backups"),
    [
        ({"first", "second", "latin"}, "first", ("second",)),
        ({"second", "latin"}, "latin", ()),
        ({"second"}, "second", ("first",)),
        (set(), "first", ("second",)),
    ],
)
def test_a_text_takes_the_first_link_that_is_up_and_backups_that_write_it_alike(
    up: set[str], link: str, backups: tuple[str, ...]
) -> None:
    known, router = a_directory(Route("first", backups=("latin", "second"))), Router(TEXTS, up.__contains__)
    assert router.plan(known, "x", SWEDEN) == Planned(link, 1, backups)
    assert router.plan(known, "x", SWEDEN, is_later=True) == Planned("first", 1, ("second",))


@pytest.mark.parametrize(
    ("content", "up", "planned"),
    [
        (Content(100), {"small", "large"}, Planned("small", 20, ("large",))),
        (Content(100), {"large"}, Planned("large", 20, ("small",))),
        (Content(101), {"small"}, Planned("large", 20)),
        (Content(1_001), {"small", "large"}, Unroutable.TOO_LARGE),
    ],
)
def test_a_multimedia_message_takes_links_that_carry_its_size(
    content: Content, up: set[str], planned: Planned | Unroutable
) -> None:
    known = a_directory(Route("first", backups=("small", "large")))
    assert Router(TEXTS, up.__contains__, MMS_LINKS).plan(known, "x", SWEDEN, content=content) == planned


def test_what_is_taken_as_it_is_cannot_be_made_smaller() -> None:
    known, router = a_directory(Route("shrinking")), Router({}, lambda _: True, MMS_LINKS)
    assert router.plan(known, "x", SWEDEN, content=Content(11)) == Planned("shrinking", 20)
    assert router.plan(known, "x", SWEDEN, content=Content(11, is_whole=True)) is Unroutable.TOO_LARGE


@pytest.mark.parametrize(
    "routes",
    [(), (Route("first", country="NO"),), (Route("gone"),), (Route("small"),)],
    ids=["no routes", "none that matches", "a link that the settings lack", "a link for other content"],
)
def test_what_goes_nowhere(routes: tuple[Route, ...]) -> None:
    router = Router(TEXTS, lambda _: True, MMS_LINKS)
    assert router.plan(a_directory(*routes), "x", SWEDEN) is Unroutable.NO_ROUTE


def test_without_a_price_there_is_no_way() -> None:
    known = assemble(1, [], [], [], [Route("first"), Route("small")], [Price(1, country="NO")])
    router = Router(TEXTS, lambda _: True, MMS_LINKS)
    assert router.plan(known, "x", SWEDEN) is Unroutable.NO_ROUTE
    assert router.plan(known, "x", SWEDEN, content=Content(1)) is Unroutable.NO_ROUTE


def test_the_carrier_is_the_one_that_is_named_or_whose_the_number_is() -> None:
    known = a_directory(Route("first"), Route("second", carrier="telia"))
    router = Router(TEXTS, lambda _: True)
    asked = [(SWEDEN, ""), (DENMARK, ""), (DENMARK, "telia"), (SWEDEN, "telenor")]
    planned = [router.plan(known, "x", recipient, carrier) for recipient, carrier in asked]
    assert planned == [Planned("second", 1), Planned("first", 2), Planned("second", 2), Planned("first", 1)]


def test_routes_are_parted_by_what_their_links_carry() -> None:
    known = a_directory(
        Route("first"), Route("small", country="DK", backups=("second", "large")), Route("large")
    )
    router = Router(TEXTS, lambda _: True, MMS_LINKS)
    asked = [(SWEDEN, None), (DENMARK, None), (SWEDEN, Content(1)), (DENMARK, Content(1))]
    planned = [router.plan(known, "x", recipient, "", content) for recipient, content in asked]
    wanted = [
        Planned("first", 1),
        Planned("second", 2),
        Planned("large", 20),
        Planned("small", 20, ("large",)),
    ]
    assert planned == wanted


def test_a_choice_under_an_old_directory_is_not_taken_under_the_new_one() -> None:
    """A large submission is routed in a thread: the directory may change in the middle of it."""
    new = assemble(2, [], [], [], [Route("second")], [Price(2)])

    class Changing(Directory, frozen=True):
        """Changes while it is asked."""

        def price_micros(self, carrier: str, country: str) -> int | None:
            assert router.plan(new, "74700", SWEDEN) == Planned("second", 2)
            return super().price_micros(carrier, country)

    old = Changing(*msgspec.structs.astuple(assemble(1, [], [], [], [Route("first")], [Price(1)])))
    router = Router(TEXTS, lambda _: True)
    for directory, link, price in ((old, "first", 1), (new, "second", 2), (old, "first", 1)):
        assert router.plan(directory, "74700", SWEDEN) == Planned(link, price)
    assert router.plan(new, "74701", DENMARK) == Planned("second", 2)
