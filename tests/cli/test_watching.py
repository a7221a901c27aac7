"""`aldis top`, `tail`, `doctor` and `completion`, as programs read them."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.fakes import programs
from tests.fakes.ports import free_port
from tests.fakes.whole import WholeGateway

from aldis.admin.event_feed import LAG_MS
from aldis.cli.main import aldis
from aldis.stages.postbacks.status import LocalFault, PostingStatus
from aldis.traffic.anomalies import Anomaly, describe

SETTINGS = """
[http]
listen = "127.0.0.1:{http}"

[[link]]
name = "simulator"
host = "{host}"
port = {smpp}
system_id = "aldis"
password = "{password}"
{more}
"""


async def run(*arguments: str) -> tuple[int, str, str]:
    """Run a command beside the test's own loop."""
    ended = await asyncio.to_thread(programs.aldis, *arguments, cwd=Path.cwd())
    return ended.returncode, ended.stdout, ended.stderr


def settings(
    folder: Path,
    http: int,
    smpp: int,
    host: str = "127.0.0.1",
    password: str = "demosmpp",
    more: str = "",
) -> str:
    path = folder / "aldis.toml"
    path.write_text(SETTINGS.format(http=http, smpp=smpp, host=host, password=password, more=more))
    path.chmod(0o600)
    return str(path)


async def test_top_says_how_a_running_gateway_stands(whole: WholeGateway, tmp_path: Path) -> None:
    config = settings(tmp_path, whole.gateway.server.port, whole.smpp_port)
    code, output, faults = await run("top", "--once", "--json", "--interval", "0.2", "--config", config)
    assert (code, faults) == (0, "")
    standing = json.loads(output)
    assert standing["queued"] == 0
    assert [(link["name"], link["binds"], link["window"]) for link in standing["links"]] == [
        ("simulator", ["bound"], 100)
    ]
    code, output, _ = await run("top", "--once", "--interval", "0.2", "--config", config)
    assert (code, "0/100" in output, "accepted/s" in output) == (0, True, True)


@pytest.mark.slow
async def test_top_without_a_gateway_says_so(tmp_path: Path) -> None:
    code, _, faults = await run("top", "--once", "--config", settings(tmp_path, free_port(), 1))
    assert (code, "is `aldis serve` running?" in faults) == (1, True)


async def test_tail_tells_what_was_missed(whole: WholeGateway, tmp_path: Path) -> None:
    start = f"{whole.clock.now()}-0-0"
    await whole.genesys("447700900001", "one")
    await whole.ended("one")
    await whole.genesys("447700900080", "two")
    ended = await whole.ended("two")
    while whole.clock.now() <= ended.message.ended_at + LAG_MS:  # events come a moment late
        await asyncio.sleep(0.05)
    config = settings(tmp_path, whole.gateway.server.port, whole.smpp_port)
    shared = ("--config", config, "--data-dir", str(whole.data_dir), "--once", "--after", start)
    code, output, faults = await run("tail", "--json", "--account", "demo", *shared)
    assert (code, faults) == (0, "")
    events = [json.loads(line) for line in output.splitlines()]
    assert {event["event"] for event in events} >= {"message.accepted", "message.sent", "message.ended"}
    assert {event["state"] for event in events} >= {"queued", "sent", "delivered", "undelivered"}
    _, output, _ = await run("tail", "--json", "--state", "undelivered", "--number", "80", *shared)
    assert [json.loads(line)["reference"] for line in output.splitlines()] == ["two"]
    _, output, _ = await run("tail", *shared)
    assert "447700900001 → 447700900080  undelivered  by simulator" in output
    code, _, faults = await run("tail", "--account", "nobody", *shared)
    assert (code, "no account `nobody`" in faults) == (1, True)


async def verdicts(config: str, data_dir: Path, *more: str) -> tuple[int, dict[str, list[tuple[str, str]]]]:
    """Ask the doctor; returns the exit code and the findings by check."""
    code, output, _ = await run("doctor", "--json", "--config", config, "--data-dir", str(data_dir), *more)
    found: dict[str, list[tuple[str, str]]] = {}
    for finding in json.loads(output):
        found.setdefault(finding["check"], []).append((finding["verdict"], finding["says"]))
        assert finding["advice"] or finding["verdict"] == "ok", finding
    return code, found


