"""Composing by hand: told while it is written, sent once, remembered."""

from __future__ import annotations

import re
from typing import Any

from tests.backends import find
from tests.fakes.browser import Browser
from tests.fakes.whole import WholeGateway

GOOD: dict[str, Any] = {"account": "demo", "to": "+45 12345601", "text": "Hello", "key": "abc123"}


async def test_the_page_asks_for_all_that_can_be_sent(browser: Browser) -> None:
    status, page = await browser.get("/compose")
    assert status == 200
    for name in ("account", "from", "to", "text", "priority", "encoding", "send_at", "label", "reference"):
        assert f'name="{name}"' in page
    assert "<option>demo</option>" in page


async def test_what_it_will_be_is_told_while_it_is_written(browser: Browser) -> None:
    _, look = await browser.post("/compose/look", account="demo", to="4512345601", text="Tea – 5 €")
    assert "UCS-2" in look
    assert "en dash" in look
    assert "0.15 EUR" in look
    assert "simulator" in look
    _, look = await browser.post(
        "/compose/look", account="demo", to="4512345601,447700900101", text="x" * 200
    )
    assert "2 each, 4 in all" in look
    assert "GSM 7-bit" in look


async def test_a_text_is_counted_before_there_is_anybody_to_send_it_to(browser: Browser) -> None:
    _, look = await browser.post("/compose/look", account="", to="", text="Жанна")
    assert "UCS-2" in look
    assert "choose an account" in look
    _, look = await browser.post("/compose/look", account="demo", to="", text="Hello")
    assert "there is no recipient" in look
    _, look = await browser.post("/compose/look", account="demo", to="abc", text="Hello")
    assert "is no number that can get messages" in look


async def test_sending_is_real_and_remembered(watched: WholeGateway, browser: Browser) -> None:
    status, page = await browser.post("/compose", **GOOD | {"to": "4512345601 4512345602"})
    assert status == 200
    assert "2 messages are accepted for demo" in page
    number = re.findall(r'href="/messages/(\d+)"', page)[0]
    assert await watched.all_ended(2) == {"delivered": 2}
    assert watched.handset("4512345601") == ["Hello"]
    log = await watched.gateway.store.audit.log(0, 10)
    entry = next(entry for _, entry in log if entry.action == "send message")
    assert (entry.actor, entry.via, entry.subject, entry.detail) == ("demo", "console", number, "2 for demo")


async def test_a_form_that_is_sent_twice_sends_once(watched: WholeGateway, browser: Browser) -> None:
    first, again = await browser.post("/compose", **GOOD), await browser.post("/compose", **GOOD)
    assert first == again
    assert await watched.all_ended(1) == {"delivered": 1}
    status, page = await browser.post("/compose", **GOOD | {"text": "Other"})
    assert (status, "was accepted before" in page) == (409, True)


async def test_what_is_refused_says_why_and_keeps_what_was_written(
    watched: WholeGateway, browser: Browser
) -> None:
    status, page = await browser.post("/compose", **GOOD | {"from": "55555"})
    assert status == 403
    assert "the sender `55555` is not this account&#39;s" in page
    assert ">Hello</textarea>" in page
    assert (await browser.post("/compose", **GOOD | {"account": "nobody"}))[0] == 404
    assert (await browser.post("/compose", **GOOD | {"account": "suspended"}))[0] == 403
    assert (await browser.post("/compose", **GOOD | {"send_at": "yesterday"}))[0] == 422
    assert (await browser.post("/compose", **GOOD | {"key": ""}))[0] == 422
    assert await watched.gateway.store.metrics.count_by_state() == {}


async def test_an_operator_needs_no_network_of_the_account(watched: WholeGateway, browser: Browser) -> None:
    """`elsewhere` may be used from nowhere near; whoever is signed in here acts for it all the same."""
    assert (await browser.post("/compose", **GOOD | {"account": "elsewhere", "from": "74700"}))[0] == 200


async def test_later_and_with_a_label(watched: WholeGateway, browser: Browser) -> None:
    form = GOOD | {"send_at": "2099-01-01T12:00", "label": "spring", "validity_h": "2"}
    assert (await browser.post("/compose", **form))[0] == 200
    (found,) = await find(watched.gateway.store, "", 1)
    assert found.state == "queued"
