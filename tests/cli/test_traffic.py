"""`aldis messages`, `aldis message`, `aldis postbacks` and `aldis statistics`, beside a running gateway."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from typing import Any

import pytest
from tests.backends import find
from tests.fakes import programs
from tests.fakes.whole import WholeGateway
from tests.store.building import a_message

from aldis.store.contract.admission import Acceptance
from aldis.traffic.postback import PostbackResult

NUMBER = "14805550111"
HOUR_MS = 3_600_000


async def aldis(whole: WholeGateway, *arguments: str) -> tuple[int, str]:
    """Run a command on the gateway's data directory; gives its exit code and what it said."""
    asked = (*arguments, "--data-dir", str(whole.data_dir))
    ended = await asyncio.to_thread(programs.aldis, *asked, cwd=whole.data_dir)
    return ended.returncode, ended.stdout + ended.stderr


async def found(whole: WholeGateway, *arguments: str) -> Any:
    code, said = await aldis(whole, *arguments, "--json")
    assert code == 0, said
    return json.loads(said)


async def waiting(whole: WholeGateway, message_id: int = 500_001) -> str:
    now = whole.clock.now()
    message = a_message(
        message_id,
        link="nowhere",
        reference="waits",
        label="autumn",
        accepted_at=now,
        due_at=now,
        expires_at=now + HOUR_MS,
        review_at=now + HOUR_MS,
    )
    assert (
        await whole.gateway.store.admission.accept(Acceptance(1, prepaid=True, messages=(message,))) is None
    )
    return str(message_id)


@pytest.mark.journey
async def test_messages_are_found_and_listed(whole: WholeGateway) -> None:
    await whole.genesys(NUMBER, "m1")
    await whole.ended("m1")
    held = await waiting(whole)
    assert [each["reference"] for each in await found(whole, "messages")] == ["waits", "m1"]
    for asked in (
        ("+" + NUMBER,),
        ("m1",),
        ("--number", NUMBER),
        ("--state", "delivered"),
        ("--link", "simulator"),
    ):
        (one,) = await found(whole, "messages", *asked)
        assert (one["reference"], one["state"], one["echo"]) == ("m1", "delivered", {}), asked
    assert [each["label"] for each in await found(whole, "messages", "--label", "autumn")] == ["autumn"]
    assert await found(whole, "messages", "--account", "suspended") == []
    code, said = await aldis(whole, "messages", "--account", "nobody")
    assert (code, said) == (1, "aldis: there is no account `nobody`\n")
    code, said = await aldis(whole, "messages", "--csv")
    rows = list(csv.DictReader(io.StringIO(said)))
    assert [(row["message_id"] == held, row["state"]) for row in rows] == [
        (True, "queued"),
        (False, "delivered"),
    ]
    code, said = await aldis(whole, "messages")
    assert "waits" in said
    assert await found(whole, "messages", "--counts") == {"delivered": 1, "queued": 1}


@pytest.mark.journey
async def test_the_running_gateway_sends_again_and_calls_back(whole: WholeGateway) -> None:
    await whole.genesys(NUMBER, "m1", message="Twice")
    first = await whole.ended("m1")
    held = await waiting(whole)
    code, said = await aldis(whole, "message", "m1", "--again")
    assert (code, said.startswith("sent again as message ")) == (0, True)
    while len(whole.handset(NUMBER)) < 2:
        await asyncio.sleep(0.02)
    assert whole.handset(NUMBER) == ["Twice", "Twice"]
    assert (
        "waits for link `nowhere`, which is not in the settings" in (await aldis(whole, "message", held))[1]
    )
    assert (await found(whole, "message", held))["waits_for"] == [
        "link `nowhere`, which is not in the settings"
    ]
    assert await aldis(whole, "message", held, "--cancel") == (0, "cancelled\n")
    code, said = await aldis(whole, "message", held, "--cancel")
    assert (code, said) == (1, f"aldis: message {held} is deleted: it waits no more\n")
    code, said = await aldis(whole, "message", str(first.message.message_id))
    for word in (
        "message",
        "known as m1",
        "accepted from the customer",
        "delivered",
        "posted and taken: 200",
        "EUR left",
    ):
        assert word in said
    told = await found(whole, "message", NUMBER)
    assert told["written"]["text"] == "Twice"
    log = await whole.gateway.store.audit.log(0, 2)  # older ones made the directory
    assert [entry.action for _, entry in log] == ["cancel message", "send again"]
    assert {entry.via for _, entry in log} == {"command line"}


