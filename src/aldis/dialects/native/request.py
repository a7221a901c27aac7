"""Reads what customers ask of Aldis's own API."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from aldis.dialects.contract import Asked
from aldis.dialects.exchange import HttpRequest
from aldis.dialects.native.sending import KEY, OF_CUSTOMER, Send, ask_of, fault_of, fingerprint_of
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
#: of what a reader of JSON says, which may quote the request
MAX_TOLD = 200

Body = TypeVar("Body")

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
        return StatusQuery(caller=caller, reference=reference)
    return _submission(request, caller)


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


def reference_of(header: str, prefix: str) -> str | Refusal | None:
    """Make a message's reference of a key of idempotency; None where there is no key."""
    if not header:
        return None
    found = KEY.fullmatch(header.strip())
    if found is None:
        text = "Idempotency-Key: 1 to 80 letters, digits and . _ ~ : @ + = -"
        return Refusal(RefusalReason.PARAMETER_INVALID, "Idempotency-Key", text)
    return prefix + found[1]


def read_json(octets: bytes, decoder: msgspec.json.Decoder[Body]) -> Body | Refusal:
    """Read a body; what is wrong with it becomes a Refusal."""
    try:
        return decoder.decode(octets)
    except msgspec.ValidationError as invalid:
        return Refusal(RefusalReason.PARAMETER_INVALID, value=str(invalid)[:MAX_TOLD])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Refusal(RefusalReason.MALFORMED, value="the body is not valid JSON")
