"""Every page and call is only for whom it is meant: the route table is walked, so no newcomer is forgotten."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import aiohttp
import pytest
from tests.fakes.browser import Browser
from tests.fakes.whole import WholeGateway

from aldis.accounts.staff import Actor, Role
from aldis.admin.sign_ins import NOTES_AT_ONCE
from aldis.app.people import people_of
from aldis.console import api, sign_in
from aldis.console.page import Page
from aldis.console.pages import PAGES
from aldis.console.site import COMMON, HEADERS, site

ALL = (*PAGES, *api.PAGES, *sign_in.PAGES)
CALLS = [(page, method) for page in ALL for method in page.methods]
LOGINS = {Role.VIEWER: ("vera", "vera-console"), Role.OPERATOR: ("otto", "otto-console")}


def _path(page: Page) -> str:
    """Fill the placeholders of a path."""
    return re.sub(r"\{[^}]*\}", "1", page.path)


async def test_nothing_is_shown_to_who_has_not_signed_in(watched: WholeGateway) -> None:
    async with Browser(watched.console) as stranger:
        for page, method in CALLS:
            status, location, body = await stranger.ask(method, _path(page))
            if page.path.startswith("/v1/"):
                assert status == 401, (method, page.path)
            else:
                assert (status, location.startswith("/sign-in")) == (303, True), (method, page.path, body)


async def test_a_role_that_is_too_low_is_refused(watched: WholeGateway) -> None:
    for role, login in LOGINS.items():
        async with Browser(watched.console) as browser:
            assert await browser.sign_in(*login) == 200
            for page, method in CALLS:
                if page.role > role:
                    status, _, body = await browser.ask(method, _path(page), **{"x-csrf-token": browser.csrf})
                    assert status == 403, (method, page.path)
                    assert f"role {page.role.name.lower()}" in body
    entries = [entry for _, entry in await watched.gateway.store.audit.log(0, 500)]
    refused = {(each.actor, each.subject) for each in entries if each.action == "refused: use page"}
    assert {(LOGINS[role][0], page.path) for role in LOGINS for page in ALL if page.role > role} >= refused
    assert len(refused) >= NOTES_AT_ONCE


async def test_nothing_changes_without_the_token(watched: WholeGateway, browser: Browser) -> None:
    for page, method in CALLS:
        if method in ("GET", "HEAD"):
            continue
        for headers in ({}, {"x-csrf-token": "0" * 64}):
            status, _, body = await browser.ask(method, _path(page), **{"content-length": "0", **headers})
            assert (status, "stale" in body) == (403, True), (method, page.path)


def test_what_changes_something_is_not_for_viewers() -> None:
    for page, method in CALLS:
        if method not in ("GET", "HEAD") and page not in sign_in.PAGES and not page.only_looks:
            assert page.role >= Role.OPERATOR, (method, page.path)


async def test_a_browser_runs_nothing_but_our_own(watched: WholeGateway, browser: Browser) -> None:
    for path in ("/", "/sign-in", "/nowhere", "/static/console.css", "/v1/messages"):
        async with browser.session.get(browser.base + path) as answer:
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "script-src 'self'" in policy
            assert "object-src 'none'" in policy
            assert "base-uri 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
            kept = "max-age=3600" if path.startswith("/static/") else "no-store"
            assert answer.headers["cache-control"] == kept
            body = await answer.text()
            assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|style=", body), path


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PROPFIND"])
async def test_methods_that_nobody_needs_are_refused_everywhere(
    watched: WholeGateway, browser: Browser, method: str
) -> None:
    for path in {_path(page) for page in ALL} | {"/sign-in", "/static/console.css"}:
        status, _, body = await browser.ask(method, path, **{"x-told": "to-nobody"})
        assert (status, "to-nobody" in body) == (405, False), path


async def test_what_the_server_says_by_itself_has_the_same_headers(watched: WholeGateway) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(watched.console.rpartition(":")[2]))
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert COMMON in head
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    "path", ["/static/../services.py", "/static/%2e%2e/services.py", "/static//etc/passwd", "/static/x.css"]
)
async def test_only_files_of_ours_are_served(watched: WholeGateway, path: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(watched.console + path) as answer:
        assert answer.status in (303, 404)


async def test_a_key_opens_calls_and_no_pages(watched: WholeGateway) -> None:
    people = people_of(watched.gateway.store)
    boss = Actor("boss", Role.ADMIN, "command line")
    key = await people.make_token(boss, "robot", Role.VIEWER, 0, watched.clock.now())
    async with Browser(watched.console) as browser:
        status, location, _ = await browser.ask("GET", "/", authorization=f"Bearer {key}")
        assert (status, location[:8]) == (303, "/sign-in")
    found = await people.bearer(key, watched.clock.now())
    assert found is not None
    assert (found.name, found.role, found.via) == ("robot", Role.VIEWER, "api")
    await people.remove_token(boss, "robot", watched.clock.now())
    assert await people.bearer(key, watched.clock.now()) is None


async def test_what_is_too_large_is_refused_before_it_is_read(
    watched: WholeGateway, browser: Browser
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(watched.console.rpartition(":")[2]))
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    head = f"POST /sign-out HTTP/1.1\r\nhost: x\r\ncookie: {cookies}\r\ncontent-length: 1100000\r\n\r\n"
    writer.write(head.encode())
    assert b" 413 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_a_page_of_a_failure_has_the_security_headers() -> None:
    nobody: Any = None  # whom to ask who it is: that fails
    sent: list[Any] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/messages", "query_string": b"", "root_path": "",
        "headers": [(b"cookie", b"aldis_session=x; __Host-aldis_session=x")], "scheme": "http",
        "http_version": "1.1", "server": ("x", 80), "client": ("x", 1),
    }  # fmt: skip
    with pytest.raises(AttributeError):
        await site(nobody)(scope, receive, send)
    assert sent[0]["status"] == 500
    assert {name for name, _ in HEADERS} <= {name for name, _ in sent[0]["headers"]}
