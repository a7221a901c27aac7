"""Reads what customers ask of Aldis's own API."""

from __future__ import annotations

import msgspec

from aldis.dialects import parameters
from aldis.dialects.contract import Asked
from aldis.dialects.exchange import HttpRequest
from aldis.dialects.sending import (
    OF_CUSTOMER,
    Send,
    ask_of,
    fault_of,
    fingerprint_of,
    read_json,
    reference_of,
)
from aldis.traffic.caller import Caller, Presented
from aldis.traffic.query import BalanceQuery, Cancellation, StatusQuery
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import Submission

MESSAGES, ESTIMATE, BALANCE = "/v1/messages", "/v1/estimate", "/v1/balance"
PATHS = {
    MESSAGES: frozenset({"POST"}),
    f"{MESSAGES}/*": frozenset({"GET", "DELETE"}),
    ESTIMATE: frozenset({"POST"}),
    BALANCE: frozenset({"GET"}),
}

#: messages in one answer about a submission
MOST_A_PAGE = 1_000

_SEND = msgspec.json.Decoder(Send)


def read(request: HttpRequest) -> Asked | Refusal:
    """Turn a request into what it asks."""
    scheme, _, key = request.header(b"authorization").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        return Refusal(RefusalReason.CREDENTIALS_MISSING)
    caller = Caller(Presented("aldis", key.strip()), request.peer, request.nonce)
    if request.path == BALANCE:
        return BalanceQuery(caller=caller)
    if request.path not in (MESSAGES, ESTIMATE):
        reference = request.path.rpartition("/")[2]
        if request.method == "DELETE":
            return Cancellation(caller=caller, reference=reference)
        return _status(request, caller, reference)
    return _submission(request, caller)


def _status(request: HttpRequest, caller: Caller, reference: str) -> StatusQuery:
    """Read which page of a submission's messages: those behind an id, and how many."""
    after = most = 0
    fault = None
    try:
        query = parameters.form(request.query)
        after, most = _whole(query.get("after", "0")), _whole(query.get("limit", str(MOST_A_PAGE)))
    except (parameters.Unreadable, ValueError):
        pass
    if not 1 <= most <= MOST_A_PAGE:
        text = f"after: the id of a message; limit: 1 to {MOST_A_PAGE}"
        fault = Refusal(RefusalReason.PARAMETER_INVALID, "limit", text)
    return StatusQuery(caller=caller, fault=fault, reference=reference, after=after, most=most)


def _whole(text: str) -> int:
    """Read a number of at most 16 digits. Raises ValueError."""
    if not text.isascii() or not text.isdigit() or len(text) > len(str(2**53)):
        raise ValueError(text)
    return int(text)


def _submission(request: HttpRequest, caller: Caller) -> Submission:
    dry_run = request.path == ESTIMATE
    reference = None if dry_run else reference_of(request.header(b"idempotency-key"), OF_CUSTOMER)
    if isinstance(reference, Refusal):
        return Submission(caller, (), fault=reference)
    send = read_json(request.body, _SEND)
    if isinstance(send, Refusal):
        return Submission(caller, (), fault=send)
    fault = fault_of(send)
    if fault is not None:
        return Submission(caller, (), fault=fault)
    ask = ask_of(send, reference, fingerprint_of(request.body) if reference else "")
    return Submission(caller, (ask,), dry_run=dry_run)
