"""The directory file: what it says, every fault with its line, and applying it twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.accounts import directory_file
from aldis.accounts.carriers import Carrier
from aldis.accounts.directory import assemble
from aldis.accounts.directory_export import export
from aldis.accounts.plan import Plan, Stored, plan
from aldis.accounts.price import MMS, Price, from_micros, to_micros
from aldis.accounts.routes import Route, choose_route
from aldis.accounts.senders import Sender
from aldis.demo.world import text_of
from aldis.dialects.registry import TRAITS
from aldis.errors import SettingsError

FAULTY = """\
[[account]]
name = "one"
networks = ["10.0.0.0/33"]
credit = "1.2345678"
burts = 3

[[account.credential]]
dialect = "telegram"
key = "k"

[[account]]
name = "one"
rate_per_s = "fast"

[[account.credential]]
dialect = "genesys"
login = "x"

[[price]]
per_segment = "free"

[[opt_in]]
sender = "1"
topic = "t"
numbers = ["20000000-10000000", "abc"]
"""


#: what TOML and the file could stumble over
ODD = """
[[account]]
name = "Ø'\\"\\\\ \\u0007 acme"
credit = "0.000001"
[account.postback_secret]
mavorion = "sh\\"h"
[[account.sender]]
value = "ACME"
stop_reply = ""
keywords = ["a", "b"]
[[account.credential]]
dialect = "mavorion"
key = "a key of acme"
secret = "signed"
until = 2027-01-02T03:04:05.678+02:00
[[account.credential]]
dialect = "mavorion"
login = "acme"
password = "pass"
[[number_range]]
country = "US"
begins = "679"
length = 10
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(SettingsError) as found:
        directory_file.read(text, "d.toml", TRAITS)
    return found.value.problems


def test_all_faults_are_told_at_once_with_their_lines() -> None:
    problems = faults_of(FAULTY)
    for line, word in [
        (1, "telegram"),
        (3, "10.0.0.0/33"),
        (4, "six decimals"),
        (5, "unknown key"),
        (12, "twice"),
        (13, "Expected `float | null`"),
        (15, "`login` and `password`"),
        (20, "free"),
        (25, "runs backwards"),
        (25, "abc"),
    ]:
        assert any(p.startswith(f"d.toml:{line}:") and word in p for p in problems), (line, word, problems)
    assert len(problems) == 10


def test_number_ranges_are_judged() -> None:
    text = '[[number_range]]\ncountry = "US"\nbegins = "{}"\nlength = 10\n'
    assert len(directory_file.read(text.format("679"), "d.toml", TRAITS).number_range) == 1
    (problem,) = faults_of(text.format("+1679"))
    assert problem.startswith("d.toml:3: number_range[1].begins:")


def test_what_cannot_be_is_told() -> None:
    text = '[[account]]\nname = "a"\ncurrency = "EURO"\n[[account.sender]]\nvalue = "not a sender!"\n'
    text += '[[account.credential]]\ndialect = "skycore"\nkey = "k"\ncountry = "XX"\n[[route]]\nlink = "l"\ncountry = "us"\n'
    words = ("ISO 4217", "cannot be a sender", "`XX` is no country", "`us` is no country")
    assert [word in problem for word, problem in zip(words, faults_of(text), strict=True)] == [True] * 4


def test_what_is_no_toml_is_told_with_its_line() -> None:
    assert "line 2" in faults_of("\na = = 1")[0]


def stored_after(changes: Plan, before: Stored) -> Stored:
    records = {**before.records, **{(record.kind, record.key): record.body for record in changes.records}}
    applied = {**before.applied, **{each.place: each.body for each in changes.applied}}
    return Stored(records, {**before.credited, **changes.credited}, applied=applied)


def test_applying_a_file_twice_changes_nothing() -> None:
    wanted = directory_file.read(text_of("world.toml"), "world.toml", TRAITS)
    empty = Stored({}, {})
    first = plan(wanted, empty, TRAITS)
    assert len(first.lines) > 10
    assert b"demo-genesys" not in b"".join(record.body for record in first.records)
    again = plan(wanted, stored_after(first, empty), TRAITS)
    assert not again.records
    assert not again.credited
    assert not again.applied