async def test_the_doctor_finds_a_running_gateway_well(whole: WholeGateway, tmp_path: Path) -> None:
    config = settings(tmp_path, whole.gateway.server.port, whole.smpp_port)
    code, found = await verdicts(config, whole.data_dir)
    assert code == 0, found
    assert found["gateway"] == [("ok", "runs")]
    assert found["links"] == [
        ("ok", f"simulator, 127.0.0.1:{whole.smpp_port}: bound"),
        ("warn", "the route of everything names link `mmsc`, which is not in the settings"),
    ]
    assert found["store"][0][0] == "ok"
    assert found["postbacks"]
    code, found = await verdicts(config, whole.data_dir, "--deep")
    assert (code, found["store"][0][0]) == (0, "ok")
    code, _, faults = await run("compact", "--config", config, "--data-dir", str(whole.data_dir))
    assert (code, "another Aldis is serving" in faults) == (2, True), faults


async def test_what_a_carrier_does_otherwise_is_shown(whole: WholeGateway, tmp_path: Path) -> None:
    noted = whole.gateway.metrics.anomalies
    noted.note("simulator", Anomaly.UNKNOWN_STATE, "WONDERFUL", count=3)
    noted.note("simulator", Anomaly.MISNAMED_RECEIPT)
    config = settings(tmp_path, whole.gateway.server.port, whole.smpp_port)
    where = ("--config", config, "--data-dir", str(whole.data_dir))
    _, output, _ = await run("link", "--json", *where)
    (link,) = json.loads(output)
    assert {"kind": "unknown_state", "detail": "WONDERFUL", "times": 3} in link["anomalies"]
    _, output, _ = await run("link", *where)
    says, advice = describe("unknown_state", "WONDERFUL")
    assert f"simulator: 3 {says}. {advice}" in output
    code, found = await verdicts(config, whole.data_dir)
    assert code == 0
    assert ("warn", f"simulator: 3 {says}") in found["links"]
    assert ("ok", f"simulator: 1 {describe('misnamed_receipt', '')[0]}") in found["links"]


async def test_the_doctor_tells_that_passwords_are_guessed(whole: WholeGateway, tmp_path: Path) -> None:
    config = settings(tmp_path, whole.gateway.server.port, whole.smpp_port)
    assert "passwords" not in (await verdicts(config, whole.data_dir))[1]
    whole.gateway.metrics.passwords.labels("paused").inc(17)
    ((verdict, says),) = (await verdicts(config, whole.data_dir))[1]["passwords"]
    assert (verdict, says.split()[0]) == ("warn", "17")


async def test_the_doctor_and_the_clock_tell_what_a_running_gateway_suffers(
    whole: WholeGateway, tmp_path: Path
) -> None:
    config = settings(tmp_path, whole.gateway.server.port, whole.smpp_port)
    shared = ("--config", config, "--data-dir", str(whole.data_dir))
    time, monitor = whole.gateway._time, whole.gateway._monitor
    assert json.loads((await run("clock", "--json", *shared))[1])["in_doubt"] == ""
    assert time._watch is not None
    monitor.stop()  # it looks at the clock too, and would see that it is right
    time._watch.off_ms = 90_000
    code, found = await verdicts(config, whole.data_dir)
    assert (code, found["gateway"][0][0]) == (0, "warn")
    assert "its clock was set 90 s ahead" in found["gateway"][0][1]
    code, output, faults = await run("clock", *shared)
    assert (code, faults, "in doubt: 90 s ahead" in output) == (0, "", True)
    assert (await run("clock", "--agree", *shared))[0] == 0
    agreed_at = await whole.gateway.store.time.clock_agreed_at()
    assert abs(whole.clock.now() - agreed_at) < 60_000
    audited = await whole.gateway.store.audit.log(0, 1)
    assert [(entry.action, entry.via) for _, entry in audited] == [("agree on clock", "command line")]
    fault = LocalFault("EMFILE", "[Errno 24] Too many open files")
    whole.gateway._posting_watch.note(PostingStatus(local_fault=fault))
    code, found = await verdicts(config, whole.data_dir)
    assert (code, found["postbacks"][0][0]) == (1, "fail")
    assert fault.says in found["postbacks"][0][1]
    monitor.fault = "SQLite: FullError"
    code, found = await verdicts(config, whole.data_dir)
    assert (code, found["gateway"][0][0]) == (1, "fail")
    assert "SQLite: FullError" in found["gateway"][0][1]


