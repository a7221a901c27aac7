"""The pages that change the directory: forms show what is wrong beside its field, and what is secret never."""

from __future__ import annotations

import re
from html import unescape

import pytest
from tests.fakes.browser import Browser
from tests.fakes.whole import WholeGateway

from aldis.accounts.directory_file import AccountEntry
from aldis.accounts.history import MASK
from aldis.accounts.senders import Sender
from aldis.console import account_form
from aldis.demo.world import text_of

PAGES = (
    "/links",
    "/accounts",
    "/accounts?q=nothing",
    "/accounts/demo",
    "/accounts/demo/toml",
    "/new-account",
    "/routes",
    "/carriers",
    "/carriers/verizon-us",
    "/new-carrier",
    "/history",
    "/history?kind=account&name=demo",
    "/consent?number=14805550100",
    "/people",
    "/password",
)


def form_of(page: str, action: str) -> dict[str, str]:
    """Give the fields of a form as a browser would send them."""
    (form,) = re.findall(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', page, re.DOTALL)
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if attributes.get("type") != "checkbox" or " checked" in tag:
            found.setdefault(attributes["name"], attributes.get("value", "on"))
    found |= dict(re.findall(r'<textarea name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.DOTALL))
    return {name: unescape(value) for name, value in found.items()}


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_whole_and_shows_nothing_secret(browser: Browser, path: str) -> None:
    status, page = await browser.get(path)
    assert status == 200
    assert "</html>" in page
    for secret in re.findall(
        r'^(?:key|password|secret|mavorion) = "(demo-[^"]*)"', text_of("world.toml"), re.MULTILINE
    ):
        assert f">{secret}<" not in page
        assert f'"{secret}"' not in page
    assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=", page)


async def test_a_form_that_is_sent_back_as_it_came_changes_nothing(
    watched: WholeGateway, browser: Browser
) -> None:
    store = watched.gateway.store
    before = await store.changes.stored()
    for path in ("/accounts/demo", "/carriers/verizon-us"):
        _, page = await browser.get(path)
        assert (await browser.fill(path, form_of(page, path)))[0] == 200
    after = await store.changes.stored()
    assert [key for key in before.records if before.records[key] != after.records[key]] == []
    assert after == before


async def test_an_account_is_made_and_used(watched: WholeGateway, browser: Browser) -> None:
    _, page = await browser.get("/new-account")
    form = form_of(page, "/new-account") | {
        "name": "acme ltd",
        "networks": "127.0.0.0/8\n::1",
        "sender.0.value": "447700900009",
        "sender.0.keywords": "one, two",
        "postback.genesys": watched.customer.url + "/genesys",
        "postback_networks": "127.0.0.0/8",
    }
    status, page = await browser.fill("/new-account", form)
    assert (status, "Saved." in page) == (200, True)
    (sender,) = (await watched.gateway.store.directory.load()).accounts["acme ltd"].senders
    assert sender == Sender("447700900009", keywords=("one", "two"))  # with the usual replies
    _, page = await browser.post("/accounts/acme%20ltd/credit", amount="2,50")
    assert "<b>2.50</b>" in page
    _, page = await browser.post("/accounts/acme%20ltd/credentials", dialect="genesys", login="acme")
    (password,) = re.findall(r'<code class="copy">([^<]+)</code>', page)
    assert password not in (await browser.get("/accounts/acme%20ltd"))[1]  # told once
    asked = {"login": "acme", "password": password, "sender": "447700900009"}
    assert await watched.genesys("447700900001", "m1", **asked) == "result_code=0"  # at once


async def test_an_account_is_written_over_as_toml(watched: WholeGateway, browser: Browser) -> None:
    store = watched.gateway.store
    before = await store.changes.stored()
    path = "/accounts/demo/toml"
    _, page = await browser.get(path)
    form = {name: unescape(text) for name, text in form_of(page, path).items()}
    assert (await browser.fill(path, form))[0] == 200
    assert await store.changes.stored() == before  # as it came
    changed = form | {"toml": form["toml"].replace('name = "demo"', 'name = "demo"\nburst = 9')}
    assert (await browser.fill(path, changed))[0] == 200
    assert (await store.directory.load()).accounts["demo"].burst == 9
    assert (await store.directory.load()).accounts["demo"].postback_secret[
        "mavorion"
    ] == "demo-mavorion-callbacks"
    assert (await browser.fill(path, changed))[0] == 409  # stale
    for faulty in (
        "[[account",
        '[[account]]\nname = "other"',
        "[[route]]\nlink = 1",
        "[[account]]\nburst = 0",
    ):
        status, page = await browser.fill(path, form | {"toml": faulty})
        assert (status, 'role="alert"' in page) in ((422, True), (409, True))


async def test_faults_stand_beside_their_fields_and_nothing_is_lost(browser: Browser) -> None:
    _, page = await browser.get("/accounts/demo")
    form = form_of(page, "/accounts/demo")
    faulty = {"burst": "many", "networks": "10.0.0.0/33", "currency": "euro"}
    faulty |= {"sender.0.value": "", "sender.1.value": "no\tsender"}  # the first is cleared
    status, page = await browser.fill("/accounts/demo", form | faulty)
    assert status == 422
    for name in ("burst", "networks", "sender.0", "currency"):
        assert f'id="fault-{name}"' in page, name
    assert "must be a number" in page
    assert 'value="many"' in page  # as it was written


async def test_a_stale_form_is_refused(browser: Browser) -> None:
    _, page = await browser.get("/accounts/demo")
    form = form_of(page, "/accounts/demo")
    assert (await browser.fill("/accounts/demo", form | {"burst": "2"}))[0] == 200
    status, page = await browser.fill("/accounts/demo", form | {"burst": "3"})
    assert status == 409
    assert "somebody has changed this since" in page


async def test_a_signing_secret_is_kept_changed_and_removed(watched: WholeGateway, browser: Browser) -> None:
    async def secrets() -> dict[str, str]:
        return (await watched.gateway.store.directory.load()).accounts["demo"].postback_secret

    for given, expected in ((MASK, "demo-mavorion-callbacks"), ("new-secret", "new-secret"), ("", None)):
        _, page = await browser.get("/accounts/demo")
        form = form_of(page, "/accounts/demo") | {
            "postback_secret.mavorion": given,
            "burst": str(len(given) + 1),
        }
        assert (await browser.fill("/accounts/demo", form))[0] == 200
        assert (await secrets()).get("mavorion") == expected


async def test_number_ranges_are_filled_in(watched: WholeGateway, browser: Browser) -> None:
    row = {"0.country": "us", "0.begins": "679", "0.length": "10"}
    status, page = await browser.fill("/number-ranges", {"version": "0", **row, "0.length": "many"})
    assert (status, 'value="many"' in page) == (422, True)
    status, page = await browser.fill("/number-ranges", {"version": "0", **row})
    assert status == 200
    assert 'value="679"' in page
    known = await watched.gateway.store.directory.load()
    assert known.number_ranges.country_of("16792345678") == "US"


async def test_routes_are_put_in_order_and_taken_back(watched: WholeGateway, browser: Browser) -> None:
    async def links() -> list[str]:
        return [route.link for route in (await watched.gateway.store.directory.load()).routes]

    before = await links()
    _, page = await browser.get("/routes")
    (version,) = re.findall(r'action="/routes">.*?name="version" value="(\d+)"', page)
    rows = {"0.link": "simulator", "0.place": "2", "1.link": "other", "1.place": "1", "1.country": "gb"}
    rows |= {"1.backups": "simulator", "2.link": "", "3.link": "gone", "3.remove": "on"}
    status, page = await browser.fill("/routes", {"version": version, **rows})
    assert (status, await links()) == (200, ["other", "simulator"])
    assert "is no link of the settings" in page
    (change,) = re.findall(r'action="/history/(\d+)/undo"', page)[:1]
    await browser.post(f"/history/{change}/undo")
    assert await links() == before
    status, page = await browser.fill("/routes", {"version": version, **rows})
    assert status == 409  # of before
    status, page = await browser.fill(
        "/prices", {"version": "0", "0.per_segment": "cheap", "0.country": "XX"}
    )
    assert (status, page.count('class="fault small"')) == (422, 2)


async def test_carriers_come_and_go(browser: Browser) -> None:
    new = {"name": "c/1", "country": "GB", "aliases.skycore": "1, 2", "prefixes": "4477 4478"}
    assert (await browser.fill("/new-carrier", new))[0] == 422
    status, page = await browser.fill("/new-carrier", new | {"name": "c 1"})
    assert (status, "4477 4478" in page) == (200, True)
    form = form_of(page, "/carriers/c%201")
    assert "c 1" in (await browser.get("/carriers", q="4478"))[1]
    status, page = await browser.post("/carriers/c%201/remove", version=form["version"])
    assert (status, "The carrier is gone." in page) == (200, True)


def test_every_field_of_the_file_is_in_the_form() -> None:
    shown = {field.name for _, fields in account_form.fieldsets() for field in fields}
    entry = AccountEntry.__struct_fields__
    assert shown | {"name", "credit", "credential", "sender"} == set(entry)
    assert {field.kind for _, fields in account_form.fieldsets() for field in fields} == {
        *("flag", "number", "text", "lines", "dialects", "by dialect")
    }
