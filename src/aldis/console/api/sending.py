"""Sending for an account: the native dialect's calls, with the account beside them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.console.api.documents import answer, body_of, key_of
from aldis.console.page import Calls, RequestContext
from aldis.dialects.accepted import Accepted, Estimate
from aldis.dialects.sending import Send, fingerprint_of

EXAMPLE = {"account": "demo", "to": "4512345678", "text": "Your order is on its way"}
KEY = {"Idempotency-Key": "1 to 80 characters; a repetition gets the first answer again"}


class SendFor(Send, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One text for one or more numbers, for an account."""

    account: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


CALLS = Calls()


@CALLS.add(
    "POST",
    "/v1/messages",
    "Send for an account",
    Role.OPERATOR,
    takes=SendFor,
    gives=Accepted,
    status=202,
    headers=KEY,
    example=EXAMPLE,
)
async def _send(context: RequestContext) -> Response:
    key = key_of(context)
    send = await body_of(context, SendFor)
    fingerprint = fingerprint_of(await context.request.body()) if key else ""
    sent = await context.services.sending.send(context.actor, send.account, send, key, fingerprint)
    return answer(sent.accepted, 202, {"idempotency-replayed": "true"} if sent.is_repetition else None)


@CALLS.add(
    "POST",
    "/v1/estimate",
    "Tell what a message would be and cost",
    Role.OPERATOR,
    takes=SendFor,
    gives=Estimate,
    example=EXAMPLE,
)
async def _estimate(context: RequestContext) -> Response:
    send = await body_of(context, SendFor)
    return answer(await context.services.sending.estimate(send.account, send))
