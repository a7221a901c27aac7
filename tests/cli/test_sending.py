"""`aldis send` and `aldis bulk`, beside a gateway that runs and without one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

from aldis.accounts.staff import AuditEntry
from aldis.cli.main import aldis
from aldis.errors import AdminError, GatewayError, SettingsError
from aldis.store.contract.bulk import AddJob, AddRows
from aldis.traffic.bulk import Mapping


@pytest.fixture
async def whole(tmp_path: Path, customer: FakeCustomer) -> AsyncIterator[WholeGateway]:
    """A gateway that runs."""
    made = WholeGateway(tmp_path / "data", customer)
    await made.start()
    yield made
    await made.stop()


async def ask(folder: Path, *arguments: str) -> Result:
    """Run a command in a thread, as a person beside the gateway does in a terminal."""
    where = ["--config", "aldis.toml", "--data-dir", str(folder)]
    return await asyncio.to_thread(CliRunner().invoke, aldis, [*arguments, *where])


def fault(result: Result) -> str:
    assert isinstance(result.exception, GatewayError), result.output
    return str(result.exception)


async def test_one_message(whole: WholeGateway) -> None:
    sent = await ask(whole.data_dir, "send", "+45 12 34 56 01", "Hello {you}", "--account", "demo", "--json")
    assert sent.exit_code == 0, sent.output
    number = json.loads(sent.stdout.splitlines()[-1])["message_id"]  # the gateway logs here too
    assert await whole.all_ended(1) == {"delivered": 1}
    assert whole.handset("4512345601") == ["Hello {you}"]
    timeline = await whole.gateway.store.search.message(number)
    assert timeline is not None
    assert timeline.message.recipient == "4512345601"
    told = await ask(whole.data_dir, "send", "4512345602", "x", "--account", "demo", "--from", "74700")
    assert "accepted as message" in told.output


async def test_one_message_that_is_refused(whole: WholeGateway) -> None:
    for arguments, words in (
        (("abc", "x", "--account", "demo"), "`abc` is no number that can get messages"),
        (("4512345601", "x", "--account", "nobody"), "there is no account `nobody`"),
        (
            ("4512345601", "x", "--account", "broke", "--from", "74700"),
            "the account has not enough money left",
        ),
        (
            ("4512345601", "x", "--account", "demo", "--from", "55555"),
            "the sender `55555` is not this account's",
        ),
    ):
        assert fault(await ask(whole.data_dir, "send", *arguments)) == words
    jobs = await whole.gateway.store.bulk.running()
    assert jobs == []
    assert await whole.gateway.store.metrics.count_by_state() == {}


async def test_without_a_gateway_nothing_is_sent(whole: WholeGateway) -> None:
    await whole.gateway.stop()
    refused = await ask(whole.data_dir, "send", "4512345601", "x", "--account", "demo")
    assert "no gateway is running" in fault(refused)
    await whole.start_gateway()
    assert await whole.gateway.store.bulk.jobs(0, 10) == []


async def test_without_a_store_there_is_nothing_to_send(tmp_path: Path) -> None:
    for arguments in (("send", "4512345601", "x", "--account", "demo"), ("bulk",)):
        ended = await ask(tmp_path, *arguments)
        assert isinstance(ended.exception, SettingsError)


async def test_a_table(whole: WholeGateway, tmp_path: Path) -> None:
    file, refused = tmp_path / "t.csv", tmp_path / "refused.csv"
    file.write_text("to,name\n4512345601,Ann\nabc,Bo\n")
    sent = await ask(
        whole.data_dir,
        *("bulk", str(file), "--account", "demo", "--text", "Hi {name}", "--refused", str(refused)),
    )
    assert "job 1 is done: 1 accepted, 1 refused" in sent.output
    assert fault(sent) == "1 rows were refused; --refused FILE writes them down"
    assert refused.read_text().splitlines() == [
        "to,name,why",
        "abc,Bo,`abc` is no number that can get messages",
    ]
    assert await whole.all_ended(1) == {"delivered": 1}
    listed = json.loads((await ask(whole.data_dir, "bulk", "--json")).stdout)
    assert [(job["name"], job["state"]) for job in listed] == [("t.csv", "done")]
    assert "t.csv" in (await ask(whole.data_dir, "bulk")).output


async def test_a_table_waits_for_a_gateway(whole: WholeGateway, tmp_path: Path) -> None:
    await whole.gateway.stop()
    file = tmp_path / "t.csv"
    file.write_text("to,text\n" + "".join(f"{4512000000 + n * 100},Hi {n}\n" for n in range(100)))
    waits = await ask(whole.data_dir, "bulk", str(file), "--account", "demo")
    assert waits.exit_code == 0
    assert "waits until one does" in waits.output
    await whole.start_gateway()
    followed = await ask(whole.data_dir, "bulk", "--resume", "1")
    assert followed.exit_code == 0, followed.output
    assert "job 1 is done: 100 accepted, 0 refused" in followed.output
    assert await whole.all_ended(100) == {"delivered": 100}


async def test_loading_that_was_interrupted_goes_on(whole: WholeGateway, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("to,text\n" + "".join(f"{4512000000 + n * 100},Hi {n}\n" for n in range(5)))
    store, now = whole.gateway.store, whole.clock.now()
    entry = AuditEntry(now, "otto", "command line", "load bulk job", "")
    wanted = AddJob("t.csv", "demo", ("to", "text"), Mapping("to", "{text}"), "otto", now, entry)
    job_id = await store.bulk.change(wanted)
    await store.bulk.change(AddRows(job_id, 0, (("4512000000", "Hi 0"), ("4512000100", "Hi 1"))))
    assert "give its file again" in fault(await ask(whole.data_dir, "bulk", "--resume", str(job_id)))
    gone_on = await ask(whole.data_dir, "bulk", str(file), "--resume", str(job_id))
    assert f"job {job_id} is done: 5 accepted, 0 refused" in gone_on.output
    assert await whole.all_ended(5) == {"delivered": 5}


async def test_pausing_resuming_cancelling(whole: WholeGateway, tmp_path: Path) -> None:
    await whole.gateway.stop()
    file = tmp_path / "t.csv"
    file.write_text("to,text\n4512345601,Hi\n")
    await ask(whole.data_dir, "bulk", str(file), "--account", "demo")
    assert "is paused: 0 accepted, 1 not" in (await ask(whole.data_dir, "bulk", "--pause", "1")).output
    await ask(whole.data_dir, "bulk", "--resume", "1")
    assert "is cancelled" in (await ask(whole.data_dir, "bulk", "--cancel", "1")).output
    ended = await ask(whole.data_dir, "bulk", "--cancel", "1")
    assert isinstance(ended.exception, AdminError)
    await whole.start_gateway()
    assert "is cancelled; 1 rows were not sent" in fault(await ask(whole.data_dir, "bulk", "--resume", "1"))


async def test_what_is_wrong_with_a_table(whole: WholeGateway, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("to,name\n4512345601,Ann\n")
    for arguments, words in (
        ((str(file),), "say with --account whose messages they are"),
        ((str(file), "--account", "demo"), "there is no text"),
        ((str(file), "--account", "demo", "--text", "{x}"), "no column `x`"),
        ((str(file), "--account", "demo", "--text", "x", "--to", "y"), "no column `y`"),
        (("--resume", "77"), "there is no bulk job 77"),
    ):
        assert words in fault(await ask(whole.data_dir, "bulk", *arguments))
