"""The pages of messages, messages from handsets, postbacks and statistics, and their calls under /v1."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from typing import Any

import aiohttp
import pytest
from tests.backends import find
from tests.cli.test_traffic import found as on_command_line
from tests.console.conftest import BOSS
from tests.fakes.browser import Browser
from tests.fakes.whole import WholeGateway
from tests.store.building import a_message

from aldis.accounts.staff import Role
from aldis.app.people import people_of
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.search import MessageFilter
from aldis.traffic.content import KeptPart, as_column
from aldis.traffic.postback import Notify, PostbackResult, lane_of

NUMBER = "14805550111"
HOUR_MS = 3_600_000


async def call(
    browser: Browser, method: str, path: str, body: object = None, **parameters: str
) -> tuple[int, Any]:
    """Call the admin API as the browser's person; a body is sent as JSON."""
    headers = {"x-csrf-token": browser.csrf}
    async with browser.session.request(
        method, browser.base + path, params=parameters, json=body, headers=headers
    ) as answer:
        return answer.status, json.loads(await answer.text())


async def waiting(watched: WholeGateway, message_id: int = 500_001, **changes: Any) -> int:
    """A message that waits for a link that is not up."""
    now = watched.clock.now()
    message = a_message(
        message_id,
        link="nowhere",
        accepted_at=now,
        due_at=now,
        expires_at=now + HOUR_MS,
        review_at=now + HOUR_MS,
        **changes,
    )
    assert (
        await watched.gateway.store.admission.accept(Acceptance(1, prepaid=True, messages=(message,))) is None
    )
    return message_id


async def dead_letters(watched: WholeGateway, reference: str) -> int:
    """A message of which the customer will hear no more: its tries would take hours. Gives its id."""
    watched.customer.answers.append(503)
    await watched.genesys(NUMBER, reference)
    store = watched.gateway.store
    while True:
        found = await find(store, reference, 1)
        view = await store.search.message(found[0].message_id) if found else None
        if view is not None and view.tries:
            (postback,) = view.postbacks
            last = PostbackResult(
                postback.postback_id, watched.clock.now(), 410, "HTTP 410", None, done=False
            )
            await store.postbacks.finish([last])
            return view.message.message_id
        await asyncio.sleep(0.02)


async def test_a_message_is_found_and_told(watched: WholeGateway, browser: Browser) -> None:
    await watched.genesys(NUMBER, "m1", message="Grüße, Ж")
    message_id = (await watched.ended("m1")).message.message_id
    for asked in (
        {},
        {"q": str(message_id)},
        {"q": "m1"},
        {"q": f"+{NUMBER}"},
        {"number": NUMBER, "state": "delivered", "link": "simulator", "account": "demo"},
        {"sender": "447700900001", "dialect": "genesys", "since": "1h"},
    ):
        status, page = await browser.get("/messages", **asked)
        assert (status, f'href="/messages/{message_id}"' in page) == (200, True), asked
    for asked in ({"q": "nothing"}, {"number": "14805550199"}, {"state": "failed"}, {"until": "2020-01-01"}):
        status, page = await browser.get("/messages", **asked)
        assert (status, "No message matches" in page) == (200, True), asked
    status, page = await browser.get(f"/messages/{message_id}")
    assert status == 200
    for word in (
        "Grüße, Ж",
        "UCS2",
        "cyrillic capital letter zhe",
        "accepted from the customer, in genesys",
        "submitted, the carrier calls it",
        "receipt: segment 1 delivered",
        "posted and taken: 200",
        "chosen",
        "submit_sm",
        "00 47 00 72 00 fc 00 df",
        "§5.2.19",
    ):
        assert word in page, word
    assert (await browser.get("/messages/999999999"))[0] == 404
    assert (await browser.get("/messages/" + "9" * 40))[0] == 404


async def test_what_makes_no_sense_is_told_on_the_page(watched: WholeGateway, browser: Browser) -> None:
    for path, asked, words in (
        ("/messages", {"account": "nobody"}, "there is no account `nobody`"),
        ("/messages", {"before": "x"}, "`before` is a whole number"),
        ("/inbound", {"since": "soon"}, "since is a time"),
        ("/postbacks", {"event": "x"}, "event is sent, ended or inbound"),
        ("/statistics", {"by": "moon"}, "by is one of day"),
        ("/statistics", {"since": "2001-01-01"}, "more than a year"),
    ):
        status, page = await browser.get(path, **asked)
        assert (status, words in page) == (422, True), (path, asked)


