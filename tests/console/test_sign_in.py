"""Signing in, out, and being kept out."""

from __future__ import annotations

import re

import pytest
from tests.fakes.browser import Browser
from tests.fakes.whole import WholeGateway

from aldis.accounts.lock_out import FREE_TRIES
from aldis.accounts.staff import Actor, Role
from aldis.app.people import people_of
from aldis.console.sign_in import _next


async def test_a_session_is_a_cookie_that_scripts_and_other_sites_cannot_use(watched: WholeGateway) -> None:
    async with Browser(watched.console) as browser:
        form = {"name": "demo", "password": "demo-console"}
        async with browser.session.post(
            browser.base + "/sign-in", data=form, allow_redirects=False
        ) as answer:
            cookie = answer.headers["set-cookie"].lower()
            assert answer.status == 303
            assert "httponly" in cookie
            assert "samesite=strict" in cookie


BEHIND_TLS = {"x-forwarded-proto": "https"}


async def test_behind_tls_the_cookie_is_this_hosts_and_the_browser_keeps_to_tls(
    watched: WholeGateway,
) -> None:
    form = {"name": "demo", "password": "demo-console"}
    async with Browser(watched.console) as browser:
        async with browser.session.post(
            browser.base + "/sign-in", data=form, allow_redirects=False, headers=BEHIND_TLS
        ) as answer:
            name, _, rest = answer.headers["set-cookie"].partition("=")
            value, *attributes = rest.lower().split("; ")
            assert name == "__Host-aldis_session"
            assert {"secure", "path=/", "httponly", "samesite=strict"} <= set(attributes)
            assert not any(each.startswith("domain") for each in attributes)
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
        value = rest.partition(";")[0]
        own, plain = f"__Host-aldis_session={value}", f"aldis_session={value}"
        asked = [(own, BEHIND_TLS), (plain, {}), (plain, BEHIND_TLS), (own, {})]
        found = [(await browser.ask("GET", "/", cookie=cookie, **headers))[0] for cookie, headers in asked]
        assert found == [200, 200, 303, 303]
        async with browser.session.get(browser.base + "/sign-in") as answer:
            assert "strict-transport-security" not in answer.headers


def ends(page: str, path: str, said: str) -> list[str]:
    """Give what ends the sessions that a page shows with these words."""
    rows = [row for row in page.split("<tr>") if said in row]
    return [found for row in rows for found in re.findall(rf'action="({path}/[^"]+/end)"', row)]


async def test_everybody_sees_and_ends_their_own_sessions(watched: WholeGateway) -> None:
    async with Browser(watched.console) as vera, Browser(watched.console) as other:
        assert await vera.sign_in("vera", "vera-console") == 200
        assert await other.sign_in("vera", "vera-console") == 200
        _, page = await vera.get("/password")
        assert "this one" in page
        (end,) = ends(page, "/password/sessions", "127.0.0.1</td>")
        assert (await vera.post(end))[0] == 200
        assert (await vera.post(end))[0] == 404
        assert (await other.ask("GET", "/"))[0] == 303
        async with Browser(watched.console) as admin:
            assert await admin.sign_in() == 200
            _, page = await admin.get("/people")
            (end,) = ends(page, "/sessions", "<td>vera</td>")
            assert (await vera.post(end))[0] == 403  # not hers to end there
            assert (await vera.post(end.replace("/sessions", "/password/sessions")))[0] == 200  # but here
            assert (await vera.ask("GET", "/"))[0] == 303


async def test_guessing_at_ones_own_password_is_slowed_down(watched: WholeGateway) -> None:
    async with Browser(watched.console) as vera:
        assert await vera.sign_in("vera", "vera-console") == 200
        new = {"new": "tide gravel moth", "again": "tide gravel moth"}
        guesses = [(await vera.fill("/password", {"old": f"guess {n}", **new}))[0] for n in range(FREE_TRIES)]
        assert guesses == [422] * FREE_TRIES
        assert (await vera.fill("/password", {"old": "vera-console", **new}))[0] == 429


async def test_signing_out_ends_the_session_on_our_side(watched: WholeGateway, browser: Browser) -> None:
    kept = dict(browser.cookies)
    assert (await browser.get("/"))[0] == 200
    await browser.post("/sign-out")
    async with Browser(watched.console) as thief:
        thief.session.cookie_jar.update_cookies(kept)
        assert (await thief.ask("GET", "/"))[0] == 303


async def test_signing_in_again_ends_the_session_before(watched: WholeGateway, browser: Browser) -> None:
    kept = dict(browser.cookies)
    assert await browser.sign_in() == 200
    assert browser.cookies != kept
    async with Browser(watched.console) as thief:
        thief.session.cookie_jar.update_cookies(kept)
        assert (await thief.ask("GET", "/"))[0] == 303
    assert (await browser.ask("GET", "/"))[0] == 200


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/sign-out", {}),
        ("/password", {"old": "vera-console", "new": "tide gravel moth", "again": "tide gravel moth"}),
    ],
)
async def test_who_signs_out_has_the_browser_forget_what_it_kept(
    watched: WholeGateway, path: str, form: dict[str, str]
) -> None:
    async with Browser(watched.console) as vera:
        assert await vera.sign_in("vera", "vera-console") == 200
        sent = {"csrf": vera.csrf, **form}
        async with vera.session.post(vera.base + path, data=sent, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["location"]) == (303, "/sign-in")
            assert answer.headers["clear-site-data"] == '"cache", "storage"'
            assert 'aldis_session=""' in answer.headers["set-cookie"]


async def test_a_changed_password_ends_sessions(watched: WholeGateway, browser: Browser) -> None:
    people = people_of(watched.gateway.store)
    boss = Actor("boss", Role.ADMIN, "command line")
    await people.put_operator(boss, "demo", Role.ADMIN, "another-password", watched.clock.now())
    assert (await browser.ask("GET", "/"))[0] == 303


async def test_guessing_is_slowed_down_for_name_and_address(watched: WholeGateway) -> None:
    async with Browser(watched.console) as browser:
        for _ in range(FREE_TRIES):
            assert await browser.sign_in("demo", "wrong") == 401
        assert await browser.sign_in("demo", "demo-console") == 429
        assert await browser.sign_in("vera", "vera-console") == 429  # from the same address


async def test_an_unknown_name_gets_the_same_answer(watched: WholeGateway) -> None:
    async with Browser(watched.console) as browser:
        assert await browser.sign_in("nobody", "wrong") == 401


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("/messages", "/messages"),
        ("", "/"),
        ("https://elsewhere", "/"),
        ("//elsewhere", "/"),
        ("/\\elsewhere", "/"),
        ("/a\r\nx: y", "/"),
    ],
)
def test_after_signing_in_nobody_is_sent_elsewhere(given_: str, expected: str) -> None:
    assert _next(given_) == expected
