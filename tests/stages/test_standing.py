"""What is remembered under one version of the directory says nothing under another, whoever asks last."""

from __future__ import annotations

import msgspec

from aldis.accounts.directory import Directory, assemble
from aldis.accounts.price import Price
from aldis.accounts.routes import Route
from aldis.stages.admission.case import Case, Links
from aldis.stages.admission.standing import Standings
from tests.stages.test_content import a_case


def under(case: Case, directory: Directory) -> Case:
    """The same asked under another version."""
    return msgspec.structs.replace(case, directory=directory)


def test_what_was_judged_under_an_old_directory_is_not_remembered_under_the_new_one() -> None:
    standings, old = Standings(), a_case(1)
    new = under(old, assemble(2, [], [], [], [], []))
    assert standings.adopt(old) is None
    assert standings.adopt(new) is None  # while the old one is asked in a thread
    standings.remember(old, ())
    assert standings.adopt(new) is None
    standings.remember(new, ())
    assert standings.adopt(new) == ()
    assert standings.adopt(old) is None


def test_a_way_that_is_found_under_an_old_directory_is_not_taken_under_the_new_one() -> None:
    """A large submission finds its ways in a thread: the directory may change in the middle of it."""
    new = assemble(2, [], [], [], [Route("new")], [Price(2)])

    class Changing(Directory, frozen=True):
        """Changes while it is asked."""

        def price_micros(self, carrier: str, country: str) -> int | None:
            assert links.way_of_text(new, "", "74700", "SE").price == 2
            return super().price_micros(carrier, country)

    old = Changing(*msgspec.structs.astuple(assemble(1, [], [], [], [Route("old")], [Price(1)])))
    links = Links({}, lambda _: True)
    for directory, link, price in ((old, "old", 1), (new, "new", 2), (old, "old", 1)):
        way = links.way_of_text(directory, "", "74700", "SE")
        assert way.route is not None
        assert (way.route.link, way.price) == (link, price)
    way = links.way_of_text(new, "", "74701", "DK")
    assert way.price == 2
