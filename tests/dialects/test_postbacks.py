"""The ways in which a dialect can write what it owes, and signatures."""

from __future__ import annotations

import base64
import json

import msgspec
import pytest
from lxml import etree

from aldis.accounts.endpoint import Endpoint
from aldis.dialects import mavorion, skycore, sumotext
from aldis.dialects.mavorion import signature
from aldis.traffic.postback import DuePostback, PostbackEvent
from aldis.traffic.states import State
from tests.dialects.test_attachments import DUE
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


#: style: how many notifications one request has, what stands around them, whether codes tell them apart
SKYCORE_STYLES = [
    ("", 1, "", False),
    ("seed", 1, "", False),
    ("envelope", 2, "POSTBACK", False),
    ("codes", 2, "POSTBACK", True),
]


@pytest.mark.parametrize(("style", "most", "around", "tells_apart"), SKYCORE_STYLES)
def test_skycores_notifications_stand_bare_or_in_an_envelope(
    style: str,
    most: int,
    around: str,
    tells_apart: bool,  # noqa: FBT001 - a column of the table
) -> None:
    told = [due(SENT, State.SENT), due(ENDED, State.DELIVERED)][-most:]
    endpoint = Endpoint("http://x/", style)
    assert min(skycore.POLICY.schedule.bundles.get(style, 1), 2) == most
    root = etree.fromstring(skycore.POLICY.postback(told, endpoint, NOON).body)
    found = list(root) if around else [root]
    assert (root.tag, len(found)) == (around or "NOTIFICATION", most)
    assert found[-1].findtext("CODE") == ("N202" if tells_apart else "N201")
    letter = etree.fromstring(skycore.POLICY.inbound(DUE, endpoint, NOON).body)
    assert letter.tag == (around or "NOTIFICATION")
    assert letter.findtext(".//CODE") == "N401"
