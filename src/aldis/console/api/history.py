"""`/v1/history` and `/v1/audit`: what became of the directory, and what was done by whom."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from aldis.accounts.history import Difference
from aldis.accounts.records import TABLES
from aldis.accounts.staff import Role
from aldis.admin.history import DescribedChange
from aldis.clock import iso_or_none
from aldis.console.api.documents import NEWEST_FIRST, answer, limit_of, made_of, number_of
from aldis.console.page import Calls, RequestContext


class ChangeDocument(msgspec.Struct, frozen=True):
    """One change of the directory; what is secret stands as ********."""

    id: int
    at: str | None
    actor: str
    via: str
    kind: str
    name: str
    #: the change that it took back
    undoes: int | None
    is_added: bool
    is_removed: bool
    differences: list[Difference]


class Changes(msgspec.Struct, frozen=True):
    """A page of changes, newest first."""

    changes: list[ChangeDocument]
    next: int | None


class Undone(msgspec.Struct, frozen=True):
    """What an undo did, a line a change."""

    lines: tuple[str, ...]


class AuditDocument(msgspec.Struct, frozen=True):
    """Something that somebody did."""

    id: int
    at: str | None
    actor: str
    via: str
    action: str
    subject: str
    detail: str


class Audit(msgspec.Struct, frozen=True):
    """A page of the audit log, newest first."""

    entries: list[AuditDocument]
    next: int | None


CALLS = Calls()
_ASKED = {"kind": "of what", "name": "of whom", **NEWEST_FIRST}
_AUDIT = {"subject": "what it was done to", **NEWEST_FIRST}
_SEEN = {"seen": "the newest change that was known of the record; a newer one is not taken back unseen"}


@CALLS.add("GET", "/v1/history", "Changes of the directory, newest first", gives=Changes, query=_ASKED)
async def _history(context: RequestContext) -> Response:
    limit, kind, name = limit_of(context), context.query("kind"), context.query("name")
    key = name or ("" if kind in TABLES else "*")
    found = await context.services.history.changes(kind, key, number_of(context, "before"), limit)
    following = found[-1].change.change_id if len(found) == limit else None
    return answer(Changes([_document(told) for told in found], following))


@CALLS.add("GET", "/v1/history/{change:number}", "Tell one change", gives=ChangeDocument)
async def _change(context: RequestContext) -> Response:
    return answer(_document(await context.services.history.change(context.number("change"))))


@CALLS.add(
    "POST",
    "/v1/history/{change:number}/undo",
    "Take a change back",
    Role.ADMIN,
    gives=Undone,
    status=0,
    query=_SEEN,
)
async def _undo(context: RequestContext) -> Response:
    change_id = context.number("change")
    seen = number_of(context, "seen", -1)
    based_on = None if seen < 0 else seen
    done = await context.services.history.undo(context.actor, change_id, context.now, based_on)
    return answer(Undone(done.lines))


@CALLS.add("GET", "/v1/audit", "What was done, newest first", Role.ADMIN, gives=Audit, query=_AUDIT)
async def _audit(context: RequestContext) -> Response:
    limit = limit_of(context)
    found = await context.services.audit.log(number_of(context, "before"), limit, context.query("subject"))
    entries = [made_of(AuditDocument, entry, id=number, at=iso_or_none(entry.at)) for number, entry in found]
    return answer(Audit(entries, found[-1][0] if len(found) == limit else None))


def _document(told: DescribedChange) -> ChangeDocument:
    change = told.change
    return made_of(
        ChangeDocument,
        change,
        id=change.change_id,
        at=iso_or_none(change.at),
        name=change.key,
        undoes=change.undoes or None,
        is_added=change.before is None,
        is_removed=change.after is None,
        differences=told.differences,
    )
