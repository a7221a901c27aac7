"""Writes the answers of Aldis's own API: what was accepted, what became of it, and problems. Source: RFC
9457; docs/dialects/native.md.
"""

from __future__ import annotations

from http import HTTPStatus
from math import ceil

import msgspec

from aldis.accounts.price import from_micros
from aldis.clock import as_iso
from aldis.dialects.accepted import Accepted, accepted_of, estimate_of, replayed
from aldis.dialects.contract import Asked, Reference
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.sms.encoding import decode
from aldis.sms.fitting import from_coding
from aldis.traffic.message import MessageStatus
from aldis.traffic.problem import problem_of
from aldis.traffic.query import Answer, BalanceFound, Cancelled, Query, StatusFound
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import Admitted, MessageAsk, Submission

JSON, PROBLEM = b"application/json", b"application/problem+json"
#: the answer to a repetition says that it is one
REPLAYED = (b"idempotency-replayed", b"true")


class MessageState(msgspec.Struct, frozen=True):
    """What became of one message."""

    id: str
    to: str
    country: str
    status: str
    segments: int
    price: str
    #: the carrier's code or our reason; "" when all is well
    error: str
    accepted_at: str
    sent_at: str | None
    ended_at: str | None


class Status(msgspec.Struct, frozen=True):
    """What became of all of it."""

    id: str
    text: str
    sender: str = msgspec.field(name="from")
    label: str
    reference: str
    messages: list[MessageState]
    currency: str
    #: where the next page begins, `?after=`; left out where there is none
    next: str | msgspec.UnsetType = msgspec.UNSET


class Balance(msgspec.Struct, frozen=True):
    """An account's money."""

    available: str
    currency: str


def accept(_request: HttpRequest, submission: Submission, admitted: Admitted) -> HttpReply:
    """Give what was accepted, or what it would be."""
    (ask,) = admitted.asks
    if submission.dry_run:
        return _json(200, estimate_of(ask, admitted.currency))
    return _accepted(accepted_of(ask, admitted.currency))


def replay(submission: Submission, found: StatusFound) -> HttpReply | None:
    """Give the first answer again; None where `replayed` gives none."""
    accepted = replayed(submission, found)
    return None if accepted is None else _accepted(accepted, REPLAYED)


def _accepted(accepted: Accepted, *more: tuple[bytes, bytes]) -> HttpReply:
    location = (b"Location", f"/v1/messages/{accepted.id}".encode())
    return HttpReply(202, JSON, msgspec.json.encode(accepted), (location, *more))


def answer(_request: HttpRequest, _query: Query, found: Answer) -> HttpReply:
    """Answer what is not about sending."""
    match found:
        case StatusFound():
            return _json(200, status_of(found))
        case BalanceFound():
            return _json(200, Balance(from_micros(found.available), found.currency))
        case Cancelled():
            return HttpReply(204, JSON, b"")
        case _:
            raise TypeError(type(found).__name__)


def status_of(found: StatusFound) -> Status:
    """Say what became of a submission; of texts with values the first recipient's is shown."""
    first = found.messages[0]
    echo = msgspec.json.decode(first.message.echo, type=dict[str, str])
    return Status(
        id=first.message.reference,
        text=decode(from_coding(first.coding, first.octets).encoded),
        sender=first.message.sender,
        label=first.label,
        reference=echo.get("reference", ""),
        messages=[_state(each) for each in found.messages],
        currency=found.currency,
        next=str(found.messages[-1].message.message_id) if found.goes_on else msgspec.UNSET,
    )


def _state(each: MessageStatus) -> MessageState:
    message = each.message
    return MessageState(
        id=str(message.message_id),
        to=message.recipient,
        country=message.country,
        status=message.state,
        segments=message.segments,
        price=from_micros(message.price_micros * message.segments),
        error=message.reason,
        accepted_at=as_iso(message.accepted_at),
        sent_at=as_iso(message.sent_at) if message.sent_at else None,
        ended_at=as_iso(message.ended_at) if message.ended_at else None,
    )


def refuse(_request: HttpRequest, _asked: Asked | None, refusal: Refusal) -> HttpReply:
    """Give the problem that fits a refusal."""
    problem = problem_of(refusal)
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers = ((b"WWW-Authenticate", b"Bearer"),)
    elif refusal.reason in (RefusalReason.THROTTLED, RefusalReason.TOO_MANY_TRIES):
        headers = ((b"Retry-After", str(_wait_s(refusal.value)).encode()),)
    return HttpReply(problem.status, PROBLEM, msgspec.json.encode(problem), headers)


def _wait_s(value: str) -> int:
    """Give whole seconds until there is room again, as admission says them in the refusal's value."""
    try:
        return max(1, min(ceil(float(value)), 3600))
    except (ValueError, OverflowError):
        return 1


def reference(ask: MessageAsk, made_of: Reference) -> str:
    """Know all messages of one request by one id: made of its key, or else the first one's number."""
    return ask.client_reference or str(made_of.submission_id)


def _json(status: int, document: object) -> HttpReply:
    return HttpReply(status, JSON, msgspec.json.encode(document))
