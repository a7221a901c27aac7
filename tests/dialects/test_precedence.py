"""A request with two faults gets the answer of the first: every pair, in the order that each page documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from aldis.dialects.exchange import HttpRequest
from aldis.store.contract.store import Store
from tests.dialects.asking import Asker, get, post
from tests.fakes.clock import FakeClock

LONG = "x" * 40_000


class Fault(NamedTuple):
    """What is wrong, and how the answer tells it."""

    name: str
    changes: dict[str, str | None]
    marker: str


class Speech(NamedTuple):
    """One dialect: a good request, and its faults, the first to be told first."""

    good: dict[str, str]
    write: Callable[[dict[str, str]], HttpRequest]
    faults: list[Fault]


def sky_xml(values: dict[str, str]) -> HttpRequest:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    return post("/API/wxml/1.3/index.php", f"<REQUEST>{inner}</REQUEST>", "text/xml")


def sky(code: str) -> str:
    return f"<ERRORCODE>{code}<"


def mavo_json(values: dict[str, str]) -> HttpRequest:
    body: dict[str, object] = {name: value for name, value in values.items() if name != "to"}
    if "to" in values:
        body["recipients"] = [{"msisdn": values["to"]}]
    return post("/rest/mtsms", json.dumps(body), "application/json")


def native_json(values: dict[str, str]) -> HttpRequest:
    body = {name: value for name, value in values.items() if name not in ("key", "idempotency_key")}
    headers = {"authorization": f"Bearer {values['key']}"} if "key" in values else {}
    if "idempotency_key" in values:
        headers["idempotency-key"] = values["idempotency_key"]
    return post("/v1/messages", json.dumps(body), "application/json", **headers)


def native(code: str) -> str:
    return f'"code":"{code}"'


SPEECHES = {
    "native": Speech(
        {"key": "demo-native", "to": "4512345678", "from": "74700", "text": "x"},
        native_json,
        [
            Fault("no key", {"key": None}, native("credentials_missing")),
            Fault("key", {"key": "x"}, native("credentials_unknown")),
            Fault("elsewhere", {"key": "elsewhere-native"}, native("address_not_allowed")),
            Fault("suspended", {"key": "suspended-native"}, native("account_inactive")),
            Fault("mute", {"key": "mute-native"}, native("sending_not_permitted")),
            Fault("no text", {"text": None}, native("parameter_invalid")),
            Fault("idempotency", {"idempotency_key": "a/b"}, native("parameter_invalid")),
            Fault("number", {"to": "abc"}, native("recipient_invalid")),
            Fault("unknown sender", {"from": "99999"}, native("sender_unknown")),
            Fault("another's sender", {"from": "55555"}, native("sender_not_yours")),
            Fault("campaign", {"campaign": "other"}, native("campaign_unknown")),
            Fault("long", {"text": LONG}, native("text_too_long")),
            Fault("broke", {"key": "broke-native"}, native("credit_insufficient")),
        ],
    ),
    "genesys": Speech(
        {
            "login": "demo",
            "password": "demo-genesys",
            "phone_number": "447700900123",
            "sender": "74700",
            "message": "x",
            "message_id": "a",
        },
        lambda values: get("/httpapi/receiver?" + urlencode(values)),
        [
            Fault("priority", {"priority": "HUGE"}, "=1"),
            Fault("no number", {"phone_number": None}, "=1"),
            Fault("no text", {"message": None}, "=1"),
            Fault("number", {"phone_number": "abc"}, "=1"),
            Fault("password", {"password": "x"}, "=2"),
            Fault("elsewhere", {"login": "elsewhere", "password": "elsewhere-genesys"}, "=2"),
            Fault("suspended", {"login": "suspended", "password": "suspended-genesys"}, "=2"),
            Fault("mute", {"login": "mute", "password": "mute-genesys"}, "=2"),
            Fault("throttled", {"login": "slow", "password": "slow-genesys"}, "=6"),
            Fault("unknown sender", {"sender": "99999"}, "=4"),
            Fault("another's sender", {"sender": "55555"}, "=5"),
            Fault("carrier", {"carrier": "UNKNOWN"}, "=3"),
            Fault("long", {"message": LONG}, "=8"),
            Fault("twice", {"message_id": "taken", "login": "demo"}, "=7"),
            Fault("broke", {"login": "broke", "password": "broke-genesys"}, "=99"),
        ],
    ),
    "skycore": Speech(
        {"ACTION": "sendSMS", "API_KEY": "demo-skycore", "TO": "15551234888", "FROM": "60856", "TEXT": "x"},
        sky_xml,
        [
            Fault("action", {"ACTION": None}, sky("E101")),
            Fault("no key", {"API_KEY": None}, sky("E102")),
            Fault("key", {"API_KEY": "x"}, sky("E104")),
            Fault("elsewhere", {"API_KEY": "elsewhere-skycore"}, sky("E112")),
            Fault("suspended", {"API_KEY": "suspended-skycore"}, sky("E109")),
            Fault("mute", {"API_KEY": "mute-skycore"}, sky("E107")),
            Fault("throttled", {"API_KEY": "slow-skycore"}, sky("E106")),
            Fault("no number", {"TO": None}, sky("E201")),
            Fault("no text", {"TEXT": None}, sky("E712")),
            Fault("sender", {"FROM": "99999"}, sky("E111")),
            Fault("number", {"TO": "abc"}, sky("E110")),
            Fault("carrier", {"SPID": "999"}, sky("E628")),
            Fault("campaign", {"CAMPAIGNREF": "1"}, sky("E714")),
            Fault("broke", {"API_KEY": "broke-skycore"}, sky("E713")),
        ],
    ),
    "sumotext": Speech(
        {
            "apikey": "demo-sumotext",
            "mobile": "4805550100",
            "carrier": "VERIZONUS",
            "shortcode": "74700",
            "key": "demo",
            "msg": "x",
        },
        lambda values: get("/api/sumopost/post?" + urlencode(values)),
        [
            Fault("key", {"apikey": "x"}, '"ErrNum":258,'),
            Fault("elsewhere", {"apikey": "elsewhere-sumotext"}, '"ErrNum":28,'),
            Fault("suspended", {"apikey": "suspended-sumotext"}, '"ErrNum":26,'),
            Fault("mute", {"apikey": "mute-sumotext"}, '"ErrNum":128,'),
            Fault("no short code", {"shortcode": None}, '"ErrNum":1002,'),
            Fault("throttled", {"apikey": "slow-sumotext"}, '"ErrNum":1014,'),
            Fault("no number", {"mobile": None}, '"ErrNum":1004,'),
            Fault("number", {"mobile": "abc"}, '"ErrNum":1005,'),
            Fault("no carrier", {"carrier": None}, '"ErrNum":9,'),
            Fault("carrier", {"carrier": "NOBODY"}, '"ErrNum":1012,'),
            Fault("unknown short code", {"shortcode": "99999"}, '"ErrNum":1009,'),
            Fault("another's short code", {"shortcode": "55555"}, '"ErrNum":1010,'),
            Fault("keyword", {"key": "other"}, '"ErrNum":1011,'),
            Fault("no text", {"msg": None}, '"ErrNum":1006,'),
            Fault("long", {"msg": LONG}, '"ErrNum":1007,'),
            Fault("opted out", {"mobile": "2025550100"}, '"ErrNum":27,'),
            Fault("broke", {"apikey": "broke-sumotext"}, '"ErrNum":1013,'),
        ],
    ),
    "mavorion": Speech(
        {"token": "demo-mavorion", "message": "x", "to": "4512345678", "sender": "74700"},
        mavo_json,
        [
            Fault("no token", {"token": None}, "0x0229"),
            Fault("token", {"token": "x"}, "0x0229"),
            Fault("elsewhere", {"token": "elsewhere-mavorion"}, "0x0213"),
            Fault("suspended", {"token": "suspended-mavorion"}, "0x022A"),
            Fault("mute", {"token": "mute-mavorion"}, "0x021D"),
            Fault("class", {"class": "gold"}, "0x0218"),
            Fault("throttled", {"token": "slow-mavorion"}, "0x0309"),
            Fault("no text", {"message": None}, "0x0222"),
            Fault("no number", {"to": None}, "0x0222"),
            Fault("number", {"to": "abc"}, "0x0308"),
            Fault("sender", {"sender": "55555"}, "0x0307"),
            Fault("long", {"message": LONG}, "0x0308"),
            Fault("broke", {"token": "broke-mavorion"}, "0x0216"),
        ],
    ),
}


def request_with(speech: Speech, *faults: Fault) -> HttpRequest:
    values = dict(speech.good)
    for fault in faults:
        for name, value in fault.changes.items():
            values.pop(name, None)
            if value is not None:
                values[name] = value
    return speech.write(values)


@pytest.mark.parametrize("heard_before", [False, True])
@pytest.mark.parametrize("name", SPEECHES)
async def test_the_first_fault_is_told(
    name: str, demo_store: Store, clock: FakeClock, *, heard_before: bool
) -> None:
    """Also where the same without faults was accepted before: what admission remembers excuses nothing."""
    speech, asker = SPEECHES[name], await Asker.over(demo_store, clock)
    spent = [fault for fault in speech.faults if fault.name == "throttled"]
    if name == "genesys":
        spent += [Fault("", {"message_id": "taken"}, "")]
    if heard_before:
        spent += [Fault("", {}, "")]
    for fault in spent:  # accepted once: the rate and the id are used up then, and the clock stands still
        assert (await asker.ask(request_with(speech, fault))).status in (200, 202)
    assert sum((await demo_store.metrics.count_by_state()).values()) == len(spent)
    for fault in speech.faults:
        assert fault.marker in (await asker.ask(request_with(speech, fault))).body.decode(), fault.name
    pairs = 0
    for first, second in combinations(speech.faults, 2):
        if first.changes.keys() & second.changes.keys():
            continue
        reply = (await asker.ask(request_with(speech, first, second))).body.decode()
        assert first.marker in reply, f"{first.name} before {second.name}: {reply}"
        pairs += 1
    assert pairs > len(speech.faults)
    assert sum((await demo_store.metrics.count_by_state()).values()) == len(spent)