@pytest.mark.parametrize(
    ("changes", "check", "part"),
    [
        ({"password": "wrong"}, "links", "refused: ESME_RINVPASWD"),
        ({"smpp": 1}, "links", "unreachable"),
        ({"host": "nowhere.invalid"}, "dns", "cannot be resolved"),
        ({"more": "tls = true"}, "links", ""),
        ({"more": 'tls = true\ntls_ca = "/nowhere"'}, "links", "tls_ca"),
    ],
)
async def test_the_doctor_finds_what_is_wrong_with_a_link(
    whole: WholeGateway, tmp_path: Path, changes: dict[str, object], check: str, part: str
) -> None:
    config = settings(tmp_path, free_port(), **{"smpp": whole.smpp_port, **changes})  # type: ignore[arg-type]
    code, found = await verdicts(config, tmp_path)
    assert code == 1
    assert any(verdict == "fail" and part in says for verdict, says in found[check]), found


async def test_the_doctor_binds_once_and_lets_go(whole: WholeGateway, tmp_path: Path) -> None:
    config = settings(tmp_path, free_port(), whole.smpp_port)
    code, found = await verdicts(config, tmp_path)
    assert code == 0, found
    assert found["links"] == [("ok", f"simulator, 127.0.0.1:{whole.smpp_port}: bound")]
    assert found["store"][0][0] == "warn"
    assert whole.gateway.links_up() == {"simulator": True}


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A folder that everybody may enter."""
    tmp_path.chmod(0o755)
    return tmp_path


@pytest.mark.slow
async def test_the_doctor_finds_what_is_wrong_here(open_folder: Path) -> None:
    tmp_path = open_folder
    taken = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    (tmp_path / "aldis.db").write_bytes(b"this is no database" * 300)
    secret = tmp_path / "password"
    secret.write_text("x")
    secret.chmod(0o644)
    path = tmp_path / "aldis.toml"
    path.write_text(
        f'[http]\nlisten = "127.0.0.1:{port}"\n[[link]]\nname = "a"\nhost = "127.0.0.1"\nport = 1\n'
        f'password_file = "{secret}"\n'
    )
    code, found = await verdicts(str(path), tmp_path)
    assert code == 1
    assert found["store"][0][0] == "fail"
    assert found["ports"][0][0] == "fail"
    assert ("fail", f"password of link a: {secret} is -rw-r--r--") in found["files"]
    taken.close()


@pytest.mark.slow
async def test_the_doctor_of_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    config = settings(tmp_path, free_port(), 1)
    code, found = await verdicts(config, Path(config) / "below-a-file")
    assert (code, found["fsync"][0][0]) == (1, "fail")


@pytest.mark.slow
@pytest.mark.parametrize("check", ["tls", "store", "links"])
async def test_a_look_that_gets_no_answer_keeps_no_other_back(open_folder: Path, check: str) -> None:
    """What nobody writes to, or nobody answers at, is the disk or the network that hangs."""
    pipe, more, smpp = open_folder / "pipe", "", 1
    os.mkfifo(pipe)
    silent = socket.create_server(("127.0.0.1", 0))
    if check == "tls":
        more = f'tls = true\ntls_certificate = "{pipe}"\ntls_key = "{pipe}"'
    elif check == "store":
        pipe.rename(open_folder / "aldis.db")
    else:
        smpp = silent.getsockname()[1]
    config = settings(open_folder, free_port(), smpp, more=more)
    code, found = await verdicts(config, open_folder, "--within", "1")
    silent.close()
    assert (code, ("fail", "there was no answer within 1 s") in found[check]) == (1, True)
    assert set(found) >= {"gateway", "store", "clock", "fsync", "disk", "ports", "files", "links"}


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script(shell: str) -> None:
    answer = CliRunner().invoke(aldis, ["completion", shell])
    assert answer.exit_code == 0
    assert "_ALDIS_COMPLETE" in answer.stdout


def test_what_completion_offers() -> None:
    environment = {"_ALDIS_COMPLETE": "bash_complete", "COMP_WORDS": "aldis do", "COMP_CWORD": "1"}
    answer = CliRunner().invoke(aldis, prog_name="aldis", env=environment)
    assert answer.output.strip() == "plain,doctor"


@pytest.mark.slow
async def test_serve_says_where_the_console_is_and_who_may_sign_in(tmp_path: Path) -> None:
    config = tmp_path / "aldis.toml"
    config.write_text('[http]\nlisten = "127.0.0.1:0"\n[console]\nlisten = "127.0.0.1:0"\n')
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "aldis",
            "serve",
            "--config",
            str(config),
            "--data-dir",
            str(tmp_path / "data"),
        ),
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = ""
    while "aldis admin create NAME" not in said:
        line = await process.stderr.readline()
        assert line, said
        said += line.decode()
    assert "The console is at http://127.0.0.1:" in said
    process.terminate()
    assert await process.wait() == 0
