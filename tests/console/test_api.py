"""The admin API: sending and tables for programs, and the document that describes all of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from tests.fakes.browser import Browser
from tests.fakes.whole import WholeGateway

from aldis.accounts.staff import Actor, Role
from aldis.app.people import people_of
from aldis.console.api.description import document_of
from aldis.console.page import Page
from aldis.console.pages import PAGES

GOOD = {"account": "demo", "to": "4512345601", "text": "Hello"}
TABLE = {
    "account": "demo",
    "columns": ["to", "name"],
    "rows": [["4512345601", "Ann"], ["abc", "Bo"]],
    "recipient": "to",
    "text": "Hello {name}",
}


class Program:
    """A program with a key of the admin API."""

    def __init__(self, base: str, key: str) -> None:
        self._base = base
        self._headers = {"authorization": f"Bearer {key}"}
        self.session = aiohttp.ClientSession()

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any, Any]:
        """Send a request; returns status, document and headers."""
        data = None if body is None else json.dumps(body).encode()
        given = {**self._headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self.session.request(method, self._base + path, data=data, headers=given) as answer:
            octets = await answer.read()
            return answer.status, json.loads(octets) if octets else None, answer.headers


async def with_key(watched: WholeGateway, role: Role) -> Program:
    people, now = people_of(watched.gateway.store), watched.clock.now()
    key = await people.make_token(Actor("boss", Role.ADMIN, "command line"), role.name.lower(), role, 0, now)
    return Program(watched.console, key)


@pytest.fixture
async def program(watched: WholeGateway) -> AsyncIterator[Program]:
    made = await with_key(watched, Role.OPERATOR)
    yield made
    await made.session.close()


async def test_sending_for_an_account(watched: WholeGateway, program: Program) -> None:
    status, accepted, _ = await program.ask("POST", "/v1/messages", GOOD)
    assert status == 202
    assert accepted["segments"] == 1
    assert accepted["price"] == "0.15"
    assert await watched.all_ended(1) == {"delivered": 1}
    ((_, entry),) = await watched.gateway.store.audit.log(0, 1)
    assert (entry.actor, entry.via, entry.action) == ("operator", "api", "send message")
    assert entry.subject == accepted["messages"][0]["id"]


async def test_a_key_of_idempotency_sends_once(watched: WholeGateway, program: Program) -> None:
    tries = [program.ask("POST", "/v1/messages", GOOD, idempotency_key="a") for _ in range(4)]
    answers = await asyncio.gather(*tries)
    assert {status for status, _, _ in answers} == {202}
    assert len({json.dumps(document) for _, document, _ in answers}) == 1
    assert sum("idempotency-replayed" in headers for _, _, headers in answers) == 3
    assert await watched.all_ended(1) == {"delivered": 1}
    other = await program.ask("POST", "/v1/messages", GOOD | {"text": "Other"}, idempotency_key="a")
    assert (other[0], other[1]["code"]) == (409, "duplicate")
    customers = {"authorization": "Bearer demo-native", "idempotency-key": "a"}
    body = {"to": "4512345602", "text": "mine"}
    async with watched.session.post(watched.base + "/v1/messages", json=body, headers=customers) as answer:
        assert answer.status == 202  # the customer's own keys are others


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"account": "nobody"}, 404, None),
        ({"account": "suspended"}, 403, "account_inactive"),
        ({"to": "abc"}, 422, "recipient_invalid"),
        ({"from": "55555"}, 403, "sender_not_yours"),
        ({"text": 1}, 422, "parameter_invalid"),
        ({"more": 1}, 422, "parameter_invalid"),
    ],
)
async def test_a_refusal_is_a_problem(
    watched: WholeGateway, program: Program, change: dict[str, object], status: int, code: str | None
) -> None:
    for path in ("/v1/messages", "/v1/estimate"):
        found, problem, headers = await program.ask("POST", path, GOOD | change)
        assert (found, problem["status"], problem.get("code")) == (status, status, code)
        assert headers["content-type"] == "application/problem+json"
    assert await watched.gateway.store.metrics.count_by_state() == {}


async def test_an_estimate_stores_nothing(watched: WholeGateway, program: Program) -> None:
    status, found, _ = await program.ask("POST", "/v1/estimate", GOOD | {"text": "Ω – Ж"})
    assert status == 200
    (message,) = found["messages"]
    assert (message["encoding"], message["route"], found["price"]) == ("ucs2", "simulator", "0.15")
    assert [each["character"] for each in message["forced_by"]] == ["–", "Ж"]
    assert await watched.gateway.store.metrics.count_by_state() == {}


async def test_a_table_from_a_program(watched: WholeGateway, program: Program) -> None:
    status, job, headers = await program.ask("POST", "/v1/bulk", TABLE, idempotency_key="t")
    assert (status, headers["location"]) == (201, f"/v1/bulk/{job['id']}")
    again = await program.ask("POST", "/v1/bulk", TABLE, idempotency_key="t")
    assert (again[0], again[1]["id"]) == (201, job["id"])
    other = await program.ask("POST", "/v1/bulk", TABLE | {"text": "x"}, idempotency_key="t")
    assert other[0] == 409
    while job["state"] != "done":
        _, job, _ = await program.ask("GET", headers["location"])
        await asyncio.sleep(0.01)
    assert (job["accepted"], job["refused"]) == (1, 1)
    _, refused, _ = await program.ask("GET", headers["location"] + "/refused")
    assert refused["rows"][0]["fault"] == "`abc` is no number that can get messages"
    _, listed, _ = await program.ask("GET", "/v1/bulk?limit=1")
    assert [each["id"] for each in listed["jobs"]] == [job["id"]]
    assert listed["next"] == job["id"]
    assert await watched.all_ended(1) == {"delivered": 1}


async def test_a_table_that_waits_until_it_is_started(watched: WholeGateway, program: Program) -> None:
    _, job, _ = await program.ask("POST", "/v1/bulk", TABLE | {"start": False})
    path = f"/v1/bulk/{job['id']}"
    assert job["state"] == "ready"
    _, preview, _ = await program.ask("GET", path + "/preview")
    assert (preview["price"], preview["refused"], preview["is_exact"]) == ("0.15", 1, True)
    assert (await program.ask("POST", path + "/pause"))[0] == 409
    assert (await program.ask("POST", path + "/start"))[1]["state"] == "running"
    assert (await program.ask("POST", path + "/start"))[0] == 409
    assert (await program.ask("POST", "/v1/bulk/999/start"))[0] == 404


async def test_the_price_of_a_large_table_is_told_from_a_sample(program: Program) -> None:
    rows = [["4512345601", "Ann"] for _ in range(1199)] + [["abc", "Bo"]]
    _, job, _ = await program.ask("POST", "/v1/bulk", TABLE | {"rows": rows, "start": False})
    _, preview, _ = await program.ask("GET", f"/v1/bulk/{job['id']}/preview")
    assert (preview["is_exact"], preview["refused"]) == (False, 1)
    assert 500 <= preview["looked_at"] <= 510
    assert 1190 <= preview["segments"] <= 1200
    assert [row["number"] for row in preview["rows"]] == [1, 2, 3, 4, 5, 1200]
    assert len(preview["price"].partition(".")[2]) == 2


@pytest.mark.parametrize(
    "change",
    [{"recipient": "x"}, {"text": "{x}"}, {"rows": []}, {"columns": ["to", "to"]}, {"priority": "high"}],
)
async def test_a_table_that_cannot_be(program: Program, change: dict[str, object]) -> None:
    assert (await program.ask("POST", "/v1/bulk", TABLE | change))[0] == 422


async def test_a_viewers_key_sends_nothing(watched: WholeGateway) -> None:
    viewer = await with_key(watched, Role.VIEWER)
    for path, body in (("/v1/messages", GOOD), ("/v1/estimate", GOOD), ("/v1/bulk", TABLE)):
        assert (await viewer.ask("POST", path, body))[0] == 403
    assert (await viewer.ask("GET", "/v1/bulk"))[0] == 200
    await viewer.session.close()


async def test_what_is_nowhere_is_told_as_a_problem(program: Program) -> None:
    for method, path, status in (("GET", "/v1/nothing", 404), ("PUT", "/v1/messages", 405)):
        found, problem, headers = await program.ask(method, path)
        assert (found, problem["status"]) == (status, status)
        assert headers["content-type"] == "application/problem+json"


def test_every_call_is_described() -> None:
    document = document_of(PAGES)
    described = {(path, method) for path, item in document["paths"].items() for method in item}
    wanted = {
        (re.sub(r":\w+\}", "}", page.path), method.lower())
        for page in PAGES
        if page.path.startswith("/v1/")
        for method in page.methods
    }
    assert described == wanted
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(set(names)) == len(names)
    references = set(re.findall(r'"\$ref": ?"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert references == references & document["components"]["schemas"].keys()


def test_a_call_that_says_nothing_of_itself_is_described_all_the_same() -> None:
    async def handler(_visit: object) -> Any:
        return None

    document = document_of([Page("/v1/links/{name}", handler), Page("/page", handler)])
    operation = document["paths"]["/v1/links/{name}"]["get"]
    assert operation["parameters"][0]["name"] == "name"
    assert operation["responses"]["2XX"]
    assert list(document["paths"]) == ["/v1/links/{name}"]


async def test_the_document_and_the_page_to_try_it(browser: Browser) -> None:
    status, text = await browser.get("/v1/openapi.json")
    assert (status, json.loads(text)["openapi"]) == (200, "3.1.0")
    status, page = await browser.get("/api")
    assert status == 200
    assert page.count('<form class="try"') == len(re.findall(r'"operationId"', text))