async def test_htmx_gets_the_table_alone(watched: WholeGateway, browser: Browser) -> None:
    for path in ("/messages", "/inbound", "/postbacks", "/statistics"):
        _, _, part = await browser.ask("GET", path, **{"hx-request": "true"})
        _, whole = await browser.get(path)
        assert "<html" not in part
        assert "<html" in whole
        assert part.strip()[:200] in whole


async def test_a_message_is_sent_again(watched: WholeGateway, browser: Browser) -> None:
    await watched.genesys(NUMBER, "m1", message="Twice")
    first = (await watched.ended("m1")).message
    status, page = await browser.post(f"/messages/{first.message_id}/again")
    assert (status, "Sent again" in page) == (200, True)
    while len(watched.handset(NUMBER)) < 2:
        await asyncio.sleep(0.02)
    assert watched.handset(NUMBER) == ["Twice", "Twice"]
    log = await watched.gateway.store.audit.log(0, 1)
    assert (log[0][1].action, log[0][1].actor) == ("send again", "demo")
    assert await watched.all_ended(2) == {"delivered": 2}
    await watched.genesys(NUMBER, "m3")  # newer than what was sent again
    found = (await watched.gateway.store.search.messages(MessageFilter(), 0, 10)).found
    assert [each.message.reference for each in found] == ["m3", "m1", "m1"]


async def test_a_message_is_called_back_once(watched: WholeGateway, browser: Browser) -> None:
    message_id = await waiting(watched)
    status, page = await browser.post(f"/messages/{message_id}/cancel")
    assert (status, "Cancelled" in page, "deleted" in page) == (200, True, True)
    status, page = await browser.post(f"/messages/{message_id}/cancel")
    assert (status, "waits no more" in page) == (409, True)


async def test_viewers_see_no_buttons(watched: WholeGateway) -> None:
    message_id = await waiting(watched)
    async with Browser(watched.console) as vera:
        assert await vera.sign_in("vera", "vera-console") == 200
        _, page = await vera.get(f"/messages/{message_id}")
        assert "/cancel" not in page
        assert (await vera.post(f"/messages/{message_id}/cancel"))[0] == 403


async def test_pages_go_on_where_the_last_one_ended(watched: WholeGateway, browser: Browser) -> None:
    for number in range(60):
        await waiting(watched, 500_000 + number)
    _, page = await browser.get("/messages", link="nowhere")
    assert page.count("<tr><td><a") == 50
    assert "/messages?link=nowhere&amp;before=500010" in page
    _, page = await browser.get("/messages", link="nowhere", before="500010")
    assert page.count("<tr><td><a") == 10
    assert "before=" not in page


async def test_many_messages_are_exported_as_they_are_read(watched: WholeGateway, browser: Browser) -> None:
    many = tuple(
        a_message(600_000 + number, link="nowhere", price_micros=0, label="=cmd()")
        for number in range(12_000)
    )
    assert await watched.gateway.store.admission.accept(Acceptance(1, prepaid=True, messages=many)) is None
    async with browser.session.get(browser.base + "/messages.csv", params={"link": "nowhere"}) as answer:
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers.get("transfer-encoding") == "chunked"
        first = await answer.content.readline()
        rest = await answer.content.read()
    assert first.startswith(b"message_id,accepted_at,account")
    rows = list(csv.reader(io.StringIO(rest.decode())))
    assert [int(row[0]) for row in rows] == list(range(611_999, 599_999, -1))
    assert rows[0][9] == "'=cmd()"


async def test_messages_from_handsets_are_listed(watched: WholeGateway, browser: Browser) -> None:
    _, page = await browser.get("/inbound")
    assert "No handset has sent anything yet" in page
    for text, recipient in (("demo <b>hello</b>", "74700"), ("anybody there?", "99999")):
        handset = f"http://127.0.0.1:{watched.simulator.view.port}/handsets/{NUMBER}"
        async with watched.session.post(handset, json={"to": recipient, "text": text}) as answer:
            assert answer.status < 300, await answer.text()
    while len((await call(browser, "GET", "/v1/inbound"))[1]["inbound"]) < 2:
        await asyncio.sleep(0.02)
    _, page = await browser.get("/inbound")
    assert "demo &lt;b&gt;hello" in page
    assert "nobody's</span>" in page
    _, page = await browser.get("/inbound", account="-")
    assert ("anybody there?" in page, "hello" in page) == (True, False)
    status, found = await call(browser, "GET", "/v1/inbound", account="demo", keyword="demo")
    assert (status, [each["text"] for each in found["inbound"]]) == (200, ["demo <b>hello</b>"])


