"""What happens now: links, what waits, how much goes in and out; live, with charts of hour and day."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

import msgspec
from starlette.responses import Response

from aldis.admin.metrics_snapshot import Sample
from aldis.console.admin_services import AdminServices
from aldis.console.page import Page, RequestContext, render
from aldis.console.streaming import EventStream, event
from aldis.traffic.submission import Priority

#: how long to wait for a sample before looking whether the viewer is still there
PATIENCE_S = 5.0


class _History(msgspec.Struct):
    """Samples by column, as charts want them."""

    fields: tuple[str, ...]
    columns: list[list[float]]


async def _now(context: RequestContext) -> Response:
    sampler = context.services.sampler
    return render(
        context,
        "now.html",
        now=sampler.now,
        sample=sampler.now.sample,
        names={p.value: p.name for p in Priority},
    )


async def _live(context: RequestContext) -> Response:
    return EventStream(context, _samples(context.services))


async def _samples(services: AdminServices) -> AsyncGenerator[str, None]:
    while True:
        yield event("now", services.sampler.now_as_json())
        with suppress(TimeoutError):
            await asyncio.wait_for(services.sampler.news(), PATIENCE_S)


async def _history(context: RequestContext) -> Response:
    sampler = context.services.sampler
    samples = sampler.day() if context.query("span") == "day" else sampler.hour()
    fields = Sample.__struct_fields__
    columns = [[getattr(sample, field) for sample in samples] for field in fields]
    return Response(msgspec.json.encode(_History(fields, columns)), media_type="application/json")


PAGES = (Page("/", _now), Page("/live", _live), Page("/live/history", _history))