@pytest.mark.journey
async def test_nothing_is_changed_without_a_gateway(whole: WholeGateway) -> None:
    held = await waiting(whole)
    await whole.gateway.stop()
    code, said = await aldis(whole, "message", held, "--cancel")
    assert (code, "no gateway on" in said, "nothing was done" in said) == (1, True, True)
    assert (await found(whole, "message", held))["message"]["state"] == "queued"
    code, said = await aldis(whole, "message", "nothing")
    assert (code, said.startswith("aldis: there is no message `nothing`")) == (1, True)
    await whole.start_gateway()


@pytest.mark.journey
async def test_postbacks_are_listed_and_replayed(whole: WholeGateway) -> None:
    whole.customer.answers += [503]
    await whole.genesys(NUMBER, "m1")
    store = whole.gateway.store
    while not (lanes := [lane for lane in await store.outbox.lanes(10) if lane.last_fault]):
        await asyncio.sleep(0.02)
    (pending,) = await found(whole, "postbacks", "--pending")
    assert (pending["lane"], pending["pending"], pending["last_http_status"]) == (lanes[0].lane, 1, 503)
    assert pending["account"] == "demo"
    view = await store.search.message((await find(store, "m1", 1))[0].message_id)
    assert view is not None
    (postback,) = view.postbacks
    assert (await aldis(whole, "postbacks", "--show", "999999"))[0] == 1
    _, said = await aldis(whole, "postbacks", "--show", str(postback.postback_id))
    for words in (
        "POST http://127.0.0.1:",
        "Content-Type: ",
        "message_id=m1&message_state=2",
        "HTTP 503  OK",
    ):
        assert words in said, said
    shown = json.loads((await aldis(whole, "postbacks", "--show", str(postback.postback_id), "--json"))[1])
    assert (shown["row"]["last_http_status"], shown["tries"][0]["answer"]) == (503, "OK")
    await store.postbacks.finish([PostbackResult(postback.postback_id, 1, 503, "HTTP 503", None, done=False)])
    (one,) = await found(whole, "postbacks", "--account", "demo")
    assert (one["reference"], one["attempts"]) == ("m1", 2)
    assert "HTTP 503" in (await aldis(whole, "postbacks"))[1]
    assert await aldis(whole, "postbacks", "--event", "sent", "--replay", "all") == (0, "0 due again\n")
    assert await aldis(whole, "postbacks", "--replay", str(postback.postback_id)) == (0, "1 due again\n")
    await whole.ended("m1")
    assert await aldis(whole, "postbacks") == (0, "no dead letters\n")
    assert await aldis(whole, "postbacks", "--pending") == (0, "nothing is pending\n")
    code, said = await aldis(whole, "postbacks", "--replay", "these")
    assert (code, said) == (1, "aldis: --replay takes the id of a postback, or `all`\n")


@pytest.mark.journey
async def test_sums(whole: WholeGateway) -> None:
    assert "no messages" in (await aldis(whole, "statistics"))[1]
    await whole.genesys(NUMBER, "m1")
    await whole.ended("m1")
    (row,) = await found(whole, "statistics", "--by", "link", "--since", "1h")
    assert (row["key"], row["accepted"], row["delivered"], row["money"]) == (
        "simulator",
        1,
        1,
        {"EUR": "0.05"},
    )
    assert "none" in (await aldis(whole, "statistics", "--by", "label"))[1]
    _, said = await aldis(whole, "statistics", "--by", "country", "--csv")
    assert said.splitlines()[1] == "US,1,1,0,1,EUR,0.05"
