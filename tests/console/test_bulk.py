"""Tables, from the file to the last row: pages, faults, pausing, and the gateway's end in the middle."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import aiohttp
from tests.fakes.browser import Browser
from tests.fakes.whole import WholeGateway

from aldis.traffic.bulk import Job, JobState


def table(count: int, *more: str, first: int = 4512000000) -> str:
    rows = [f"{first + number * 100},Ann {number}" for number in range(count)]
    return "\n".join(["Number;Name".replace(";", ","), *rows, *more])


async def upload(browser: Browser, text: str, account: str = "demo") -> tuple[int, str, str]:
    form = aiohttp.FormData()
    form.add_field("csrf", browser.csrf)
    form.add_field("account", account)
    form.add_field("name", "spring")
    form.add_field("file", text.encode(), filename="spring.csv", content_type="text/csv")
    async with browser.session.post(browser.base + "/compose/bulk", data=form) as answer:
        return answer.status, answer.url.path, await answer.text()


async def job_of(watched: WholeGateway, job_id: int = 1) -> Job:
    found = await watched.gateway.store.bulk.job(job_id)
    assert found is not None
    return found


async def stands(watched: WholeGateway, state: JobState, job_id: int = 1) -> Job:
    while (found := await job_of(watched, job_id)).state is not state:
        await asyncio.sleep(0.01)
    return found


MAPPING: dict[str, Any] = {"recipient": "Number", "text": "Hello {Name}", "priority": "bulk"}


async def test_a_table_from_the_file_to_the_handsets(watched: WholeGateway, browser: Browser) -> None:
    status, path, page = await upload(browser, table(3, "abc,Nobody"))
    assert (status, path) == (200, "/compose/bulk/1")
    assert "<code>{Name}</code>" in page
    _, look = await browser.post("/compose/bulk/1/look", **MAPPING)
    assert "Hello Ann 0" in look
    assert "0.45 EUR" in look
    assert "1 of 4 rows looked at" in look
    assert "is no number that can get messages" in look
    status, page = await browser.post("/compose/bulk/1/start", **MAPPING)
    assert status == 200
    job = await stands(watched, JobState.DONE)
    assert (job.accepted, job.refused) == (3, 1)
    assert await watched.all_ended(3) == {"delivered": 3}
    assert watched.handset("4512000100") == ["Hello Ann 1"]
    _, page = await browser.get("/compose/bulk/1")
    assert "Download all 1" in page
    _, csv = await browser.get("/compose/bulk/1/refused.csv")
    assert csv.removeprefix("\ufeff").splitlines() == [
        "Number,Name,why",
        "abc,Nobody,`abc` is no number that can get messages",
    ]
    _, page = await browser.get("/compose/bulk")
    assert re.search(r"spring.*demo.*done", page, re.DOTALL)
    log = await watched.gateway.store.audit.log(0, 10, "bulk 1")
    assert [entry.action for _, entry in log] == ["start bulk job", "load bulk job"]


async def test_a_restart_in_the_middle_sends_each_row_once(watched: WholeGateway, browser: Browser) -> None:
    await upload(browser, table(1500))
    await browser.post("/compose/bulk/1/start", **MAPPING)
    while not (await job_of(watched)).accepted:
        await asyncio.sleep(0.001)
    await watched.gateway.stop()
    await watched.start_gateway()
    job = await stands(watched, JobState.DONE)
    assert (job.accepted, job.refused) == (1500, 0)
    assert await watched.all_ended(1500) == {"delivered": 1500}
    assert watched.handset("4512149900") == ["Hello Ann 1499"]


async def test_pausing_resuming_and_cancelling(watched: WholeGateway, browser: Browser) -> None:
    await upload(browser, table(3000))
    await browser.post("/compose/bulk/1/start", **MAPPING)
    status, page = await browser.post("/compose/bulk/1/act", action="pause")
    assert (status, "Resume" in page) == (200, True)
    _, part = await browser.get("/compose/bulk/1/progress")
    assert "every 1s" not in part
    assert (await browser.post("/compose/bulk/1/act", action="pause"))[0] == 409
    await browser.post("/compose/bulk/1/act", action="resume")
    status, page = await browser.post("/compose/bulk/1/act", action="cancel")
    assert "cancelled" in page
    job = await job_of(watched)
    assert job.accepted < 3000
    assert (await browser.post("/compose/bulk/1/act", action="resume"))[0] == 409
    assert (await browser.post("/compose/bulk/1/act", action="eat"))[0] == 422


async def test_a_job_pauses_when_the_money_is_gone(watched: WholeGateway, browser: Browser) -> None:
    await upload(browser, table(2), account="broke")
    mapping = MAPPING | {"from": "74700"}
    _, look = await browser.post("/compose/bulk/1/look", **mapping)
    assert "not enough money" in look
    await browser.post("/compose/bulk/1/start", **mapping)
    job = await stands(watched, JobState.PAUSED)
    assert (job.accepted, job.refused, job.waiting) == (0, 0, 2)
    _, page = await browser.get("/compose/bulk/1")
    assert "It paused: the account has not enough money left" in page


async def test_faults_of_files_and_mappings(watched: WholeGateway, browser: Browser) -> None:
    for text, words in (
        ("", "the table is empty"),
        ("Number,Name", "no rows"),
        ("\ufffd", "UTF-8"),
        ("a," * 60 + "a\n4512345678", "50 columns at most"),
    ):
        status, _, page = await upload(browser, text)
        assert (status, words in page) == (422, True), text
    assert (await upload(browser, table(1), account="nobody"))[0] == 404
    assert (await upload(browser, table(1)))[0] == 200
    for change, words in (
        ({"text": ""}, "there is no text"),
        ({"text": "Hello {name}"}, "no column `name`"),
        ({"recipient": "x"}, "no column `x`"),
        ({"from": "{x}"}, "no column `x`"),
        ({"text": "x" * 10_001}, "characters at most"),
    ):
        status, page = await browser.post("/compose/bulk/1/start", **MAPPING | change)
        assert (status, words in page) == (422, True), words
    for path in ("/compose/bulk/77", "/compose/bulk/abc", "/compose/bulk/" + "9" * 30):
        assert (await browser.get(path))[0] == 404
    assert (await job_of(watched)).state is JobState.READY


async def test_names_in_cells_stay_as_they_are(watched: WholeGateway, browser: Browser) -> None:
    await upload(browser, "Number\tName\n00 45 12-00 00.00\t{Number}")
    await browser.post("/compose/bulk/1/start", **MAPPING)
    await stands(watched, JobState.DONE)
    await watched.all_ended(1)
    assert watched.handset("4512000000") == ["Hello {Number}"]
