"""`aldis history`, `aldis undo` and `aldis link`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aldis.cli.main import aldis
from aldis.errors import AdminError, GatewayError

DIRECTORY = (
    '[[route]]\nlink = "{}"\n[[account]]\nname = "me"\n[account.postback_secret]\nmavorion = "s3cret"\n'
)
LINKS = """
[http]
listen = "127.0.0.1:1"
[[link]]
name = "a"
host = "127.0.0.1"
port = 2775
system_id = "x"
password = "x"
tps = 30.0
"""


class Cli:
    """A folder with a directory file that was applied twice."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "aldis.toml").write_text(LINKS)
        for link in ("first", "second"):
            (folder / "d.toml").write_text(DIRECTORY.format(link))
            assert self.ask("apply", str(folder / "d.toml")).exit_code == 0

    def ask(self, *arguments: str) -> Result:
        where = ["--config", str(self.folder / "aldis.toml"), "--data-dir", str(self.folder / "data")]
        return CliRunner().invoke(aldis, [*arguments, *where])


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


def test_a_change_is_told_and_taken_back(cli: Cli) -> None:
    told = json.loads(cli.ask("history", "routes", "--json").stdout)
    assert [change["differences"] for change in told] == [
        [{"path": "1 / link", "before": "first", "after": "second"}],
        [{"path": "1 / link", "before": "", "after": "first"}],
    ]
    assert {change["via"] for change in told} == {"command line"}
    assert cli.ask("undo", str(told[0]["change"])).output == "change the routes: 1 in all\n"
    newest = json.loads(cli.ask("history", "--limit", "1", "--json").stdout)[0]
    assert (newest["kind"], newest["undoes"]) == ("routes", told[0]["change"])
    assert isinstance(cli.ask("undo", str(told[0]["change"])).exception, AdminError)
    assert isinstance(cli.ask("undo", "999").exception, AdminError)


def test_the_history_fits_a_terminal_and_shows_no_secret(cli: Cli) -> None:
    shown = cli.ask("history", "account", "me").output
    assert "postback_secret" in shown
    assert "s3cret" not in shown
    assert cli.ask("history", "account", "nobody").output == "nothing has changed yet\n"


def test_links_are_ordered_through_the_store(cli: Cli) -> None:
    assert "no gateway answers" in cli.ask("link").output
    for verb, wanted in (("stop", "stopped"), ("drain", "draining"), ("start", "running")):
        assert cli.ask("link", verb, "a").exit_code == 0
        (link,) = json.loads(cli.ask("link", "--json").stdout)
        assert (link["name"], link["wanted"], link["tps"], link["binds"]) == ("a", wanted, 30.0, None)
    assert isinstance(cli.ask("link", "stop", "ghost").exception, GatewayError)


def test_consent_is_changed_by_hand(cli: Cli) -> None:
    wish = ("14805550100", "--sender", "74700", "--topic", "demo")
    assert cli.ask("consent", "opt-in", *wish, "--why", "letter").output == "14805550100 has opted in\n"
    assert isinstance(cli.ask("consent", "opt-in", *wish).exception, AdminError)
    assert cli.ask("consent", "opt-out", *wish).exit_code == 0
    assert "by console: letter" in cli.ask("consent", "show", "14805550100").output


def test_keys_and_people_are_listed_and_what_was_done(cli: Cli) -> None:
    assert cli.ask("admin", "list").output.startswith("nobody may sign in")
    key = cli.ask("admin", "key", "robot", "--role", "operator", "--days", "3").output.strip()
    assert key.startswith("aldis_")
    (row,) = json.loads(cli.ask("admin", "list", "--json").stdout)
    assert (row["kind"], row["name"], row["role"], row["until"] > 0) == ("key", "robot", "operator", True)
    assert "robot" in cli.ask("admin", "list").output
    assert key not in cli.ask("admin", "list").output
    assert cli.ask("admin", "revoke-key", "robot").exit_code == 0
    done = json.loads(cli.ask("audit", "robot", "--json").stdout)
    assert [entry["action"] for entry in done] == ["remove api key", "add api key"]
    assert "add account" in cli.ask("audit").output
    assert cli.ask("audit", "nobody").output == "nothing was done yet\n"