async def test_a_postback_that_was_given_up_is_replayed(watched: WholeGateway, browser: Browser) -> None:
    message_id = await dead_letters(watched, "m1")
    _, page = await browser.get(f"/messages/{message_id}")
    assert "dead letter" in page
    assert "410" in page
    _, page = await browser.get("/postbacks")
    assert f'href="/messages/{message_id}"' in page
    status, found = await call(browser, "GET", "/v1/postbacks", account="demo")
    ids = [each["postback_id"] for each in found["dead_letters"]]
    status, page = await browser.post(f"/postbacks/{ids[0]}/replay", back="message")
    assert (status, "The postback is due again" in page) == (200, True)
    await watched.ended("m1")
    _, page = await browser.get("/postbacks")
    assert "No dead letters." in page


async def test_what_is_pending_is_shown_and_tried_now(watched: WholeGateway, browser: Browser) -> None:
    watched.customer.answers += [503, 503]
    await watched.genesys(NUMBER, "m1")
    store = watched.gateway.store
    while not any(lane.last_fault for lane in await store.outbox.lanes(10)):
        await asyncio.sleep(0.02)
    _, page = await browser.get("/postbacks")
    assert "Try all now" in page
    view = await store.search.message((await find(store, "m1", 1))[0].message_id)
    assert view is not None
    (postback,) = view.postbacks
    status, page = await browser.get(f"/postbacks/{postback.postback_id}")
    assert status == 200
    for words in ("Try now", "message_id=m1&amp;message_state=2", "HTTP 503", ">OK<", "Written anew"):
        assert words in page, words
    _, shown = await call(browser, "GET", f"/v1/postbacks/{postback.postback_id}")
    assert (shown["postback"]["lane"], shown["tries"][0]["answer"]) == (postback.lane, "OK")
    assert b"message_id=m1" in shown["request"]["body"].encode()
    status, page = await browser.post("/postbacks/try", account="nobody")
    assert status == 422
    status, page = await browser.post("/postbacks/try", account="demo", lane=postback.lane)
    assert (status, "1 due again" in page) == (200, True)
    await watched.customer.wait_for(2)
    while (await store.outbox.lanes(10))[0].next_due_at <= watched.clock.now():
        await asyncio.sleep(0.02)
    assert await call(browser, "POST", "/v1/postbacks/try", {}) == (200, {"replayed": 1})
    await watched.ended("m1")
    log = await store.audit.log(0, 1)
    assert (log[0][1].action, log[0][1].detail) == ("try postbacks now", "1 postbacks")
    status, page = await browser.get(f"/postbacks/{postback.postback_id}")
    assert ("Replay" in page, "delivered" in page) == (True, True)
    assert (await browser.get("/postbacks/999999"))[0] == 404


async def test_a_page_says_what_is_not_due_yet(watched: WholeGateway, browser: Browser) -> None:
    lane = lane_of(1, "https://customer.example/dlr")
    message_id = await waiting(watched, notify=Notify.ENDED, lane=lane)
    _, page = await browser.get(f"/messages/{message_id}")
    assert "none is due yet; https://customer.example:443 is told when it has ended" in page
    assert "no postback address" not in page


async def test_all_postbacks_of_a_search_are_replayed(watched: WholeGateway, browser: Browser) -> None:
    await dead_letters(watched, "m1")
    await dead_letters(watched, "m2")
    status, page = await browser.post("/postbacks/replay", account="demo", event="sent")
    assert (status, "0 due again" in page) == (200, True)
    status, page = await browser.post("/postbacks/replay", account="demo")
    assert (status, "2 due again" in page) == (200, True)
    await watched.ended("m1")
    await watched.ended("m2")
    log = await watched.gateway.store.audit.log(0, 1)
    assert (log[0][1].action, log[0][1].detail) == ("replay postbacks", "2 postbacks")


async def test_sums_as_a_page_a_file_and_a_call(watched: WholeGateway, browser: Browser) -> None:
    await watched.genesys(NUMBER, "m1", message="Grüße " * 40)
    await watched.ended("m1")
    for by, key in (
        ("account", "demo"),
        ("sender", "447700900001"),
        ("country", "US"),
        ("link", "simulator"),
    ):
        status, page = await browser.get("/statistics", by=by)
        assert (status, f"<td>{key}</td>" in page) == (200, True), by
        status, found = await call(browser, "GET", "/v1/statistics", by=by)
        (row,) = found["rows"]
        assert (row["key"], row["accepted"], row["delivered"], row["segments"]) == (key, 1, 1, 2)
        assert row["money"] == {"EUR": "0.10"}
    status, text = await browser.get("/statistics.csv", by="country")
    assert text.splitlines() == [
        "country,accepted,delivered,failed,segments,currency,money",
        "US,1,1,0,2,EUR,0.10",
    ]


