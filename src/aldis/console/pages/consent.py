"""Consent: one number's history, changes by hand, whole files in and out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from aldis.accounts.staff import Role
from aldis.console.page import Page, Visit, render, see_other
from aldis.errors import OperatingError
from aldis.operating.consents import Wish, standings
from aldis.traffic.consent import ConsentKind

_KINDS = {"in": ConsentKind.OPT_IN, "out": ConsentKind.OPT_OUT}


async def _consent(visit: Visit) -> Response:
    return await _page(visit, visit.query("number").strip())


async def _page(visit: Visit, number: str, fault: OperatingError | None = None) -> Response:
    history = []
    if number:
        try:
            history = await visit.desk.consents.history(number)
        except OperatingError as unreadable:
            fault = fault or unreadable
    directory = visit.desk.current.directory
    return render(
        visit,
        "consent.html",
        status=200 if fault is None else fault.status,
        number=number,
        history=history,
        standings=standings(history),
        senders=sorted(directory.senders),
        topics=sorted(
            {
                t
                for owners in directory.senders.values()
                for s in owners.values()
                for t in (*s.keywords, *s.campaigns)
            }
        ),
        fault="" if fault is None else str(fault),
        done="Written down." if visit.query("done") else "",
        form=visit.form,
    )


async def _change(visit: Visit) -> Response:
    number = visit.form.get("number", "").strip()
    try:
        await visit.desk.consents.change(
            visit.actor, _wish(visit.form), number, visit.form.get("why", "").strip(), visit.desk.clock.now()
        )
    except OperatingError as fault:
        return await _page(visit, number, fault)
    return see_other("/consent?" + urlencode({"number": number, "done": 1}))


async def _import(visit: Visit) -> Response:
    lines = visit.form.get("file", "").splitlines()
    if not lines:
        return await _page(visit, "", OperatingError("choose a CSV file with numbers"))
    try:
        started = await visit.desk.consents.start_import(
            visit.actor, _wish(visit.form), lines, visit.desk.clock.now()
        )
    except OperatingError as fault:
        return await _page(visit, "", fault)
    return see_other(f"/consent/imports/{started.id}")


async def _progress(visit: Visit) -> Response:
    found = visit.desk.consents.progress(visit.request.path_params["import"])
    return render(visit, "consent_import.html", found=found)


async def _export(visit: Visit) -> Response:
    topic = visit.query("topic").strip()
    kind = ConsentKind.OPT_IN if topic else ConsentKind.OPT_OUT
    wish = Wish(visit.query("sender").strip(), topic, kind)

    async def lines() -> AsyncIterator[str]:
        """Write the file as it is read."""
        yield "msisdn\r\n"
        async for numbers in visit.desk.consents.numbers(wish):
            yield "".join(f"{number}\r\n" for number in numbers)

    headers = {"content-disposition": 'attachment; filename="consent.csv"'}
    return StreamingResponse(lines(), media_type="text/csv", headers=headers)


def _wish(form: dict[str, str]) -> Wish:
    kind = _KINDS.get(form.get("kind", ""))
    if kind is None:
        raise OperatingError("say whether they opt in or out")
    return Wish(form.get("sender", "").strip(), form.get("topic", "").strip(), kind)


PAGES = (
    Page("/consent", _consent),
    Page("/consent", _change, Role.OPERATOR, ("POST",)),
    Page("/consent/import", _import, Role.OPERATOR, ("POST",), uploads=True),
    Page("/consent/imports/{import}", _progress),
    Page("/consent/export", _export, Role.OPERATOR),
)
