"""`aldis consent` and `aldis inbound`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aldis.cli.main import aldis
from aldis.errors import GatewayError


@pytest.fixture
def where(tmp_path: Path) -> list[str]:
    (tmp_path / "d.toml").write_text('[[account]]\nname = "me"\n')
    options = ["--config", "aldis.toml", "--data-dir", str(tmp_path / "data")]
    assert CliRunner().invoke(aldis, ["apply", str(tmp_path / "d.toml"), *options]).exit_code == 0
    return options


def ask(where: list[str], *arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(aldis, [*arguments, *where], input=given)


def test_numbers_come_and_go(where: list[str]) -> None:
    table = "name,Mobile\nAnn,+14805550100\nBob,14805550101\nBob,14805550101\n"
    came = ask(where, "consent", "import", "-", "--sender", "74700", "--topic", "demo", given=table)
    assert "2 opted in, 0 as they were" in came.output
    again = ask(
        where, "consent", "import", "-", "--sender", "74700", "--topic", "demo", given="14805550100\n"
    )
    assert "0 opted in, 1 as they were" in again.output
    left = ask(where, "consent", "import", "-", "--sender", "74700", "--opt-out", given="14805550100\n")
    assert "1 opted out" in left.output
    back = ask(where, "consent", "import", "-", "--sender", "74700", "--topic", "demo", given="14805550100\n")
    assert "0 opted in" in back.output
    assert (
        ask(where, "consent", "export", "--sender", "74700", "--topic", "demo").stdout
        == "msisdn\n14805550101\n"
    )
    assert ask(where, "consent", "export", "--sender", "74700", "--opt-out").stdout == "msisdn\n14805550100\n"
    shown = ask(where, "consent", "show", "+14805550100").output.splitlines()
    assert [line.split("  ")[1:] for line in shown] == [
        ["opt_out", "74700", "everything", "by file"],
        ["opt_in", "74700", "demo", "by file"],
    ]
    assert len(json.loads(ask(where, "consent", "show", "14805550100", "--json").stdout)) == 2


def test_many_numbers_are_exported_whole(where: list[str]) -> None:
    numbers = [str(14805000000 + number) for number in range(2_500)]
    table = "\n".join(numbers)
    assert (
        "2500 opted in"
        in ask(where, "consent", "import", "-", "--sender", "74700", "--topic", "t", given=table).output
    )
    assert ask(where, "consent", "export", "--sender", "74700", "--topic", "t").stdout.split()[1:] == numbers


@pytest.mark.parametrize(
    ("arguments", "given", "fault"),
    [
        (
            ("import", "-", "--sender", "74700"),
            "",
            "say with --topic which keyword or campaign they agreed to",
        ),
        (
            ("import", "-", "--sender", "a b c d e f g h", "--topic", "t"),
            "",
            "`a b c d e f g h` cannot be a sender",
        ),
        (
            ("import", "-", "--sender", "74700", "--topic", "t"),
            "14805550100\nabc\n",
            "1 lines have no international number; the others are in",
        ),
        (("export", "--sender", "74700"), "", "say either --topic or --opt-out"),
    ],
)
def test_what_cannot_be_done_is_said(
    where: list[str], arguments: tuple[str, ...], given: str, fault: str
) -> None:
    ended = ask(where, "consent", *arguments, given=given)
    assert isinstance(ended.exception, GatewayError)
    assert str(ended.exception) == fault


def test_nothing_came_yet(where: list[str]) -> None:
    assert ask(where, "inbound").output == "no messages\n"
    assert ask(where, "inbound", "--account", "me", "--json").output == "[]\n"
    assert isinstance(ask(where, "inbound", "--account", "x").exception, GatewayError)
    assert "nothing is known of 1" in ask(where, "consent", "show", "1").output