async def test_programs_read_and_change_messages(watched: WholeGateway, browser: Browser) -> None:
    people, now = people_of(watched.gateway.store), watched.clock.now()
    keys = {
        role: await people.make_token(BOSS, role.name.lower(), role, 0, now)
        for role in (Role.VIEWER, Role.OPERATOR)
    }
    await watched.genesys(NUMBER, "m1")
    message_id = (await watched.ended("m1")).message.message_id
    held = await waiting(watched)

    async def ask(role: Role, method: str, path: str) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {keys[role]}", "content-length": "0"}
        async with (
            aiohttp.ClientSession(browser.base) as session,
            session.request(method, path, headers=headers) as answer,
        ):
            return answer.status, await answer.json(content_type=None)

    status, found = await ask(Role.VIEWER, "GET", "/v1/messages?limit=1")
    assert (status, found["messages"][0]["message_id"], found["next"]) == (200, held, held)
    status, found = await ask(Role.VIEWER, "GET", f"/v1/messages?before={held}&q=m1")
    assert (found["messages"][0]["state"], found["next"]) == ("delivered", None)
    status, detail = await ask(Role.VIEWER, "GET", f"/v1/messages/{message_id}")
    assert detail["message"]["price"] == "0.05"
    assert detail["written"]["text"] == "Hello"
    assert detail["submits"][0]["octets"] == "48 65 6c 6c 6f"
    assert detail["segments"][0]["state"] == "delivered"
    assert detail["postbacks"][0]["done"]
    status, problem = await ask(Role.VIEWER, "POST", f"/v1/messages/{held}/cancel")
    assert (status, problem["detail"]) == (403, "this takes the role operator")
    status, detail = await ask(Role.OPERATOR, "POST", f"/v1/messages/{held}/cancel")
    assert (status, detail["message"]["state"]) == (200, "deleted")
    status, problem = await ask(Role.OPERATOR, "POST", f"/v1/messages/{held}/cancel")
    assert (status, problem["detail"]) == (409, f"message {held} is deleted: it waits no more")
    status, new = await ask(Role.OPERATOR, "POST", f"/v1/messages/{message_id}/again")
    assert (status, new["message_id"] > message_id) == (201, True)
    assert (await ask(Role.OPERATOR, "POST", "/v1/messages/77/again"))[0] == 404
    assert (await ask(Role.VIEWER, "GET", "/v1/messages?limit=x"))[0] == 422


#: a text in the alphabet of GSM, octets for a program, and a picture with a word
KINDS: dict[str, dict[str, Any]] = {
    "text": {"octets": b"Hello", "reference": "t", "echo": b'{"campaign":"autumn"}', "label": "autumn"},
    "binary": {"coding": 2, "octets": b"\x06\x05\x04\x0b\x84\x23\xf0\x01\xff", "reference": "b"},
    "mms": {
        "coding": 0xFF,
        "octets": "Look — här".encode(),
        "reference": "m",
        "parts": as_column([KeptPart("image/png", "ab" * 32, 1234)]),
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
async def test_the_command_line_and_the_api_tell_the_same_of_a_message(
    watched: WholeGateway, browser: Browser, kind: str
) -> None:
    message_id = await waiting(watched, **KINDS[kind])
    link = f'[[link]]\nname = "simulator"\nhost = "127.0.0.1"\nport = {watched.smpp_port}\n'
    (watched.data_dir / "aldis.toml").write_text(link, encoding="utf-8")
    _, told = await call(browser, "GET", f"/v1/messages/{message_id}")
    assert await on_command_line(watched, "message", str(message_id)) == told
    _, listed = await call(browser, "GET", "/v1/messages")
    assert await on_command_line(watched, "messages") == listed["messages"] == [told["message"]]
    assert told["message"]["price"] == "0.05"
    assert told["message"]["accepted_at"].endswith("Z")
    assert (told["message"]["ended_at"], told["message"]["echo"]) == (
        None,
        {"campaign": "autumn"} if kind == "text" else {},
    )
    written = {"text": "Hello", "binary": "0605040b8423f001ff", "mms": "Look — här"}
    assert told["written"]["text"] == written[kind]
    picture = {"content_type": "image/png", "octets": 1234, "digest": "ab" * 32}
    assert told["attachments"] == ([picture] if kind == "mms" else [])


@pytest.mark.parametrize(
    ("body", "status"), [([1], 422), ({"lane": 1}, 422), ({"colour": "red"}, 422), ({}, 200)]
)
async def test_bodies_are_read_strictly(
    watched: WholeGateway, browser: Browser, body: object, status: int
) -> None:
    assert (await call(browser, "POST", "/v1/postbacks/replay", body))[0] == status
    assert (await call(browser, "POST", "/v1/postbacks/99/replay"))[0] == 404