def test_an_exported_directory_is_the_directory() -> None:
    wanted = directory_file.read(text_of("world.toml") + ODD, "world.toml", TRAITS)
    empty = Stored({}, {})
    stored = stored_after(plan(wanted, empty, TRAITS), empty)
    text = export(stored)
    assert "demo-genesys" not in text
    exported = directory_file.read(text, "exported.toml", TRAITS)
    again = plan(exported, stored, TRAITS)
    assert (again.lines, again.kept, again.conflicts) == ((), (), ())
    elsewhere = stored_after(plan(exported, empty, TRAITS), empty)
    assert (elsewhere.records, elsewhere.credited) == (stored.records, stored.credited)


def test_two_accounts_cannot_share_a_credential() -> None:
    one = '[[account]]\nname = "{}"\n[[account.credential]]\ndialect = "skycore"\nkey = "same"\n'
    wanted = directory_file.read(one.format("a") + one.format("b"), "d.toml", TRAITS)
    with pytest.raises(SettingsError, match="share a skycore credential"):
        plan(wanted, Stored({}, {}), TRAITS)


@given(st.integers(-(10**12), 10**12))
def test_money_survives_being_written(micros: int) -> None:
    assert to_micros(from_micros(micros)) == micros


@pytest.mark.parametrize("amount", ["", "a", "1,5", "0.0000001", "inf", "nan"])
def test_what_is_no_money(amount: str) -> None:
    with pytest.raises(ValueError, match=r"amount of money|decimals"):
        to_micros(amount)


ROUTES = (
    Route("default"),
    Route("danish", country="DK"),
    Route("short", sender="74700"),
    Route("verizon", carrier="verizon-us"),
    Route("second default"),
)


@pytest.mark.parametrize(
    ("carrier", "sender", "country", "link"),
    [
        ("", "x", "SE", "default"),
        ("", "x", "DK", "danish"),
        ("", "74700", "DK", "short"),
        ("verizon-us", "74700", "DK", "verizon"),
    ],
)
def test_the_most_telling_rule_wins(carrier: str, sender: str, country: str, link: str) -> None:
    route = choose_route(ROUTES, carrier, sender, country)
    assert route is not None
    assert route.link == link


def test_without_a_rule_there_is_no_route() -> None:
    assert choose_route((Route("danish", country="DK"),), "", "", "SE") is None


def test_a_price_is_that_of_the_carrier_before_that_of_the_country() -> None:
    prices = [Price(1), Price(2, country="DK"), Price(3, carrier="tdc"), Price(4, "DK", "tdc")]
    known = assemble(1, [], [], [], [], prices)
    asked = [("", "SE"), ("", "DK"), ("tdc", "SE"), ("tdc", "DK"), ("telia", "DK")]
    assert [known.price_micros(carrier, country) for carrier, country in asked] == [1, 2, 3, 4, 2]


def test_a_multimedia_message_has_prices_of_its_own() -> None:
    prices = [Price(1), Price(20, content=MMS), Price(30, "DK", content=MMS)]
    known = assemble(1, [], [], [], [], prices)
    assert [known.price_micros("", country) for country in ("SE", "DK")] == [1, 1]
    assert [known.mms_price_micros("", country) for country in ("SE", "DK")] == [20, 30]
    assert assemble(1, [], [], [], [], [Price(1)]).mms_price_micros("", "SE") is None


@pytest.mark.parametrize(
    ("price", "fault"),
    [
        ("", "a price for sms needs `per_segment`"),
        ('content = "mms"', "a price for mms needs `per_message`"),
        ('content = "mms"\nper_message = "free"', "is no amount of money"),
        ('per_segment = "1"\nper_message = "1"', "is not for sms: give `per_segment`"),
        ('content = "fax"\nper_segment = "1"', "must be one of"),
    ],
)
def test_a_price_that_makes_no_sense_is_named(price: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        directory_file.read(f"[[price]]\n{price}\n", "world.toml", TRAITS)


def test_the_longest_beginning_tells_the_carrier() -> None:
    carriers = [Carrier("att", prefixes=("1", "1480")), Carrier("verizon", prefixes=("1480734",))]
    known = assemble(1, [], [], carriers, [], [])
    assert [known.carrier_of(number) for number in ("14807345077", "14805550100", "4512345678")] == [
        "verizon",
        "att",
        "",
    ]


def test_default_means_the_first_keyword() -> None:
    sender = Sender("74700", ("demo", "other"))
    assert [sender.keyword_meant_by(given) for given in ("default", "", None, "OTHER", "no")] == [
        "demo",
        "demo",
        "demo",
        "other",
        None,
    ]
