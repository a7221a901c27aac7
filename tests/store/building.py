"""Builds messages with defaults and brings them to a state."""

from __future__ import annotations

from typing import Any

import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.stages.sending.shares import share
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.ownership import Lease, slot_of
from aldis.store.contract.store import Store
from aldis.traffic.message import AttemptResult, NewMessage, SubmittedSegment
from aldis.traffic.postback import Notify
from aldis.traffic.states import Event, State
from tests.backends import own
from tests.fakes.clock import NOON

NOW = NOON

#: the first lease of the link of most tests
LEASE = Lease(slot_of("link"), "test", 1)

_DEFAULT = NewMessage(
    message_id=0,
    submission_id=0,
    account_id=1,
    dialect="genesys",
    reference="",
    duplicate_scope="",
    link="link",
    priority=1,
    sender="74700",
    recipient="447700900001",
    country="GB",
    coding=0,
    octets=b"Hello",
    segments=1,
    price_micros=50_000,
    notify=Notify.NOTHING,
    lane="",
    callback_url="",
    echo=b"{}",
    accepted_at=NOW,
    due_at=NOW,
    expires_at=NOW + 172_800_000,
    review_at=NOW,
)


def a_message(message_id: int, **changes: Any) -> NewMessage:
    """Build a message that differs from the default in what matters to the test."""
    return msgspec.structs.replace(_DEFAULT, message_id=message_id, submission_id=message_id, **changes)


async def accept(store: Store, message: NewMessage) -> None:
    """Store a message that must be accepted."""
    is_prepaid = message.account_id != POSTPAID
    assert await store.admission.accept(Acceptance(message.account_id, is_prepaid, (message,))) is None


async def settle_sent(store: Store, message: NewMessage, ids: tuple[str, ...] = ("A1", "A2")) -> None:
    """Bring a message to `sent`, its segments under these ids."""
    await accept(store, message)
    await store.sending.claim(await own(store, message.link), 100, share, NOW)
    submitted = tuple(
        SubmittedSegment(number, name) for number, name in enumerate(ids[: message.segments], start=1)
    )
    await store.sending.record(
        await own(store, message.link),
        [AttemptResult(message.message_id, Event.SUBMIT_ACCEPTED, submitted)],
        NOW,
    )


#: the accounts of the tests' directory (conftest.py)
RICH, POSTPAID = 1, 2


async def state_of(store: Store, message_id: int) -> State:
    timeline = await store.search.message(message_id)
    assert timeline is not None
    return timeline.message.state


async def money(store: Store, account_id: int = RICH) -> tuple[int, int, int]:
    balance = await store.queries.balance(account_id)
    assert balance.credited == balance.available + balance.held + balance.spent
    return balance.available, balance.held, balance.spent


async def audited(store: Store) -> list[AuditEntry]:
    """Give the audit log, newest first, without what made the directory."""
    log = [entry for _, entry in await store.audit.log(0, 100)]
    return [entry for entry in log if not entry.action.startswith(("add ", "change "))]
