"""`aldis route` explains a choice, `aldis key` makes what nobody can guess."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from aldis.cli.main import aldis
from aldis.errors import GatewayError, SettingsError

SETTINGS = """
[[link]]
name = "a"
host = "127.0.0.1"
port = 1
system_id = "x"
password = "x"

[[link]]
name = "c"
host = "127.0.0.1"
port = 1
system_id = "x"
password = "x"
quirks = { alphabet = "latin1" }

[[link]]
name = "m"
kind = "mm7"
url = "http://127.0.0.1/mm7"
"""
DIRECTORY = """
[[account]]
name = "me"
default_sender = "74700"

[[account.sender]]
value = "74700"

[[account.credential]]
dialect = "sumotext"
key = "k"
country = "US"

[[carrier]]
name = "verizon"
prefixes = ["1480"]
[carrier.aliases]
sumotext = ["VERIZONUS"]

[[route]]
link = "a"

[[route]]
link = "b"
backups = ["a"]
carrier = "verizon"

[[route]]
link = "a"
backups = ["c"]
sender = "55555"

[[route]]
link = "m"
backups = ["a"]

[[price]]
per_segment = "0.05"

[[price]]
per_segment = "0.07"
country = "US"
carrier = "verizon"

[[price]]
content = "mms"
per_message = "0.20"
"""


@pytest.fixture
def where(tmp_path: Path) -> list[str]:
    (tmp_path / "aldis.toml").write_text(SETTINGS)
    (tmp_path / "d.toml").write_text(DIRECTORY)
    options = ["--config", str(tmp_path / "aldis.toml"), "--data-dir", str(tmp_path / "data")]
    assert CliRunner().invoke(aldis, ["apply", str(tmp_path / "d.toml"), *options]).exit_code == 0
    return options


def test_a_choice_and_why(where: list[str]) -> None:
    asked = ["route", "4805550100", "--account", "me", "--dialect", "sumotext", "--json", *where]
    found = json.loads(CliRunner().invoke(aldis, asked).stdout)
    assert found["recipient"] == {"msisdn": "14805550100", "country": "US"}
    assert (found["carrier"], found["links"], found["unknown_links"]) == ("verizon", ["a"], ["b"])
    assert found["price"] == "0.07"
    assert [rule["verdict"] for rule in found["rules"]] == [
        "less telling",
        "chosen",
        "sender",
        "less telling",
    ]


def test_a_choice_for_people(where: list[str]) -> None:
    shown = CliRunner().invoke(aldis, ["route", "+46701234567", "--sender", "55555", *where]).output
    assert "46701234567: SE, unknown carrier" in shown
    assert "link: a\n" in shown  # "c" would write it in another way, so it cannot take over
    assert "price: 0.05 a segment" in shown
    assert "another carrier" in shown


@pytest.mark.parametrize(
    ("added", "number", "said"),
    [
        ("", "4805550100", ""),
        ("", "(679) 234-5678", "not known to be in use (phonenumberslite"),
        (
            '[[number_range]]\ncountry = "US"\nbegins = "679"\nlength = 10\n',
            "6792345678",
            "known by a number_range",
        ),
    ],
)
def test_what_makes_a_number_known(
    where: list[str], tmp_path: Path, added: str, number: str, said: str
) -> None:
    (tmp_path / "d.toml").write_text(DIRECTORY + added)
    applied = CliRunner().invoke(aldis, ["apply", str(tmp_path / "d.toml"), *where])
    assert ("add the number ranges: 1 in all" in applied.output) is bool(added)
    asked = ["route", number, "--account", "me", "--dialect", "sumotext", *where]
    first, second = CliRunner().invoke(aldis, asked).output.splitlines()[:2]
    assert first.startswith("1")
    assert ": US, " in first
    assert second.startswith(said or "link: ")


def test_a_multimedia_message_takes_links_that_carry_it(where: list[str]) -> None:
    asked = ["route", "46701234567", "--mms", *where]
    found = json.loads(CliRunner().invoke(aldis, [*asked, "--json"]).stdout)
    assert (found["links"], found["price"], found["is_mms"]) == (["m"], "0.20", True)
    assert [rule["verdict"] for rule in found["rules"]] == ["content", "carrier", "sender", "chosen"]
    shown = CliRunner().invoke(aldis, asked).output
    assert "price: 0.20 a message" in shown
    assert "another content" in shown


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["abc"], "`abc` is no number"),
        (
            ["5550100", "--account", "me", "--dialect", "sumotext"],
            "`5550100` is no number in US, nor one with its country code",
        ),
        (["46701234567", "--account", "nobody"], "there is no account `nobody`"),
        (["46701234567", "--carrier", "nobody"], "there is no carrier `nobody`"),
    ],
)
def test_what_cannot_be_explained(where: list[str], arguments: list[str], fault: str) -> None:
    ended = CliRunner().invoke(aldis, ["route", *arguments, *where])
    assert isinstance(ended.exception, GatewayError)
    assert str(ended.exception) == fault


def test_without_a_store_there_is_nothing_to_explain(tmp_path: Path) -> None:
    ended = CliRunner().invoke(aldis, ["route", "46701234567", "--data-dir", str(tmp_path)])
    assert isinstance(ended.exception, SettingsError)


def test_keys_differ_and_can_be_told_apart() -> None:
    keys = {CliRunner().invoke(aldis, ["key", "--prefix", "acme"]).stdout.strip() for _ in range(10)}
    assert len(keys) == 10
    assert all(key.startswith("acme_") and len(key) == len("acme_") + 43 for key in keys)
