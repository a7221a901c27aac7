"""A refused request, from its answer to whoever looks for it: console, admin API, command line."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.fakes.browser import Browser
from tests.fakes.programs import aldis
from tests.fakes.whole import WholeGateway


async def refusals_of(browser: Browser, count: int, account: str) -> list[dict[str, Any]]:
    """Ask until so many have been kept."""
    while True:
        status, text = await browser.get("/v1/refusals", account=account)
        assert status == 200
        found: list[dict[str, Any]] = json.loads(text)["refusals"]
        if len(found) >= count:
            return found
        await asyncio.sleep(0.05)


async def test_a_refusal_is_found_by_what_the_customer_was_told(
    watched: WholeGateway, browser: Browser
) -> None:
    body = {"message": "secret words", "recipients": [{"msisdn": 12}]}
    status, text = await watched.post("/rest/mtsms?token=demo-mavorion", json.dumps(body).encode())
    told = json.loads(text)
    assert status >= 400
    assert await watched.genesys("447700900001", "m1", password="wrong-password") != "result_code=0"
    assert (await watched.get("/httpapi/receiver", login="nobody-at-all"))[0] >= 200
    by_demo = await refusals_of(browser, 2, "demo")
    of_nobody = await refusals_of(browser, 1, "-")
    (mavorion,) = [each for each in by_demo if each["incident"] == told["incident_uuid"]]
    assert mavorion["reason"] == "recipient_invalid"
    assert (mavorion["request"], mavorion["peer"]) == ("POST /rest/mtsms", "127.0.0.1")
    assert mavorion["credential"] in (await browser.get("/accounts/demo"))[1]
    (genesys,) = [each for each in by_demo if each["dialect"] == "genesys"]
    assert genesys["reason"] == "credentials_unknown"
    assert of_nobody[0]["account"] is None
    _, page = await browser.get("/refusals", account="demo")
    assert told["incident_uuid"] in page
    assert (await browser.get("/refusals", account="who"))[0] == 422
    asked = ("refusals", "demo", "--json", "--data-dir", str(watched.data_dir))
    ended = await asyncio.to_thread(aldis, *asked, cwd=watched.data_dir)
    told_there = json.loads(ended.stdout)
    assert [each["incident"] for each in told_there] == [each["incident"] for each in by_demo]
    for secret in ("secret words", "wrong-password", "nobody-at-all", "demo-mavorion"):
        assert secret not in page + ended.stdout + json.dumps(by_demo + of_nobody)
