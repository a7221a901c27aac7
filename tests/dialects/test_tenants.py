"""What is one account's is nobody else's: another one's credential finds it no more than what never was."""

from __future__ import annotations

import json
import re

import msgspec
import pytest

from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.store.contract.store import Store
from tests.dialects.asking import Asker, get, post
from tests.fakes.clock import FakeClock

NEVER = 999_999_999
LATER = '{"to": "4512345678", "text": "Hi", "send_at": "2026-11-22T12:00:00Z"}'
MAVO = "/rest/mtsms?token=demo-mavorion&message=Hi&recipients.0.msisdn=4512345678&sendtime=1795348800"


def bearer(account: str) -> dict[str, str]:
    return {"authorization": f"Bearer {account}-native"}


def sends(dialect: str) -> HttpRequest:
    """Give what has the demo's account send a message later."""
    return (
        post("/v1/messages", LATER, "application/json", **bearer("demo"))
        if dialect == "native"
        else get(MAVO)
    )


def asks(dialect: str, method: str, account: str, message_id: int) -> HttpRequest:
    """Give what asks of a message, or cancels it."""
    native, mavorion = f"/v1/messages/{message_id}", f"/rest/mtsms/{message_id}?token={account}-mavorion"
    asked = get(native, **bearer(account)) if dialect == "native" else get(mavorion)
    return msgspec.structs.replace(asked, method=method)


def told(reply: HttpReply, message_id: int) -> tuple[int, bytes]:
    """Give what an answer tells, whichever message and incident it is about."""
    return reply.status, re.sub(rb'(?<![%%\w])%d\b|(?<="incident_uuid":")[^"]+' % message_id, b"", reply.body)


@pytest.mark.parametrize("dialect", ["native", "mavorion"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_anothers_message_is_found_no_more_than_none(
    dialect: str, method: str, demo_store: Store, clock: FakeClock
) -> None:
    asker = await Asker.over(demo_store, clock)
    sent = await asker.ask(sends(dialect))
    assert sent.status < 300, sent.body
    document = json.loads(sent.body)
    message_id = int(document["messages"][0]["id"] if dialect == "native" else document["ids"][0])
    clock.advance(10)  # the other one's rate
    others = told(await asker.ask(asks(dialect, method, "slow", message_id)), message_id)
    clock.advance(10)
    assert others == told(await asker.ask(asks(dialect, method, "slow", NEVER)), NEVER)
    assert others[0] >= 400
    assert dict(await demo_store.metrics.count_by_state()) == {"queued": 1}
    assert (await asker.ask(asks(dialect, method, "demo", message_id))).status < 300
