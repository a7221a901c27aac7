"""The ways in which a dialect can write what it owes, and signatures."""

from __future__ import annotations

import base64
import json

import msgspec
import pytest

from aldis.accounts.endpoint import Endpoint
from aldis.dialects import mavorion, skycore, sumotext
from aldis.dialects.mavorion import signature
from aldis.traffic.postback import DuePostback, PostbackEvent
from aldis.traffic.states import State
from tests.dialects.test_contract import due
from tests.fakes.clock import NOON

SENT, ENDED = PostbackEvent.SENT, PostbackEvent.ENDED


def never_sent(state: State) -> DuePostback:
    found = due(ENDED, state, "ESME_RINVDSTADR")
    return msgspec.structs.replace(found, message=msgspec.structs.replace(found.message, sent_at=0))


def test_a_signature_is_that_of_the_providers_page() -> None:
    body = (
        b'{"id":2381703,"msisdn":4542609045,"time":1522764062,"status":"DELIVERED","error":null,"code":null,'
        b'"userref":null,"callback_url":"http://bbaf7142.ngrok.io","api":4}'
    )
    header, payload, signed = signature.token(body, "secret").split(".")
    assert base64.urlsafe_b64decode(header + "=") == b'{"typ":"JWT","alg":"HS256"}'
    assert base64.urlsafe_b64decode(payload + "==") == body
    assert signed == "KdfDH65bnQtgxEkFnpAQodOciAJedZFB13r9wEo8t3Y"


def test_callbacks_are_signed_where_there_is_a_secret() -> None:
    plain = mavorion.POLICY.postback([due(ENDED, State.DELIVERED)], Endpoint("http://x/"), NOON)
    signed = mavorion.POLICY.postback([due(ENDED, State.DELIVERED)], Endpoint("http://x/", secret="s"), NOON)
    assert plain.headers == (("Content-Type", "application/json"),)
    assert signed.headers[1] == ("X-Gwapi-Signature", signature.token(signed.body, "s"))
    assert signed.body == plain.body


def test_a_callback_has_the_providers_number_for_what_the_carrier_said() -> None:
    request = mavorion.POLICY.postback([never_sent(State.REJECTED)], Endpoint("http://x/"), NOON)
    document = json.loads(request.body)
    assert (document["status"], document["error"], document["code"]) == (
        "REJECTED",
        "ESME_RINVDSTADR",
        "0x1060",
    )


def test_a_report_may_be_fetched_instead_of_posted() -> None:
    request = sumotext.POLICY.postback([due(ENDED, State.DELIVERED)], Endpoint("http://x/", "get"), NOON)
    assert (request.method, request.headers, request.body) == ("GET", (), b"")
    assert request.url.startswith("http://x/?sumoid=SMS_12345&mtcode=4")


@pytest.mark.parametrize(
    ("told", "code", "status"),
    [
        (due(SENT, State.SENT), "N201", "Message Sent"),
        (due(ENDED, State.DELIVERED), "N202", "Message Sent/Delivered"),
        (due(ENDED, State.UNDELIVERED, "034"), "E202", "Message Sent/Failed"),
        (due(ENDED, State.EXPIRED), "E202", "Message Sent/Expired"),
        (due(ENDED, State.REJECTED), "E202", "Message Sent/Rejected"),
        (due(ENDED, State.UNCONFIRMED), "E202", "Message Sent/Failed"),
        (never_sent(State.REJECTED), "E201", "Message Failed"),
        (never_sent(State.EXPIRED), "E201", "Message Failed"),
    ],
)
def test_skycores_codes_tell_the_events_apart(told: DuePostback, code: str, status: str) -> None:
    bundled = skycore.POLICY.postback([told], Endpoint("http://x/", "codes"), NOON).body.decode()
    assert f"<CODE>{code}</CODE>" in bundled
    flat = skycore.POLICY.postback([told], Endpoint("http://x/", "flat"), NOON).body.decode()
    details = f"<STATUSDETAILS>{told.error_code}</STATUSDETAILS>" if told.error_code else ""
    assert flat == (
        f"<?xml version='1.0'?><POSTBACK><ORIGIN>SMS_MT</ORIGIN><CODE>{code}</CODE><STATUS>{status}</STATUS>{details}"
        f"<FROM>{told.message.sender}</FROM><FROM_MASK></FROM_MASK><TO>15551234888</TO><TRACKINGID>SMS_12345</TRACKINGID>"
        "<SPID></SPID><TIMESTAMP>2026-11-21T12:00:00+00:00</TIMESTAMP></POSTBACK>"
    )


def test_skycore_bundles_what_is_due() -> None:
    told = [due(SENT, State.SENT), due(ENDED, State.DELIVERED)]
    body = skycore.POLICY.postback(told, Endpoint("http://x/"), NOON).body.decode()
    assert body.count("<POSTBACK>") == 1
    assert body.count("<NOTIFICATION ") == body.count("<CODE>N201</CODE>") == 2
