"""Every call of the admin API and every page says no to what is no number, or is one beyond bounds: with one
status, and never with a failure. The calls are those of the OpenAPI document, so a new one is asked by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import aiohttp
import pytest
from tests.fakes.browser import Browser
from tests.fakes.whole import WholeGateway

from aldis.accounts.staff import Actor, Role
from aldis.app.people import people_of
from aldis.console.api.description import document_of
from aldis.console.pages import PAGES

#: more digits than Python's own reader takes
NINES = "9" * 5000
#: no number of ours, whatever it is for
BAD = ("x", "", "-1", "1e3", "٣", "²", str(2**53 + 1), NINES)
BAD_LIMITS = (*BAD, "0", "501", "2.5")
DOCUMENT = document_of(PAGES)
CURSORS = {"before", "after"}


class Operation(NamedTuple):
    """One call."""

    method: str
    path: str
    parameters: dict[str, dict[str, Any]]
    #: its body's schema
    takes: dict[str, Any]
    gives: dict[str, Any]

    def at(self, **given: str) -> str:
        """Fill the places of its path."""
        places = {
            name: "0" if is_number(parameter["schema"]) else "demo"
            for name, parameter in self.parameters.items()
            if parameter["in"] == "path"
        }
        return self.path.format(**(places | given))


def operations() -> Iterator[Operation]:
    for path, item in DOCUMENT["paths"].items():
        for method, each in item.items():
            takes = each.get("requestBody", {}).get("content", {}).get("application/json", {})
            (good, *_) = (answer for status, answer in each["responses"].items() if status.startswith("2"))
            gives = good.get("content", {}).get("application/json", {})
            named = {parameter["name"]: parameter for parameter in each["parameters"]}
            yield Operation(
                method, path, named, resolved(takes.get("schema", {})), resolved(gives.get("schema", {}))
            )


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "").rpartition("/")[2]
    return DOCUMENT["components"]["schemas"][reference] if reference else schema


def is_number(schema: dict[str, Any]) -> bool:
    return any(each.get("type") == "integer" for each in schema.get("anyOf", [schema]))


class Program:
    """A program with an admin's key; a request of it is never answered by a failure."""

    def __init__(self, base: str, key: str) -> None:
        self._base = base
        self.session = aiohttp.ClientSession(headers={"authorization": f"Bearer {key}"})

    async def ask(
        self, method: str, path: str, body: str | None = None, **query: str
    ) -> tuple[int, dict[str, Any]]:
        """Send a request; gives the status, and the problem where it is one."""
        asked = f"{method} {path[:80]} {[(name, value[:20]) for name, value in query.items()]}"
        async with self.session.request(method, self._base + path, params=query, data=body) as answer:
            assert answer.status < 500, asked
            if answer.status < 400:
                return answer.status, {}  # it may be a stream
            assert answer.content_type == "application/problem+json", asked
            problem = json.loads(await answer.read())
            assert problem["status"] == answer.status, asked
            return answer.status, problem


@pytest.fixture
async def program(watched: WholeGateway) -> AsyncIterator[Program]:
    boss = Actor("boss", Role.ADMIN, "command line")
    people, now = people_of(watched.gateway.store), watched.clock.now()
    made = Program(watched.console, await people.make_token(boss, "robot", Role.ADMIN, 0, now))
    yield made
    await made.session.close()


async def test_whatever_is_no_number_is_refused_alike(program: Program) -> None:
    asked = 0
    for each in operations():
        path = each.at()
        for name, parameter in each.parameters.items():
            if parameter["in"] == "query" and is_number(parameter["schema"]):
                for value in BAD_LIMITS if name == "limit" else BAD:
                    status, problem = await program.ask(each.method, path, **{name: value})
                    assert (status, f"`{name}` is a whole number from" in problem["detail"]) == (422, True)
                    asked += 1
    assert asked > 100


async def test_a_parameter_that_a_call_does_not_take_never_fails(program: Program) -> None:
    for each in operations():
        for value in ("x", NINES):
            await program.ask(each.method, each.at(), limit=value, before=value, after=value, seen=value)


