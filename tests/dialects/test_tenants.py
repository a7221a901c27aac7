"""What is one account's is nobody else's: another one's credential finds it no more than what never was. Each
call of each dialect that takes an id is in the table, or the last test here fails.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec
import pytest

from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.dialects.genesys import PATHS as GENESYS
from aldis.dialects.mavorion import request as mavorion
from aldis.dialects.native import request as native
from aldis.dialects.native.reply import REPLAYED
from aldis.dialects.registry import BY_PATH
from aldis.dialects.skycore import PATHS as SKYCORE
from aldis.dialects.sumotext import legacy, submission
from aldis.store.contract.consent import OptInKey
from aldis.store.contract.search import MessageFilter
from aldis.store.contract.store import Store
from tests.backends import apply
from tests.dialects.asking import Asker, get, post
from tests.fakes.clock import FakeClock

ACCOUNT = """
[[account]]
name = "{name}"
credit = "1000.00"
networks = ["127.0.0.0/8"]
default_sender = "447700900001"
[[account.sender]]
value = "447700900001"
[[account.sender]]
value = "{code}"
keywords = ["{name}"]
campaigns = ["campaign-{name}"]
[[account.credential]]
dialect = "aldis"
key = "{name}-key"
[[account.credential]]
dialect = "mavorion"
key = "{name}-key"
[[account.credential]]
dialect = "skycore"
key = "{name}-key"
[[account.credential]]
dialect = "sumotext"
key = "shortcode:{code}"
country = "US"
[[account.credential]]
dialect = "genesys"
login = "{name}"
password = "{name}-password"
[[opt_in]]
sender = "{code}"
topic = "{name}"
numbers = ["14805550100"]
"""
CODES = {"one": "84700", "two": "84701"}
TIMES = "2026-11-22T12:00:00Z", "1795348800"
HANDSET = "4512345678"

#: writes the request of an account
Sends = Callable[[str], HttpRequest]


def submits(account: str, key: str = "") -> HttpRequest:
    headers = {"authorization": f"Bearer {account}-key"} | ({"idempotency_key": key} if key else {})
    body = {"to": HANDSET, "text": f"Hi from {account}", "send_at": TIMES[0]}
    return post("/v1/messages", json.dumps(body), "application/json", **headers)


def submits_to_mavorion(account: str) -> HttpRequest:
    body = {
        "message": "Hi",
        "recipients": [{"msisdn": int(HANDSET)}],
        "sendtime": int(TIMES[1]),
        "label": "mine",
    }
    return post(f"/rest/mtsms?token={account}-key", json.dumps(body), "application/json")


def submits_to_sumotext(account: str) -> HttpRequest:
    values = f"mobile=14805550100&carrier=VERIZONUS&shortcode={CODES[account]}&key={account}&msg=Hi"
    return get(f"{legacy.SEND}?{values}")


def submits_to_genesys(account: str, message_id: str) -> HttpRequest:
    values = f"login={account}&password={account}-password&phone_number={HANDSET}&sender=447700900001"
    return get(f"/httpapi/receiver?{values}&message=Hi&message_id={message_id}")


def subscribes(account: str, campaign: str, action: str) -> HttpRequest:
    values = f"action={action}&api_key={account}-key&campaignid={campaign}&mobile={HANDSET}"
    return get(f"/API/wxml/1.3/index.php?{values}")


def first_id(body: bytes) -> str:
    return str(json.loads(body)["messages"][0]["id"])


def whole_id(body: bytes) -> str:
    return str(json.loads(body)["id"])


def ids(body: bytes) -> str:
    return str(json.loads(body)["ids"][0])


def guid(body: bytes) -> str:
    return body.decode().partition(":")[2].strip()


class Call(NamedTuple):
    """A call that takes an id."""

    #: as the registry has them
    path: str
    method: str
    #: makes the thing; None: the directory has it
    sends: Sends | None
    #: reads its id from the answer, or from the account's name
    reads: Callable[[bytes], str]
    #: account and id → request
    asks: Callable[[str, str], HttpRequest]
    #: an id that nothing has
    never: str
    #: whether an unknown one is an error, and not an empty answer
    is_refused: bool = True


def of_native(method: str) -> Iterator[Call]:
    """By the id of the submission, of a message of it, by the key, behind a message."""

    def asks(account: str, identity: str) -> HttpRequest:
        asked = get(f"/v1/messages/{identity}", authorization=f"Bearer {account}-key")
        return msgspec.structs.replace(asked, method=method)

    def submits_once(account: str) -> HttpRequest:
        return submits(account, "order-1")

    path = f"{native.MESSAGES}/*"
    yield Call(path, method, submits, whole_id, asks, "SMS_999999999")
    yield Call(path, method, submits, first_id, asks, "999999999")
    yield Call(path, method, submits_once, whole_id, asks, "k-order-999")
    if method == "GET":

        def pages(account: str, identity: str) -> HttpRequest:
            asked = asks(account, identity)
            return msgspec.structs.replace(asked, query=b"after=0&limit=1")

        yield Call(path, method, submits, whole_id, pages, "SMS_999999999")


def of_mavorion(root: str, method: str) -> Call:
    def asks(account: str, identity: str) -> HttpRequest:
        asked = get(f"{root}/mtsms/{identity}?token={account}-key")
        return msgspec.structs.replace(asked, method=method)

    return Call(f"{root}/mtsms/*", method, submits_to_mavorion, ids, asks, "999999999")


def uses(account: str, label: str) -> HttpRequest:
    body = {"from": "2026-11-21", "to": "2026-11-23", "label": label}
    return post(f"{mavorion.USAGE}?token={account}-key", json.dumps(body), "application/json")


def of_sumotext(method: str) -> Call:
    def asks(account: str, identity: str) -> HttpRequest:
        values = f"shortcode={CODES[account]}&smsid={identity}"
        if method == "GET":
            return get(f"{legacy.REPORT}?{values}")
        return post(legacy.REPORT, values, "application/x-www-form-urlencoded")

    never = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"
    return Call(legacy.REPORT, method, submits_to_sumotext, guid, asks, never, is_refused=False)


def of_skycore(path: str, action: str) -> Call:
    def asks(account: str, campaign: str) -> HttpRequest:
        return msgspec.structs.replace(subscribes(account, campaign, action), path=path)

    return Call(path, "GET", None, lambda _: "campaign-one", asks, "campaign-never", is_refused=False)


CALLS = [
    *of_native("GET"),
    *of_native("DELETE"),
    *(of_mavorion(root, method) for root in mavorion.ROOTS for method in ("GET", "DELETE")),
    Call(mavorion.USAGE, "POST", submits_to_mavorion, lambda _: "mine", uses, "never", is_refused=False),
    *(of_sumotext(method) for method in ("GET", "POST")),
    *(of_skycore(path, action) for path in SKYCORE for action in ("subscribe", "unsubscribe")),
]


def named(call: Call) -> str:
    return f"{call.method} {call.path} {call.never}"


async def exchange(store: Store, clock: FakeClock, request: HttpRequest) -> HttpReply:
    """Ask a door that was never asked before: ids of incidents are the same each time."""
    return await (await Asker.over(store, clock)).ask(request)


@pytest.fixture
async def tenants(demo_store: Store, clock: FakeClock) -> Store:
    await apply(
        demo_store, "".join(ACCOUNT.format(name=name, code=CODES[name]) for name in CODES), clock.now()
    )
    return demo_store


@pytest.mark.parametrize("call", CALLS, ids=named)
async def test_anothers_id_is_answered_as_one_that_nothing_has(
    call: Call, tenants: Store, clock: FakeClock
) -> None:
    """Octet by octet, but for the id itself; nothing is changed, and the owner finds it."""
    made = HttpReply(200, b"", b"")
    if call.sends is not None:
        made = await exchange(tenants, clock, call.sends("one"))
        assert made.status < 300, made.body
    identity = call.reads(made.body)
    before = await tenants.search.messages(MessageFilter(), 0, 10)
    others = await exchange(tenants, clock, call.asks("two", identity))
    unknown = await exchange(tenants, clock, call.asks("two", call.never))
    said = unknown.body.replace(call.never.encode(), identity.encode())
    assert (others.status, others.content_type, others.headers, others.body) == (
        unknown.status,
        unknown.content_type,
        unknown.headers,
        said,
    )
    assert (others.status >= 400) == call.is_refused
    assert await tenants.search.messages(MessageFilter(), 0, 10) == before
    opted_in = [OptInKey(CODES["one"], "campaign-one", HANDSET)]
    assert not await tenants.consent.opted_in(opted_in)
    own = await exchange(tenants, clock, call.asks("one", identity))
    assert own.status < 300
    assert own.body != others.body


@pytest.mark.parametrize(
    "sends", [lambda name: submits(name, "order-1"), lambda name: submits_to_genesys(name, "order-1")]
)
async def test_a_reference_of_one_account_is_free_for_another(
    sends: Sends, tenants: Store, clock: FakeClock
) -> None:
    """What customers choose themselves: nobody learns that another one has it, nor is refused for it."""
    for count, name in enumerate(CODES, 1):
        taken = await exchange(tenants, clock, sends(name))
        assert taken.status < 300, taken.body
        assert b"result_code" not in taken.body or b"result_code=0" in taken.body
        assert REPLAYED not in taken.headers
        assert sum((await tenants.metrics.count_by_state()).values()) == count
        again = await exchange(tenants, clock, sends(name))
        assert again.body == b"result_code=7" or REPLAYED in again.headers
        assert sum((await tenants.metrics.count_by_state()).values()) == count


async def test_one_reference_of_two_accounts_names_two_messages(tenants: Store, clock: FakeClock) -> None:
    for name in CODES:
        await exchange(tenants, clock, submits(name, "order-1"))
    path = "/v1/messages/k-order-1"
    for name in CODES:
        found = await exchange(tenants, clock, get(path, authorization=f"Bearer {name}-key"))
        assert json.loads(found.body)["text"] == f"Hi from {name}"
    cancels = msgspec.structs.replace(get(path, authorization="Bearer two-key"), method="DELETE")
    assert (await exchange(tenants, clock, cancels)).status == 204
    accounts = (await tenants.directory.load()).accounts
    for name, state in (("one", "queued"), ("two", "deleted")):
        account_id = accounts[name].account_id
        (kept,) = (await tenants.search.messages(MessageFilter(account_id=account_id), 0, 10)).found
        assert kept.message.state == state


#: what they say is of the account of the credential, whichever that is; what is sent has no id of ours yet
TAKE_NO_ID = {
    native.MESSAGES,
    native.ESTIMATE,
    native.BALANCE,
    *mavorion.SEND,
    *mavorion.ME,
    *mavorion.INBOUND,
    *mavorion.PRICES,
    *mavorion.LOOKUP,
    *(path + slash for path in (submission.SEND, submission.LOOKUP) for slash in ("", "/")),
    legacy.SEND,
    legacy.LOOKUP,
    *GENESYS,
}


def test_every_call_that_takes_an_id_is_in_the_table() -> None:
    with_ids = {path: dialect for path, dialect in BY_PATH.items() if path not in TAKE_NO_ID}
    assert {call.path for call in CALLS} == with_ids.keys()
    for path, dialect in with_ids.items():
        if path not in SKYCORE:  # whose methods are two spellings of one call
            assert {call.method for call in CALLS if call.path == path} == dialect.face.paths[path]
    assert not [path for path in TAKE_NO_ID if path.endswith("*")]
