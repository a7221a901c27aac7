"""Consent: one number's history, changes by hand, whole files in and out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from aldis.accounts.number_plans import country_fault
from aldis.accounts.staff import Role
from aldis.admin.consents import Wish, standings
from aldis.console.page import Page, RequestContext, fault_values, render, see_other
from aldis.errors import AdminError
from aldis.traffic.consent import ConsentKind

_KINDS = {"in": ConsentKind.OPT_IN, "out": ConsentKind.OPT_OUT}


async def _consent(context: RequestContext) -> Response:
    return await _page(context, context.query("number").strip())


async def _page(context: RequestContext, number: str, fault: AdminError | None = None) -> Response:
    history = []
    if number:
        try:
            history = await context.services.consents.history(number)
        except AdminError as unreadable:
            fault = fault or unreadable
    directory = context.services.current.directory
    return render(
        context,
        "consent.html",
        **fault_values(fault),
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
        done="Written down." if context.query("done") else "",
        form=context.form,
    )


async def _change(context: RequestContext) -> Response:
    number = context.form.get("number", "").strip()
    try:
        await context.services.consents.change(
            context.actor,
            _wish(context.form),
            number,
            context.form.get("why", "").strip(),
            context.now,
        )
    except AdminError as fault:
        return await _page(context, number, fault)
    return see_other("/consent?" + urlencode({"number": number, "done": 1}))


async def _import(context: RequestContext) -> Response:
    lines = context.form.get("file", "").splitlines()
    if not lines:
        return await _page(context, "", AdminError("choose a CSV file with numbers"))
    try:
        started = await context.services.consents.start_import(
            context.actor, _wish(context.form), lines, context.now, _country(context.form)
        )
    except AdminError as fault:
        return await _page(context, "", fault)
    return see_other(f"/consent/imports/{started.id}")


async def _progress(context: RequestContext) -> Response:
    found = await context.services.consents.progress(context.part("import"))
    return render(context, "consent_import.html", found=found)


async def _export(context: RequestContext) -> Response:
    topic = context.query("topic").strip()
    kind = ConsentKind.OPT_IN if topic else ConsentKind.OPT_OUT
    wish = Wish(context.query("sender").strip(), topic, kind)

    async def lines() -> AsyncIterator[str]:
        """Write the file as it is read."""
        yield "msisdn\r\n"
        async for numbers in context.services.consents.numbers(wish):
            yield "".join(f"{number}\r\n" for number in numbers)

    headers = {"content-disposition": 'attachment; filename="consent.csv"'}
    return StreamingResponse(lines(), media_type="text/csv", headers=headers)


def _country(form: dict[str, str]) -> str:
    country = form.get("country", "").strip().upper()
    if fault := country_fault(country):
        raise AdminError(fault)
    return country


def _wish(form: dict[str, str]) -> Wish:
    kind = _KINDS.get(form.get("kind", ""))
    if kind is None:
        raise AdminError("say whether they opt in or out")
    return Wish(form.get("sender", "").strip(), form.get("topic", "").strip(), kind)


PAGES = (
    Page("/consent", _consent),
    Page("/consent", _change, Role.OPERATOR, ("POST",)),
    Page("/consent/import", _import, Role.OPERATOR, ("POST",), uploads=True),
    Page("/consent/imports/{import}", _progress),
    Page("/consent/export", _export, Role.OPERATOR),
)