async def test_a_path_that_names_nothing_is_not_found(program: Program) -> None:
    for each in operations():
        for name, parameter in each.parameters.items():
            if parameter["in"] == "path":
                for value in ("x", "-1", "%D9%A3", NINES):
                    status, _ = await program.ask(each.method, each.at(**{name: value}))
                    assert status == 404 or not is_number(parameter["schema"])


async def test_a_number_of_a_body_is_bounded(program: Program) -> None:
    plain = {"string": '"demo"', "object": "{}", "array": "[]", "integer": "0", "number": "0"}
    asked = 0
    for each in operations():
        properties = each.takes.get("properties", {})
        rest = {
            name: plain.get(resolved(properties[name]).get("type", ""), '"demo"')
            for name in each.takes.get("required", ())
        }
        for name, schema in properties.items():
            if is_number(schema):
                for value in (NINES, str(10**30), "-1", "1.5", '"x"'):
                    members = (f'"{key}":{text}' for key, text in (rest | {name: value}).items())
                    await program.ask(each.method, each.at(), "{" + ",".join(members) + "}")
                    asked += 1
    assert asked > 30


@pytest.mark.parametrize("value", [NINES, str(10**30), "1e400", "1e308", "-1"])
async def test_a_number_of_a_record_never_fails(program: Program, value: str) -> None:
    for name in ("burst", "rate_per_s", "max_segments"):
        await program.ask("PUT", f"/v1/accounts/{name}", f'{{"account": {{"{name}": {value}}}}}')
        await program.ask("GET", f"/v1/accounts/{name}")


def test_every_list_has_one_cursor_and_one_limit() -> None:
    lists = 0
    for each in operations():
        properties = each.gives.get("properties", {})
        assert not [name for name in properties if name.startswith("next_")]
        if "next" in properties:
            lists += 1
            assert {"limit", *each.parameters} >= {"limit"} | each.parameters.keys() & CURSORS
            assert len(CURSORS & each.parameters.keys()) == 1, each.path
            limit = each.parameters["limit"]["schema"]
            assert (limit["minimum"], limit["maximum"]) == (1, 500)
    assert lists >= 10


def test_every_instant_is_text() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for key, value in schema.get("properties", {}).items():
            is_instant = key in ("at", "since", "until", "looked_back_to") or key.endswith("_at")
            if is_instant and (name, key) != ("Preview", "looked_at"):  # how many rows
                assert not is_number(value), f"{name}.{key}"


async def test_no_page_fails_on_a_number(browser: Browser) -> None:
    for page in PAGES:
        if page.path.startswith("/v1/") or page.path in ("/live", "/handsets/live", "/sign-out"):
            continue
        for value in ("²", NINES):
            for method in page.methods:
                await check_page(browser, method, page.path, value)


NAMES = (
    "version",
    "seen",
    "hours",
    "days",
    "seed",
    "delay_s",
    "validity_h",
    "burst",
    "rate_per_s",
    "0.place",
    "limit",
)


def filled(path: str, number: str) -> str:
    """Fill the places of a page's path: the first account's name, and a number."""
    return re.sub(r"\{\w+(:number)?\}", lambda place: number if place[1] else "demo", path)


async def check_page(browser: Browser, method: str, path: str, value: str) -> None:
    """Ask a page with a number in its path, its address and each field of its form."""
    asked = f"{method} {path} with {value[:20]}"
    assert (await browser.ask(method, filled(path, value or "x")))[0] < 500, asked
    if method == "GET":
        names = dict.fromkeys(("before", "after", "limit", "seen", "id"), value)
        assert (await browser.get(filled(path, "0"), **names))[0] < 500, asked
    else:
        for name in NAMES:
            form = {"csrf": browser.csrf, name: value}
            url = browser.base + filled(path, "0")
            async with browser.session.post(url, data=form, allow_redirects=False) as answer:
                assert answer.status < 500, f"{asked} as {name}"
