"""`/v1/operators` and `/v1/keys`: who may sign in, and keys of this API."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.admin.operators import MAX_DAYS, session_id_of
from aldis.clock import iso_or_none
from aldis.console.api.documents import UPWARDS, Done, answer, body_of, page_of
from aldis.console.page import Calls, RequestContext
from aldis.errors import AdminError

ROLES = {role.name.lower(): role for role in Role}


class OperatorDocument(msgspec.Struct, frozen=True):
    """Somebody who signs in."""

    name: str
    role: str
    created_at: str | None


class OperatorList(msgspec.Struct, frozen=True):
    """A page of operators."""

    operators: list[OperatorDocument]
    next: str | None


class OperatorBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody as they are to be; without a password only the role changes."""

    role: str
    password: str = ""


class KeyDocument(msgspec.Struct, frozen=True):
    """A key, of which only the beginning is shown."""

    name: str
    visible: str
    role: str
    created_at: str | None
    #: none: for good
    until: str | None
    #: the admin with whom it ends; "": it ends with nobody
    made_by: str


class Keys(msgspec.Struct, frozen=True):
    """A page of keys."""

    keys: list[KeyDocument]
    next: str | None


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key to be made; without days it is valid for good."""

    name: str
    role: str
    days: Annotated[int, msgspec.Meta(ge=1, le=MAX_DAYS)] | None = None


class ToldKey(msgspec.Struct, frozen=True):
    """A key, this once."""

    name: str
    key: str


class SessionDocument(msgspec.Struct, frozen=True):
    """A signed-in browser."""

    id: str
    operator: str
    #: where it was started from
    address: str
    started_at: str | None
    expires_at: str | None


class Sessions(msgspec.Struct, frozen=True):
    """A page of sessions."""

    sessions: list[SessionDocument]
    next: str | None


CALLS = Calls()


@CALLS.add("GET", "/v1/operators", "Who may sign in", Role.ADMIN, gives=OperatorList, query=UPWARDS)
async def _operators(context: RequestContext) -> Response:
    found, following = page_of(context, await context.services.operators.all(), lambda each: each.name)
    documents = [OperatorDocument(o.name, o.role.name.lower(), iso_or_none(o.created_at)) for o in found]
    return answer(OperatorList(documents, following))


@CALLS.add("PUT", "/v1/operators/{name}", "Add or change somebody", Role.ADMIN, takes=OperatorBody, status=0)
async def _put_operator(context: RequestContext) -> Response:
    wanted, name, now = await body_of(context, OperatorBody), context.part("name"), context.now
    people, role = context.services.people, _role(wanted.role)
    if wanted.password:
        await people.put_operator(context.actor, name, role, wanted.password, now)
    else:
        await people.change_role(context.actor, name, role, now)
    return answer(Done())


@CALLS.add("DELETE", "/v1/operators/{name}", "Let somebody in no more", Role.ADMIN, status=0)
async def _remove_operator(context: RequestContext) -> Response:
    await context.services.people.remove_operator(context.actor, context.part("name"), context.now)
    return answer(Done())


@CALLS.add("GET", "/v1/keys", "Keys of this API", Role.ADMIN, gives=Keys, query=UPWARDS)
async def _keys(context: RequestContext) -> Response:
    found, following = page_of(context, await context.services.operators.tokens(), lambda each: each.name)
    documents = [
        KeyDocument(
            t.name, t.visible, t.role.name.lower(), iso_or_none(t.created_at), iso_or_none(t.until), t.made_by
        )
        for t in found
    ]
    return answer(Keys(documents, following))


@CALLS.add(
    "POST", "/v1/keys", "Make a key; it is told once", Role.ADMIN, takes=NewKey, gives=ToldKey, status=201
)
async def _make_key(context: RequestContext) -> Response:
    wanted, now = await body_of(context, NewKey), context.now
    role, days = _role(wanted.role), wanted.days or 0
    key = await context.services.people.make_token(context.actor, wanted.name, role, days, now)
    return answer(ToldKey(wanted.name, key), 201)


@CALLS.add("DELETE", "/v1/keys/{name}", "Take a key back", Role.ADMIN, status=0)
async def _remove_key(context: RequestContext) -> Response:
    await context.services.people.remove_token(context.actor, context.part("name"), context.now)
    return answer(Done())


@CALLS.add("GET", "/v1/sessions", "Who is signed in", Role.ADMIN, gives=Sessions, query=UPWARDS)
async def _sessions(context: RequestContext) -> Response:
    sessions = sorted(await context.services.people.sessions(context.now), key=lambda each: each.digest)
    found, following = page_of(context, sessions, session_id_of)
    documents = [
        SessionDocument(
            session_id_of(s), s.operator, s.address, iso_or_none(s.started_at), iso_or_none(s.expires_at)
        )
        for s in found
    ]
    return answer(Sessions(documents, following))


@CALLS.add("DELETE", "/v1/sessions/{session}", "Sign a browser out", Role.ADMIN, status=0)
async def _end_session(context: RequestContext) -> Response:
    await context.services.people.end_session(context.actor, context.part("session"), context.now)
    return answer(Done())


def _role(name: str) -> Role:
    if name not in ROLES:
        raise AdminError(f"there is no role `{name}`; known: {', '.join(ROLES)}")
    return ROLES[name]
