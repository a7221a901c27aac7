"""Our signature and an endpoint's own headers, in each dialect."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import deque

import msgspec
import pytest

from aldis.accounts.account import Account
from aldis.accounts.directory import CurrentDirectory, assemble
from aldis.accounts.endpoint import Endpoint
from aldis.channels.http.request import write
from aldis.dialects.contract import Policy
from aldis.dialects.registry import POLICIES
from aldis.stages.postbacks.channel import Answer
from aldis.stages.postbacks.writing import Due, Writing
from aldis.traffic.postback import PostbackEvent, PostbackRequest
from aldis.traffic.states import State
from tests.dialects.test_attachments import DUE
from tests.dialects.test_contract import due, each_policy
from tests.fakes.clock import NOON

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HEADERS = "X-Api-Key: 12 34\nAuthorization: Bearer x"
URL = "https://customer.example/hook?ref=ü"


async def no_content(_digest: str) -> bytes | None:
    return None


def written(policy: Policy, style: str = "", secret: str = SECRET, headers: str = HEADERS) -> PostbackRequest:
    """Write the postback of an account with all of that."""
    told = due(PostbackEvent.ENDED, State.DELIVERED)
    told = msgspec.structs.replace(
        told, message=msgspec.structs.replace(told.message, dialect=policy.name, callback_url="")
    )
    account = Account(
        name="one",
        account_id=told.message.account_id,
        postback={policy.name: URL},
        postback_style={policy.name: style},
        postback_secret={policy.name: secret} if secret else {},
        postback_headers={policy.name: headers} if headers else {},
    )
    writing = Writing(POLICIES, CurrentDirectory(assemble(1, [account], [], [], [], [])), no_content)
    found = writing.write([told], NOON)
    assert not isinstance(found, Answer)
    return found[0]


def verified(request: PostbackRequest) -> bool:
    """Verify as a receiver does, from what comes over the wire and the specification's page."""
    head, _, body = write(request)[1].partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
    content = body or line.split(" ")[1].partition("?")[2].encode()
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + content
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return headers["webhook-signature"] == f"v1,{wanted}"


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("sumotext", ""),
        ("sumotext", "get"),
        ("skycore", ""),
        ("skycore", "flat"),
        ("genesys", ""),
        ("aldis", ""),
    ],
)
def test_a_receiver_can_tell_ours_from_forged_ones(name: str, style: str) -> None:
    assert verified(written(POLICIES[name], style))


@each_policy
def test_a_dialect_has_one_signature(policy: Policy) -> None:
    names = [name.lower() for name, _ in written(policy).headers]
    assert len(names) == len(set(names))
    assert ("x-gwapi-signature" in names) is (policy.name == "mavorion")
    assert ("webhook-signature" in names) is (policy.name != "mavorion")


@each_policy
def test_headers_of_an_endpoints_own_are_sent(policy: Policy) -> None:
    assert written(policy).headers[-5:].count(("X-Api-Key", "12 34")) == 1
    assert ("Authorization", "Bearer x") in written(policy).headers


@each_policy
def test_all_of_it_is_off_by_default(policy: Policy) -> None:
    plain = policy.postback(
        [msgspec.structs.replace(due(PostbackEvent.ENDED, State.DELIVERED))], Endpoint(URL), NOON
    )
    names = {name.lower() for name, _ in plain.headers}
    assert not names & {"webhook-signature", "x-gwapi-signature", "authorization", "x-api-key"}
    assert [name for name, _ in written(policy, secret="", headers="").headers] == [
        name for name, _ in plain.headers
    ]


async def test_messages_from_handsets_are_signed_alike() -> None:
    account = Account(
        name="one",
        account_id=DUE.inbound.account_id or 0,
        inbound={"genesys": URL},
        postback_secret={"genesys": SECRET},
    )
    writing = Writing(POLICIES, CurrentDirectory(assemble(1, [account], [], [], [], [])), no_content)
    found = await writing.write_inbound(DUE, NOON)
    assert not isinstance(found, Answer)
    assert verified(found[0])


def test_a_bundle_is_signed_as_one() -> None:
    first, second = (
        msgspec.structs.replace(due(PostbackEvent.ENDED, State.DELIVERED), postback_id=n) for n in (7, 8)
    )
    account = Account(
        name="one",
        account_id=first.message.account_id,
        postback={"skycore": URL},
        postback_secret={"skycore": SECRET},
        postback_style={"skycore": "envelope"},
    )
    writing = Writing(POLICIES, CurrentDirectory(assemble(1, [account], [], [], [], [])), no_content)
    dues = [
        msgspec.structs.replace(
            each, message=msgspec.structs.replace(each.message, dialect="skycore", callback_url="")
        )
        for each in (first, second)
    ]
    bundle = writing.next_bundle(deque[Due](dues))
    assert len(bundle) == 2
    found = writing.write([each for each in bundle if each in dues], NOON) if bundle == dues else Answer(None)
    assert not isinstance(found, Answer)
    assert verified(found[0])
    assert ("webhook-id", "msg_7") in found[0].headers
