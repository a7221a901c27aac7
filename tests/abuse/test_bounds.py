"""Nothing that a customer or an operator can say makes a call, a form or a door fail, and what was kept once can
always be shown: every value beyond all bounds, in every place there is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.abuse.hostile import DEEP, DOCUMENTS, TEXTS, FormFinder, variants
from tests.console.test_api_bounds import DOCUMENT, Program, filled, operations, resolved
from tests.dialects.asking import Asker
from tests.dialects.test_goldens import CASES
from tests.fakes.browser import Browser
from tests.fakes.clock import FakeClock
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

from aldis.accounts.staff import Actor, Role
from aldis.app.people import people_of
from aldis.clock import LATEST, as_datetime, as_iso
from aldis.console.pages import PAGES
from aldis.store.contract.store import Store

pytestmark = pytest.mark.timeout(300)

BOSS = Actor("boss", Role.ADMIN, "command line")
#: pages that do not end, and what ends the session
LEFT_OUT = ("/live", "/handsets/live", "/sign-out")
#: a third of a schema's depth is deep enough: an account's senders have words
DEPTH = 3
LONGEST = 600


@pytest.fixture
async def watched(tmp_path: Any, customer: FakeCustomer) -> Any:
    made = WholeGateway(tmp_path / "data", customer, more='\n[console]\nlisten = "127.0.0.1:0"\n')
    await made.start()
    people, now = people_of(made.gateway.store), made.clock.now()
    await people.put_operator(BOSS, "demo", Role.ADMIN, "demo-console", now)
    yield made
    await made.stop()


@pytest.fixture
async def program(watched: WholeGateway) -> Any:
    people, now = people_of(watched.gateway.store), watched.clock.now()
    made = Program(watched.console, await people.make_token(BOSS, "robot", Role.ADMIN, 0, now))
    yield made
    await made.session.close()


def leaves(schema: dict[str, Any], path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Give the paths of all values that a schema has."""
    yield path
    if len(path) >= DEPTH:
        return
    for each in resolved(schema).get("anyOf", [resolved(schema)]):
        found = resolved(each)
        for name, value in found.get("properties", {}).items():
            yield from leaves(value, (*path, name))
        if isinstance(found.get("items"), dict):
            yield from leaves(found["items"], (*path, 0))
        if isinstance(found.get("additionalProperties"), dict):
            yield from leaves(found["additionalProperties"], (*path, "native"))


def document_with(example: Any, path: tuple[str | int, ...], value: str) -> str:
    """Write a body that has a value at a path, whatever JSON that is."""
    if not path:
        return value
    key, *rest = path
    inner = document_with({} if not isinstance(example, dict) else example.get(key, {}), tuple(rest), value)
    if key == 0:
        return f"[{inner}]"
    others = (
        {name: each for name, each in example.items() if name != key} if isinstance(example, dict) else {}
    )
    members = [f'"{key}":{inner}', *(f'"{name}":{json.dumps(each)}' for name, each in others.items())]
    return "{" + ",".join(members) + "}"


async def test_no_body_of_a_call_fails(program: Program) -> None:
    asked = 0
    for each in operations():
        if not each.takes:
            continue
        content = DOCUMENT["paths"][each.path][each.method]["requestBody"]["content"]["application/json"]
        for path in dict.fromkeys(leaves(each.takes)):
            for value in DOCUMENTS if path else (*DOCUMENTS, DEEP, "[" * 100_000):
                body = document_with(content.get("example", {}), path, value)
                await program.ask(each.method, each.at(), body)
                asked += 1
    assert asked > 1_000
    for each in operations():  # and what was kept is shown
        if each.method == "get" and "events" not in each.path:
            await program.ask(each.method, each.at())


async def test_no_parameter_of_a_call_fails(program: Program) -> None:
    for each in operations():
        if "events" in each.path:
            continue
        for name, parameter in each.parameters.items():
            for value in TEXTS if parameter["in"] == "query" else ():
                await program.ask(each.method, each.at(), **{name: value})
        await program.ask(each.method, each.at() + "?%ff=%ff&limit=%ff")


async def test_no_form_fails_and_every_page_is_shown_after_it(
    watched: WholeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: set[tuple[str, tuple[str, ...]]] = set()
    urls = [
        filled(page.path, number)
        for page in PAGES
        for number in ("0", "1")
        if "GET" in page.methods and not page.path.startswith("/v1/") and page.path not in LEFT_OUT
    ]
    async with Browser(watched.console) as browser:
        await browser.sign_in()
        for url in dict.fromkeys(urls):
            for where, method, fields in FormFinder((await browser.get(url))[1]).found:
                target = where or url
                key = (re.sub(r"\d+", "0", target), tuple(fields))
                if key in seen or target in LEFT_OUT:
                    continue
                seen.add(key)
                for name in fields.keys() - {"csrf"}:
                    for value in TEXTS:
                        form = {**fields, name: value, "csrf": browser.csrf}
                        status = await sent(browser, method, target, form)
                        assert status < 500, f"{target}: {name} = {value[:30]!r}"
        for url in dict.fromkeys(urls):
            assert (await browser.get(url))[0] < 500, url
    assert len(seen) > 30
    assert "Traceback" not in capsys.readouterr().out


async def sent(browser: Browser, method: str, target: str, form: dict[str, str]) -> int:
    params, data = (form, None) if method == "get" else (None, form)
    async with browser.session.request(
        method, browser.base + target, params=params, data=data, allow_redirects=False
    ) as answer:
        return answer.status


@pytest.mark.parametrize("part", range(4))
async def test_no_parameter_of_a_dialect_fails(
    demo_store: Store, clock: FakeClock, capsys: pytest.CaptureFixture[str], part: int
) -> None:
    asker = await Asker.over(demo_store, clock)
    # a share of each dialect's, of those that are short: each has hundreds of variants
    for case in [each for each in CASES if len(each.request.body) < LONGEST][part::24]:
        for request in variants(case.request):
            await asker.ask(request)
        said = capsys.readouterr().out
        assert "a request failed" not in said, f"{case.name}: {said[:2000]}"


@pytest.mark.parametrize("instant", [0, -1, LATEST, LATEST + 1, 2**53, 2**63, 10**400, -(10**400)])
def test_whatever_instant_was_kept_is_shown(instant: int) -> None:
    assert as_iso(instant).endswith("Z")
    assert 1 <= as_datetime(instant).year <= 9999
