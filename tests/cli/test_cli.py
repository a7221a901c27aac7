"""The command line as a user meets it: exit codes, one clear sentence, files and listings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.fakes.certificates import self_signed
from tests.fakes.programs import aldis

from aldis.errors import SettingsError
from aldis.links.mm7.entry import Mm7Entry
from aldis.links.smpp.entry import SmppEntry
from aldis.settings import read


@pytest.mark.slow
def test_a_new_operator_starts_from_the_demos_files(tmp_path: Path) -> None:
    assert aldis("demo", "--files", ".", cwd=tmp_path).returncode == 0
    assert not [path.name for path in tmp_path.iterdir() if path.stat().st_mode & 0o077]
    assert aldis("demo", "--files", ".", cwd=tmp_path).returncode == 2
    checked = aldis("config", "check", cwd=tmp_path)
    assert (checked.returncode, "in order" in checked.stdout) == (0, True)
    dry = aldis("apply", "world.toml", "--dry-run", cwd=tmp_path)
    assert "would add account demo" in dry.stdout
    applied = aldis("apply", "world.toml", cwd=tmp_path)
    assert "add account demo" in applied.stdout
    assert "set the credit of demo: 0.00 → 1000.00" in applied.stdout
    assert aldis("apply", "world.toml", cwd=tmp_path).stdout == "nothing to change\n"
    assert json.loads(aldis("messages", "--json", cwd=tmp_path).stdout) == []
    assert aldis("messages", "--counts", cwd=tmp_path).stdout == "no messages\n"
    for arguments in (
        ["messages", "--reference", "\udcff"],
        ["consent", "show", "\udcff"],
        ["message", "\udcff"],
    ):
        ended = aldis(*arguments, cwd=tmp_path)
        assert (ended.returncode, ended.stderr) == (2, "aldis: an argument is not UTF-8\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["serve"], 2, "aldis.toml: No such file or directory"),
        (["serve", "--nonsense"], 2, "No such option"),
        (["apply", "nothing.toml"], 2, "nothing.toml: No such file or directory"),
        (["messages"], 2, "there is no store at"),
        (["simulator", "--listen", "here"], 2, "`here` is not host:port"),
    ],
)
def test_misuse_ends_with_2_and_one_sentence(
    tmp_path: Path, arguments: list[str], code: int, sentence: str
) -> None:
    ended = aldis(*arguments, cwd=tmp_path)
    assert ended.returncode == code
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_the_demo_refuses_to_leave_loopback(tmp_path: Path) -> None:
    (tmp_path / "aldis.toml").write_text('[http]\nlisten = "0.0.0.0:8080"\n')
    ended = aldis("demo", "--once", "--config", "aldis.toml", cwd=tmp_path)
    assert ended.returncode == 2
    assert "loopback only" in ended.stderr


FAULTY = """
[http]
listen = "nowhere"
connections = "many"
colour = "red"

[[link]]
host = "x"

[[link]]
name = "a"
host = "x"
port = 0
tps = -1
"""


def faults(text: str, environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsError) as found:
        read(text, "aldis.toml", environment or {})
    return found.value.problems


@pytest.mark.parametrize(
    "line", ["free_tries = 0", "longest_pause_s = -1.0", "tries_per_address = 0", "signed_per_minute = 0"]
)
def test_what_nobody_could_sign_in_with_is_told(line: str) -> None:
    (told,) = faults(f"[authentication]\n{line}\n")
    assert told.startswith("aldis.toml:2:")
    assert "must be above 0" in told


@pytest.mark.parametrize("proxy", ["10.0.0.1/8", "proxy.example", "10.0.0.1:80", ""])
def test_a_proxy_that_is_no_address_and_no_network_is_told(proxy: str) -> None:
    (told,) = faults(f'[http]\ntrusted_proxies = ["10.0.0.0/8", "::1", "{proxy}"]\n')
    assert told.startswith("aldis.toml:2: ")
    assert "is no address and no network" in told


def test_every_fault_of_a_settings_file_is_told_with_its_line() -> None:
    told = faults(FAULTY)
    expected = [
        (3, "is not host:port"),
        (4, "Expected `int`"),
        (5, "unknown key"),
        (7, "`name` is missing"),
    ]
    assert [
        (int(fault.split(":")[1]), word in fault) for fault, (_, word) in zip(told, expected, strict=True)
    ] == [(line, True) for line, _ in expected]
    told = faults(FAULTY.replace('host = "x"\n\n', 'name = "a"\nhost = "x"\nport = 1\nkind = "smtp"\n\n'))
    for line, word in ((11, "must be one of smpp"), (14, "two links"), (16, "above 0"), (17, "tps")):
        assert any(fault.startswith(f"aldis.toml:{line}:") and word in fault for fault in told), (
            line,
            word,
            told,
        )


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("connections = 0", "must be above 0"),
        ("idle_connections = -1", "must be above 0"),
        ("account_share = 0.0", "must be above 0"),
        ("account_share = 1.5", "must be 1 at most"),
    ],
)
def test_what_no_postbacks_can_be_posted_with_is_told(line: str, fault: str) -> None:
    (told,) = faults(f"[postbacks]\n{line}\n")
    assert told.startswith("aldis.toml:2:")
    assert fault in told


@pytest.mark.parametrize("proxy", ["socks5://x:1080", "proxy.example:3128", "https://x", "http://x:y"])
def test_what_is_no_proxy_is_told(proxy: str) -> None:
    (told,) = faults(f'[postbacks]\nproxy = "{proxy}"\n')
    assert told.startswith("aldis.toml:2:")
    assert "is no address of a proxy" in told


MM7_FAULTS = """
[[link]]
name = "smsc"
host = "h"
port = 1
vasp_id = "x"

