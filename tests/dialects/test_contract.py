"""What every dialect must keep: total tables, readers that never raise, postbacks for every ending."""

from __future__ import annotations

import string

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aldis.accounts.endpoint import Endpoint
from aldis.dialects.contract import Policy
from aldis.dialects.exchange import HttpRequest
from aldis.dialects.http_face import HttpDialect
from aldis.dialects.registry import BY_PATH, HTTP, POLICIES
from aldis.traffic.caller import Caller, Presented
from aldis.traffic.message import MessageFacts
from aldis.traffic.postback import DuePostback, Notify, PostbackEvent
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.states import ENDED, State
from aldis.traffic.submission import MessageAsk, Submission
from tests.fakes.clock import NOON

each_policy = pytest.mark.parametrize("policy", POLICIES.values(), ids=lambda policy: policy.name)
each_http_dialect = pytest.mark.parametrize("dialect", HTTP, ids=lambda dialect: dialect.policy.name)

BLANK = HttpRequest("POST", "/", b"", [], b"", "127.0.0.1")
NONCE = 12345
ASKED = Submission(Caller(Presented("x", "key")), (MessageAsk(recipients=("447700900001",), text="Hi"),))

TEMPORARY = {RefusalReason.INTERNAL, RefusalReason.UNAVAILABLE, RefusalReason.OUTCOME_UNKNOWN}


@each_http_dialect
@pytest.mark.parametrize("reason", list(RefusalReason))
@pytest.mark.parametrize("submission", [None, ASKED], ids=["unread", "read"])
def test_every_reason_has_its_words_in_every_dialect(
    dialect: HttpDialect, reason: RefusalReason, submission: Submission | None
) -> None:
    reply = dialect.face.refuse(BLANK, submission, Refusal(reason, "parameter", "value <&>\x00"))
    assert reply.body
    assert reply.status < 500 or reason in TEMPORARY
    assert b"{" not in reply.body.replace(b'{"', b"").replace(b":{", b"")


@each_http_dialect
def test_networks_are_hidden_where_a_wrong_one_has_the_words_of_a_wrong_password(
    dialect: HttpDialect,
) -> None:
    wrong, elsewhere = (
        dialect.face.refuse(BLANK, ASKED, Refusal(reason, value="key"))
        for reason in (RefusalReason.CREDENTIALS_UNKNOWN, RefusalReason.ADDRESS_NOT_ALLOWED)
    )
    assert dialect.policy.hides_networks == (wrong == elsewhere)


def facts(state: State) -> MessageFacts:
    return MessageFacts(
        message_id=12345,
        submission_id=12345,
        account_id=1,
        dialect="",
        reference="SMS_12345",
        link="link",
        sender="60856",
        recipient="15551234888",
        country="US",
        state=state,
        segments=1,
        price_micros=50_000,
        attempts=1,
        accepted_at=NOON,
        sent_at=NOON,
        ended_at=NOON,
        reason="",
        callback_url="",
        echo=msgspec.json.encode({"app_id": "a b", "conversation_id": "c&d", "userref": "mine"}),
    )


def due(event: PostbackEvent, state: State, error_code: str = "") -> DuePostback:
    return DuePostback(325, "lane", event, state, error_code, NOON + 262, 0, facts(state))


@each_policy
def test_every_ending_can_be_told(policy: Policy) -> None:
    wanted = policy.notify(MessageAsk(recipients=("1",), text="", wants_receipt=True))
    assert wanted & Notify.ENDED
    for state in ENDED:
        request = policy.postback([due(PostbackEvent.ENDED, state, "034")], Endpoint("http://x/y"), NOON)
        assert request.url.startswith("http://x/y")
    if wanted & Notify.SENT:
        policy.postback([due(PostbackEvent.SENT, State.SENT)], Endpoint("http://x/y"), NOON)


def told(name: str, event: PostbackEvent, state: State, error_code: str = "") -> tuple[str, str]:
    request = POLICIES[name].postback([due(event, state, error_code)], Endpoint("http://x/?a=1"), NOON + 1000)
    return request.url, request.body.decode()


SKYCORE_BODY = (
    '<NOTIFICATION {}="325" {}="2026-11-21 12:00:01.000000+00"><ORIGIN>SMS_MT</ORIGIN><CODE>N201</CODE><BODY>'
    "<HISTORYID>12345</HISTORYID><TO>15551234888</TO><TRACKINGID>SMS_12345</TRACKINGID>{}"
    "<TIMESTAMP>2026-11-21 12:00:00.262000+00</TIMESTAMP></BODY></NOTIFICATION>"
)


