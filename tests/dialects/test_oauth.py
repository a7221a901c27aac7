"""Requests that oauthlib's client signs, in every place where a signature may stand."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import msgspec
import pytest
from oauthlib.oauth1 import SIGNATURE_TYPE_AUTH_HEADER, SIGNATURE_TYPE_QUERY, Client

from aldis.dialects.exchange import HttpRequest
from aldis.store.contract.store import Store
from tests.dialects.asking import Asker
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


async def test_an_old_request_does_not_count(demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    request = signed(clock, "GET", f"{BASE}?{ONE}", "", "", SIGNATURE_TYPE_QUERY, "demo-mavorion-secret")
    clock.advance(301)
    assert b"0x0225" in (await asker.ask(request)).body
