"""Requests that oauthlib's client signs, in every place where a signature may stand."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes, urlsplit

import msgspec
import pytest
from oauthlib.oauth1 import SIGNATURE_TYPE_AUTH_HEADER, SIGNATURE_TYPE_BODY, SIGNATURE_TYPE_QUERY, Client

from aldis.dialects.exchange import HttpRequest
from aldis.store.contract.store import Store
from tests.dialects.asking import Asker, post
from tests.fakes.clock import FakeClock

BASE = "https://sms.example.com/rest/mtsms"
ONE = "message=H%C3%AB+%2Bi&recipients.0.msisdn=4512345678"
FORM = "application/x-www-form-urlencoded"


def signed(
    clock: FakeClock, method: str, url: str, body: str, content_type: str, place: str, secret: str
) -> HttpRequest:
    client = Client("demo-mavorion", secret, signature_type=place, timestamp=str(clock.now() // 1000))
    headers = {"Content-Type": content_type} if content_type else {}
    uri, headers, text = client.sign(url, method, body or None, headers)
    parts = urlsplit(uri)
    named = [(b"host", parts.netloc.encode())]
    named += [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return HttpRequest(
        method, parts.path, parts.query.encode(), named, (text or "").encode(), "127.0.0.1", origin="https://"
    )


@pytest.mark.parametrize("place", [SIGNATURE_TYPE_AUTH_HEADER, SIGNATURE_TYPE_QUERY])
@pytest.mark.parametrize(
    ("method", "url", "body", "content_type"),
    [
        ("POST", BASE, '{"message":"Hi","recipients":[{"msisdn":4512345678}]}', "application/json"),
        ("POST", BASE, ONE, FORM),
        ("GET", f"{BASE}?{ONE}", "", ""),
        ("POST", f"{BASE}?dry_run=0", ONE, FORM),
    ],
    ids=["json", "form", "query", "query and form"],
)
async def test_a_signed_request(
    place: str, method: str, url: str, body: str, content_type: str, demo_store: Store, clock: FakeClock
) -> None:
    asker = await Asker.over(demo_store, clock)
    request = signed(clock, method, url, body, content_type, place, "demo-mavorion-secret")
    assert (await asker.ask(request)).status == 200
    again = await asker.ask(request)
    assert b"0x0226" in again.body  # its nonce is used
    wrong = signed(clock, method, url, body, content_type, place, "other")
    assert b"0x0224" in (await asker.ask(wrong)).body
    # behind a proxy that changes scheme and host the settings know better
    told = signed(clock, method, url, body, content_type, place, "demo-mavorion-secret")
    behind = [(name, b"10.0.0.7" if name == b"host" else value) for name, value in told.headers]
    settings = msgspec.structs.replace(told, headers=behind, origin="https://sms.example.com")
    assert (await asker.ask(settings)).status == 200


#: characters that URLs have raw where the fetch of Node and browsers writes them (WHATWG URL §1.3: the query's
#: percent-encode set has space, quotes, # < > alone), and that others leave
RAW = [
    "[a]",
    "{b}",
    "c|d",
    "x^y",
    "a`b",
    "a\\b",
    'a"b',
    "<b>",
    "a'b",
    "a*b~c",
    "ü",
    "100%",
    "50%!",
    "a;b",
    "é=è",
]


@pytest.mark.parametrize("raw", RAW)
@pytest.mark.parametrize("place", [SIGNATURE_TYPE_AUTH_HEADER, SIGNATURE_TYPE_QUERY])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_signed_may_stand_raw_on_the_wire(
    method: str, place: str, raw: str, demo_store: Store, clock: FakeClock
) -> None:
    asker = await Asker.over(demo_store, clock)
    encoded = f"message={quote(raw, safe='')}&recipients.0.msisdn=4512345678"
    url, body = (f"{BASE}?{encoded}", "") if method == "GET" else (BASE, encoded)
    request = signed(clock, method, url, body, FORM if body else "", place, "demo-mavorion-secret")
    as_sent = (quote(raw, safe="").encode(), raw.encode())
    request = msgspec.structs.replace(
        request, query=request.query.replace(*as_sent), body=request.body.replace(*as_sent)
    )
    assert raw.encode() in request.query + request.body
    reply = await asker.ask(request)
    assert (reply.status, b'"ids":[1]' in reply.body) == (200, True), reply.body


@pytest.mark.parametrize("body", [ONE, "message=oauth_consumer_key%3D1&recipients.0.msisdn=4512345678"])
async def test_a_signature_may_stand_in_the_form(body: str, demo_store: Store, clock: FakeClock) -> None:
    """Source: RFC 5849 §3.5.2."""
    asker = await Asker.over(demo_store, clock)
    request = signed(clock, "POST", BASE, body, FORM, SIGNATURE_TYPE_BODY, "demo-mavorion-secret")
    assert b"oauth_signature=" in request.body
    assert (await asker.ask(request)).status == 200
    wrong = signed(clock, "POST", BASE, body, FORM, SIGNATURE_TYPE_BODY, "other")
    assert b"0x0224" in (await asker.ask(wrong)).body
    changed = msgspec.structs.replace(request, body=request.body + b"&label=x")
    assert b"0x0224" in (await asker.ask(changed)).body


async def test_a_form_that_only_speaks_of_it_is_none(demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    body = "token=demo-mavorion&message=oauth_consumer_key=1&recipients.0.msisdn=4512345678"
    assert (await asker.ask(post("/rest/mtsms", body, FORM))).status == 200


@pytest.mark.parametrize("place", [SIGNATURE_TYPE_AUTH_HEADER, SIGNATURE_TYPE_QUERY])
async def test_a_signature_may_stand_raw(place: str, demo_store: Store, clock: FakeClock) -> None:
    """Its plus in a query then looks like a blank."""
    asker = await Asker.over(demo_store, clock)
    signs: set[int] = set()
    while not signs >= set(b"+/"):
        request = signed(clock, "GET", f"{BASE}?{ONE}", "", "", place, "demo-mavorion-secret")
        written = re.search(
            rb'oauth_signature="?([^"&]+)', request.query + b" ".join(dict(request.headers).values())
        )
        assert written
        raw = unquote_to_bytes(written[1])
        headers = [(name, value.replace(written[1], raw)) for name, value in request.headers]
        request = msgspec.structs.replace(
            request, query=request.query.replace(written[1], raw), headers=headers
        )
        assert (await asker.ask(request)).status == 200
        signs |= set(raw)


async def test_an_old_request_does_not_count(demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    request = signed(clock, "GET", f"{BASE}?{ONE}", "", "", SIGNATURE_TYPE_QUERY, "demo-mavorion-secret")
    clock.advance(301)
    assert b"0x0225" in (await asker.ask(request)).body
