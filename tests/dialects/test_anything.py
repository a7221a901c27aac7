"""Whatever comes in, however nearly right, the whole door answers in the dialect's own words and without a
fault of ours.
"""

from __future__ import annotations

import json
import re
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.dialects.writing import xml_text
from aldis.store.contract.store import Store
from tests.dialects.asking import Asker, get, post
from tests.fakes.clock import FakeClock

#: what customers get wrong: another type, too much of it, nothing
odd = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.lists(st.integers(), max_size=2)
)
words = st.sampled_from(
    ["", "UTF8", "UCS2", "BINARY", "DISPLAY", "BULK", "premium", "charge", "AAAA", "BQADAgIB", "0"]
)
numbers = st.sampled_from(
    [4512345678, "4512345679", "+4512345678", "004512345678", "9801247606", "abc", "", 1, -1]
)
recipient = st.fixed_dictionaries(
    {"msisdn": numbers | odd},
    optional={"tagvalues": st.lists(st.text(max_size=5) | odd, max_size=3) | odd, "charge": odd},
)
sms = st.fixed_dictionaries(
    {"message": st.text(max_size=200) | odd, "recipients": st.lists(recipient, max_size=3) | odd},
    optional={
        "sender": st.sampled_from(["74700", "InfoSMS", "55555", 1204]) | odd,
        "tags": st.lists(st.text(max_size=3), max_size=3) | odd,
        **dict.fromkeys(
            (
                "class",
                "sendtime",
                "userref",
                "priority",
                "validity_period",
                "encoding",
                "destaddr",
                "payload",
                "udh",
                "callback_url",
                "label",
                "max_parts",
                "extra_details",
                "dry_run",
            ),
            words | odd,
        ),
    },
)
values = st.text(string.printable, max_size=30) | st.sampled_from(
    ["x" * 41_000, "é", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")]
)


def is_in_its_own_words(name: str, reply: HttpReply) -> bool:
    """Tell whether an answer is one that the dialect's clients can read, and no fault of ours."""
    text = reply.body.decode()
    if name == "genesys":
        return re.fullmatch(r"result_code=\d+", text) is not None and text != "result_code=98"
    if name == "skycore":
        return etree.fromstring(text).tag == "RESPONSE" and "E503" not in text
    if name == "sumotext":
        return '"ErrNum":' in text and "1099" not in text
    found = json.loads(text)
    return reply.status < 500 and (
        isinstance(found, list)
        or bool(found.keys() & {"ids", "hlr"})
        or {"code", "message", "variables"} <= found.keys()
    )


relaxed = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@relaxed
@given(document=sms | st.lists(sms, max_size=2) | odd)
async def test_mavorions_json(document: object, demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    reply = await asker.ask(post("/rest/mtsms?token=demo-mavorion", json.dumps(document), "application/json"))
    assert is_in_its_own_words("mavorion", reply), (reply, document)


@relaxed
@given(
    document=st.sampled_from(["from", "to", "label"]).flatmap(
        lambda name: st.fixed_dictionaries({name: odd | words})
    )
)
async def test_mavorions_use(document: dict[str, object], demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    body = json.dumps({"from": "2026-11-01", "to": "2026-11-30"} | document)
    reply = await asker.ask(post("/api/usage/labels?token=demo-mavorion", body, "application/json"))
    assert is_in_its_own_words("mavorion", reply), (reply, document)


@relaxed
@given(document=st.fixed_dictionaries({"msisdns": st.lists(numbers | odd, max_size=3) | odd}) | odd)
async def test_mavorions_lookups(document: object, demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    reply = await asker.ask(post("/rest/hlr?token=demo-mavorion", json.dumps(document), "application/json"))
    assert is_in_its_own_words("mavorion", reply), (reply, document)


FIELDS = {
    "genesys": (
        "/httpapi/receiver?",
        {
            "login": "demo",
            "password": "demo-genesys",
            "phone_number": "447700900123",
            "sender": "74700",
            "message": "x",
            "message_id": "a",
        },
        [
            "carrier",
            "receipt",
            "app_id",
            "conversation_id",
            "priority",
            "shortcode",
            "mms_attachment[0].content",
        ],
    ),
    "skycore": (
        "/API/wxml/1.3/index.php?",
        {"action": "sendSMS", "api_key": "demo-skycore", "to": "15551234888", "from": "60856", "text": "x"},
        ["spid", "campaignref", "user", "pass", "campaignid", "mobile"],
    ),
    "sumotext": (
        "/api/sumopost/post?",
        {
            "apikey": "demo-sumotext",
            "mobile": "4805550100",
            "carrier": "VERIZONUS",
            "shortcode": "74700",
            "key": "demo",
            "msg": "x",
        },
        [],
    ),
}


@pytest.mark.parametrize("name", FIELDS)
@relaxed
@given(data=st.data())
async def test_queries_and_forms(name: str, data: st.DataObject, demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    path, good, more = FIELDS[name]
    changed = data.draw(st.dictionaries(st.sampled_from([*good, *more]), values, max_size=3))
    query = "&".join(f"{key}={percent(value)}" for key, value in (good | changed).items())
    reply = await asker.ask(get(path + query))
    assert is_in_its_own_words(name, reply), (reply, changed)


def percent(text: str) -> str:
    return "".join(f"%{octet:02X}" for octet in text.encode())


PATHS = [
    "/rest/mtsms",
    "/rest/mtsms/1",
    "/rest/me",
    "/api/usage/labels",
    "/rest/hlr",
    "/api/sumopost/post",
    "/api/sumolookup/lookup",
    "/API/wxml/1.3/index.php",
    "/httpapi/receiver",
]
NAMES = {"rest": "mavorion", "api/u": "mavorion", "api/s": "sumotext", "API": "skycore", "http": "genesys"}
TYPES = [
    b"",
    b"application/json",
    b"text/xml",
    b"application/x-www-form-urlencoded",
    b"multipart/form-data; boundary=x",
]
requests = st.builds(
    lambda method, path, query, scheme, content_type, body: HttpRequest(
        method,
        path,
        query,
        [(b"host", b"x"), (b"authorization", scheme + query), (b"content-type", content_type)],
        body,
        "127.0.0.1",
    ),
    st.sampled_from(["GET", "POST", "DELETE", "PUT"]),
    st.sampled_from(PATHS),
    st.binary(max_size=60),
    st.sampled_from([b"", b"OAuth ", b"Basic ", b"Token "]),
    st.sampled_from(TYPES),
    st.binary(max_size=60),
)


@relaxed
@given(request=requests)
async def test_any_octets(request: HttpRequest, demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    reply = await asker.ask(request)
    name = next(name for start, name in NAMES.items() if request.path.startswith("/" + start))
    assert reply.status < 500
    assert is_in_its_own_words(name, reply) or b"<ErrNum>" in reply.body


@relaxed
@given(document=st.dictionaries(st.sampled_from([*FIELDS["sumotext"][1], "more"]), odd | values) | odd)
async def test_sumotexts_json(document: object, demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    good = FIELDS["sumotext"][1]
    body = json.dumps(good | document if isinstance(document, dict) else document)
    for path in ("/api/sumopost/post", "/api/sumolookup/lookup"):
        reply = await asker.ask(post(path, "json=" + body, "application/json/mt", accept="application/json"))
        assert is_in_its_own_words("sumotext", reply), (reply, document)


@pytest.mark.parametrize("name", ["skycore", "sumotext"])
@relaxed
@given(data=st.data())
async def test_xml(name: str, data: st.DataObject, demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    path, good, more = FIELDS[name]
    changed = data.draw(st.dictionaries(st.sampled_from([*good, *more, "a:b", "1"]), values, max_size=3))
    markup = data.draw(
        st.sampled_from(["", "<![CDATA[", "<a>", "&b;", "<!-- -->", "<?x y?>", "\x00", "<a/>"])
    )
    inner = "".join(f"<{key}>{xml_text(value)}</{key}>" for key, value in (good | changed).items())
    reply = await asker.ask(post(path.rstrip("?"), f"<x>{inner}{markup}</x>", "application/xml/mt"))
    if name == "sumotext":
        assert etree.fromstring(reply.body).tag.endswith("smoPostReturn"), changed
        assert b"<ErrNum>1099<" not in reply.body, changed
    else:
        assert is_in_its_own_words(name, reply), (reply, changed)
