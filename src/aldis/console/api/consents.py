"""`/v1/consents/{msisdn}`: what a number agreed to, and changing it by hand."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.admin.consents import ConsentStanding, Wish, standings
from aldis.clock import iso_or_none
from aldis.console.api.documents import answer, body_of
from aldis.console.page import Calls, RequestContext
from aldis.traffic.consent import ConsentKind, ConsentSource


class ConsentDocument(msgspec.Struct, frozen=True):
    """One entry of the history."""

    at: str | None
    sender: str
    #: "" for everything
    topic: str
    kind: ConsentKind
    source: ConsentSource
    words: str


class ConsentHistory(msgspec.Struct, frozen=True):
    """How a number stands, and its history, newest first."""

    msisdn: str
    standings: list[ConsentStanding]
    history: list[ConsentDocument]


class ChangeConsent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change by hand."""

    sender: str
    kind: ConsentKind
    topic: str = ""
    why: str = ""


CALLS = Calls()


@CALLS.add("GET", "/v1/consents/{msisdn}", "Tell what a number has agreed to", gives=ConsentHistory)
async def _consents(context: RequestContext) -> Response:
    number = context.part("msisdn")
    found = await context.services.consents.history(number)
    history = [
        ConsentDocument(iso_or_none(c.at), c.sender, c.topic, c.kind, c.source, c.words) for c in found
    ]
    return answer(ConsentHistory(number.lstrip("+"), standings(found), history))


@CALLS.add(
    "POST", "/v1/consents/{msisdn}", "Write a consent down", Role.OPERATOR, takes=ChangeConsent, status=0
)
async def _change(context: RequestContext) -> Response:
    wanted = await body_of(context, ChangeConsent)
    wish = Wish(wanted.sender, wanted.topic, wanted.kind)
    number = context.part("msisdn")
    await context.services.consents.change(context.actor, wish, number, wanted.why, context.now)
    return await _consents(context)
