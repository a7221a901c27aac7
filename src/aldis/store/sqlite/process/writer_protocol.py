"""How batches and outcomes travel between the gateway and its writer's process.

A question is msgpack: each call as the name of its operation and its item, which is read back by the type
that the operation takes. An answer is a pickle, because an outcome may be any exception, with the postbacks
that are owed as msgpack in it; both ends are ours, and nobody else holds the socket.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.changes import Carrying
from aldis.store.orders import Order
from aldis.store.records import Acceptance, InboundBatch
from aldis.store.sqlite.engine.transactions import Call, Operation, Ran
from aldis.store.sqlite.writes import (
    admission,
    bulk,
    cancelling,
    changes,
    consent,
    failover,
    inbound,
    link_orders,
    maintenance,
    orders,
    postbacks,
    receipts,
    recipients,
    sending,
    staff,
    watching,
)
from aldis.store.sqlite.writes.postbacks import OwedRow
from aldis.traffic.postback import PostbackResult
from aldis.traffic.receipt import Receipt

#: every operation that may be called, with what it takes
_ITEMS: dict[Operation[Any, Any], Any] = {
    admission.take_ids: int,
    admission.accept: Acceptance,
    sending.mark: sending.Mark,
    sending.record_results: sending.RecordResults,
    sending.recover: sending.Recover,
    sending.recover_orphans: sending.Orphans,
    receipts.record: tuple[Receipt, ...],
    postbacks.finish: tuple[PostbackResult, ...],
    maintenance.expire: maintenance.Expire,
    maintenance.purge: maintenance.Purge,
    changes.carry_out: Carrying,
    link_orders.give: link_orders.Ordering,
    cancelling.cancel: cancelling.Cancel,
    consent.change_audited: consent.Audited,
    inbound.record: InboundBatch,
    inbound.forget: inbound.Forget,
    failover.divert: failover.Divert,
    staff.carry_out: staff.Change,
    watching.keep_minute: watching.Minute,
    watching.note: AuditEntry,
    bulk.carry_out: bulk.Change,
    recipients.file: recipients.Filing,
    orders.cancel_message: orders.CancelMessage,
    orders.accept_again: orders.Again,
    orders.replay: orders.Replay,
    orders.replay_given_up: orders.ReplayGivenUp,
    orders.give: Order,
    orders.answer_orders: orders.Answered,
    orders.withdraw: int,
    orders.forget: int,
}
_NUMBERS = {operation: number for number, operation in enumerate(_ITEMS)}
_OPERATIONS = tuple(_ITEMS)
_DECODERS = tuple(msgspec.msgpack.Decoder(item) for item in _ITEMS.values())

_QUESTION = msgspec.msgpack.Decoder(list[tuple[int, msgspec.Raw]])
_OWED = msgspec.msgpack.Decoder(list[OwedRow] | None)
_ENCODER = msgspec.msgpack.Encoder()


def write_question(batch: Sequence[Call]) -> bytes:
    """Write a batch."""
    return _ENCODER.encode([(_NUMBERS[operation], item) for operation, item in batch])


def read_question(octets: bytes) -> list[Call]:
    """Read a batch."""
    return [
        (_OPERATIONS[number], _DECODERS[number].decode(item)) for number, item in _QUESTION.decode(octets)
    ]


def write_answer(ran: Ran) -> bytes:
    """Write outcomes, and what is owed."""
    owed = b"" if ran.owed == [] else _ENCODER.encode(ran.owed)
    return pickle.dumps((ran.outcomes, owed, ran.commits), pickle.HIGHEST_PROTOCOL)


def read_answer(octets: bytes) -> Ran:
    """Read outcomes, and what is owed."""
    outcomes, owed, commits = cast("tuple[list[Any], bytes, int]", pickle.loads(octets))  # noqa: S301 - our own process wrote it
    return Ran(outcomes, _OWED.decode(owed) if owed else [], commits)


class Tried(msgspec.Struct, frozen=True, array_like=True):
    """So many tries of a dialect's postbacks have ended, and so."""

    dialect: str
    done: bool
    count: int


_TRIED = msgspec.msgpack.Decoder(Tried)


def write_tried(tried: Tried) -> bytes:
    """Write what the writer's process has posted."""
    return _ENCODER.encode(tried)


def read_tried(octets: bytes) -> Tried:
    """Read it."""
    return _TRIED.decode(octets)