[[link]]
name = "mmsc"
kind = "mm7"
url = "ftp://x/"
host = "h"
user = "a:b"
listen = "nowhere"
max_octets = -1
tls_ca = "x.pem"

[[link]]
name = "mmsc 2"
kind = "mm7"
url = "http://h/"
listen_certificate = "x.pem"
downscale = true
in_doubt = "hold"

[simulator]
vasp_url = "here"
"""


def test_every_fault_of_an_mmscs_link_is_told() -> None:
    expected = [
        (6, 'for links of `kind = "mm7"`'),
        (11, "no http or https"),
        (12, 'for links of `kind = "smpp"`'),
        (13, "colon"),
        (14, "host:port"),
        (8, "must not be empty: the MMSC has to show it"),
        (15, "negative"),
        (8, "an https `url`"),
        (18, "belong together"),
        (23, "give that too"),
        (24, "no `listen`"),
        (27, "no http or https"),
    ]
    told = faults(MM7_FAULTS)
    for line, word in expected:
        assert any(fault.startswith(f"aldis.toml:{line}:") and word in fault for fault in told), (word, told)
    assert len(told) == len(expected) + 1


def test_the_environment_overrides_the_file() -> None:
    text = '[[link]]\nname = "one"\nhost = "h"\nport = 2775\n'
    environment = {
        "ALDIS__HTTP__LISTEN": "127.0.0.1:9",
        "ALDIS__HTTP__CONNECTIONS": "7",
        "ALDIS__LINK__ONE__PASSWORD": "secret",
        "PATH": "/",
    }
    settings = read(text, "aldis.toml", environment)
    assert (settings.http.listen, settings.http.connections) == ("127.0.0.1:9", 7)
    assert settings.link[0].password == "secret"
    assert settings.simulator is None
    assert "nothing of that name" in faults(text, {"ALDIS__LINK__TWO__PASSWORD": "x"})[0]
    told = faults(
        text, {"ALDIS__HTTP__COLOUR": "red", "ALDIS__LINK__ONE__PORT": "many", "ALDIS__HTTP__LISTEN": "x"}
    )
    assert [fault.partition(":")[0] for fault in told] == [
        "ALDIS__HTTP__COLOUR",
        "ALDIS__LINK__ONE__PORT",
        "ALDIS__HTTP__LISTEN",
    ]
    secret = read(text, "aldis.toml", {"ALDIS__LINK__ONE__PASSWORD": "12345678"})
    assert secret.link[0].password == "12345678"  # text stays text, whatever it looks like
    quirks = {
        "ALDIS__LINK__ONE__QUIRKS__INTERFACE_VERSION": "5.0",
        "ALDIS__LINK__ONE__QUIRKS__SHORT_CODE": "[6, 0]",
    }
    entry = read(text, "aldis.toml", quirks).link[0]
    assert isinstance(entry, SmppEntry)
    changed = entry.quirks
    assert (changed.interface_version, changed.short_code) == ("5.0", (6, 0))
    dashed = read(
        text.replace("one", "Big-Carrier"), "aldis.toml", {"ALDIS__LINK__BIG_CARRIER__PORT": "7"}
    ).link[0]
    assert isinstance(dashed, SmppEntry)
    assert dashed.port == 7
    both = faults(text, {"ALDIS__NOPE__X": "1", "ALDIS__LINK__ONE__PORT": "0"})
    assert [fault.partition(":")[0] for fault in both] == ["ALDIS__NOPE__X", "ALDIS__LINK__ONE__PORT"]
    assert faults("link = [3]", {"ALDIS__LINK__ONE__PORT": "1"})
    assert faults(text, {"ALDIS__HTTP": "x"}) == ["ALDIS__HTTP: there is nothing of that name to override"]


@pytest.mark.slow
def test_files_of_links_are_looked_at_by_the_check(tmp_path: Path) -> None:
    links = """
    [[link]]
    name = "a"
    host = "h"
    port = 1
    password_file = "/nope"
    [[link]]
    name = "b"
    host = "h"
    port = 1
    tls = true
    tls_ca = "/nope.pem"
    [[link]]
    name = "c"
    host = "h"
    port = 1
    tls = true
    tls_certificate = "/nope.pem"
    tls_key = "/nope.pem"
    """
    (tmp_path / "aldis.toml").write_text(links)
    told = aldis("config", "check", cwd=tmp_path)
    assert told.returncode == 2
    assert [
        key in line
        for key, line in zip(
            ("password_file", "tls_ca", "tls_certificate"), told.stderr.splitlines(), strict=True
        )
    ] == [True] * 3


@pytest.mark.slow
def test_an_encrypted_key_is_refused_and_nobody_is_asked(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "x", password="open sesame")
    with pytest.raises(SettingsError, match="encrypted"):
        SmppEntry(name="a", tls=True, tls_certificate=str(certificate), tls_key=str(key)).tls_context()


def test_hosts_of_dialects_are_names_and_belong_to_one() -> None:
    text = '[http.hosts]\nsumotext = ["API.sumotext.example", "localhost"]\nmavorion = ["sms.example"]\n'
    assert read(text, "aldis.toml", {}).http.hosts == {
        "sumotext": ("API.sumotext.example", "localhost"),
        "mavorion": ("sms.example",),
    }
    told = faults(
        '[http.hosts]\nsumotext = ["a.example", "https://b.example", "c.example:80", ""]\n'
        'genesys = ["A.example"]\nnobody = ["d.example"]\n'
    )
    assert [fault.split(":")[1] for fault in told] == ["2", "2", "2", "3", "4"]
    for word in ("`https://b.example` is no", "`c.example:80` is no", "`` is no", "there twice", "no such"):
        assert any(word in fault for fault in told), word
    assert faults('[http.hosts]\nskycore = "e.example"\n')[0].startswith("aldis.toml:1: http.hosts")
    set_by = {"ALDIS__HTTP__HOSTS": '{ genesys = ["g.example"] }'}
    assert read("", "aldis.toml", set_by).http.hosts == {"genesys": ("g.example",)}


OTHER_KINDS_KEYS = """
[[link]]
name = "smsc"
host = "h"
port = 1
max_octets = 0