def test_the_postbacks_are_as_the_providers_print_them() -> None:
    assert told("sumotext", PostbackEvent.ENDED, State.DELIVERED) == (
        "http://x/?a=1&sumoid=SMS_12345&mtcode=4&mtdescription=Delivered+to+handset",
        "",
    )
    assert (
        "mtcode=5&mtdescription=Not+Delivered+034"
        in told("sumotext", PostbackEvent.ENDED, State.UNDELIVERED, "034")[0]
    )
    assert told("skycore", PostbackEvent.SENT, State.SENT)[1] == SKYCORE_BODY.format("ID", "CREATED", "")
    status = '<STATUS PROTOCOL="4" STATUS="0"/>'
    assert told("skycore", PostbackEvent.ENDED, State.DELIVERED)[1] == SKYCORE_BODY.format(
        "id", "created", status
    )
    assert told("genesys", PostbackEvent.ENDED, State.DELIVERED)[1] == (
        "type=receipt&message_id=SMS_12345&message_state=2&result_code=0&app_id=a+b&conversation_id=c%26d&userref=mine"
    )
    assert told("mavorion", PostbackEvent.ENDED, State.DELIVERED)[1] == (
        '{"id":12345,"msisdn":15551234888,"time":1795262400,"status":"DELIVERED","error":null,"code":null,'
        '"userref":"mine","callback_url":null,"api":4,"country_code":"US","country_prefix":1}'
    )


@pytest.mark.parametrize(
    ("state", "reason", "result_code"),
    [
        (State.REJECTED, "ESME_RINVDSTADR", 1),
        (State.REJECTED, "ESME_RINVSRCADR", 5),
        (State.REJECTED, "ESME_RINVMSGLEN", 8),
        (State.FAILED, "ESME_RTHROTTLED", 6),
        (State.FAILED, "MM7 4006 Service unavailable", 6),
        (State.REJECTED, "MM7 2003 Address not found", 1),
        (State.REJECTED, "content too large for this link", 8),
        (State.FAILED, "ESME_RSYSERR", 98),
        (State.UNDELIVERED, "ESME_RINVSRCADR", 99),  # the carrier took it: this is the receipt's own word
    ],
)
def test_a_genesys_receipt_tells_why_the_carrier_did_not_take_it(
    state: State, reason: str, result_code: int
) -> None:
    assert f"&result_code={result_code}&" in told("genesys", PostbackEvent.ENDED, state, reason)[1]


methods = st.sampled_from(["GET", "POST"])
types = st.sampled_from(
    [
        "",
        "application/json",
        "application/xml/mt",
        "text/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ]
)
openings = st.sampled_from(
    [
        b"",
        b"{",
        b"[",
        b"<",
        b"xml=",
        b"json=",
        b"apikey=",
        b"recipients.0.msisdn=",
        b"--x\r\nContent-Disposition: form-data; name=",
    ]
)


@each_http_dialect
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=200)
@given(methods, types, openings, st.binary(max_size=200), st.binary(max_size=100))
def test_no_octets_make_a_reader_raise(
    dialect: HttpDialect, method: str, content_type: str, opening: bytes, body: bytes, query: bytes
) -> None:
    headers = [(b"content-type", content_type.encode()), (b"authorization", b"Basic " + body[:20])]
    request = HttpRequest(method, min(dialect.face.paths), query, headers, opening + body, "127.0.0.1", NONCE)
    found = dialect.face.read(request)
    if isinstance(found, Refusal):
        dialect.face.refuse(request, None, found)
    else:
        assert (found.caller.peer, found.caller.nonce) == (request.peer, request.nonce)
        assert found.caller.presented.dialect == dialect.policy.name
        dialect.face.refuse(request, found, Refusal(RefusalReason.INTERNAL))


@settings(max_examples=200)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(string.printable),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "message",
                        "recipients",
                        "msisdn",
                        "sender",
                        "token",
                        "tags",
                        "dry_run",
                        "apikey",
                        "msg",
                        "to",
                        "text",
                        "number",
                        "values",
                        "send_at",
                        "encoding",
                    ]
                ),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_no_json_makes_a_reader_raise(document: object) -> None:
    body = msgspec.json.encode(document)
    for path in ("/v2/mtsms", "/api/sumopost/post", "/v1/messages"):
        headers = [(b"content-type", b"application/json"), (b"authorization", b"Bearer t")]
        BY_PATH[path].face.read(HttpRequest("POST", path, b"token=t", headers, body, "127.0.0.1"))


@pytest.mark.parametrize("path", ["/v2/mtsms", "/api/sumopost/post", "/v1/messages"])
@pytest.mark.parametrize("depth", [100, 5_000, 100_000])
def test_no_depth_of_nesting_makes_a_reader_raise(path: str, depth: int) -> None:
    body = b'{"message":"x","payload":' + b"[" * depth + b"]" * depth + b"}"
    headers = [(b"content-type", b"application/json"), (b"authorization", b"Bearer t")]
    found = BY_PATH[path].face.read(
        HttpRequest("POST", path, b"token=t&apikey=k", headers, body, "127.0.0.1")
    )
    assert isinstance(found, Refusal) or found.fault is not None