[[link]]
name = "mmsc"
kind = "mm7"
url = "http://h/"
binds = 1
tls = false
colour = "red"
quirks = { prefix = "+" }
"""


def test_a_key_of_another_kind_is_unknown_whatever_its_value() -> None:
    told = faults(OTHER_KINDS_KEYS)
    expected = [(6, "mm7"), (12, "smpp"), (13, "smpp"), (14, ""), (15, "smpp")]
    for fault, (line, kind) in zip(told, expected, strict=True):
        assert fault.startswith(f"aldis.toml:{line}: link["), fault
        assert ("for links of" in fault, f'`kind = "{kind}"`' in fault) == (bool(kind), bool(kind)), fault
        assert "known here: kind, name," in fault


def test_the_environment_may_choose_a_links_kind() -> None:
    text = '[[link]]\nname = "one"\n'
    chosen = {"KIND": "mm7", "URL": "http://h/", "DOWNSCALE": "true", "MAX_OCTETS": "5"}
    (entry,) = read(text, "", {f"ALDIS__LINK__ONE__{key}": value for key, value in chosen.items()}).link
    assert entry == Mm7Entry(name="one", url="http://h/", downscale=True, max_octets=5)
    (fault,) = faults('[[link]]\nname = "x"\nhost = "h"\nport = 1\nkind = ["mm7"]\n')
    assert "link[1].kind: must be one of smpp, mm7" in fault
