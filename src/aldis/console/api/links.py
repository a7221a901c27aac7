"""`/v1/links`: how each link stands, and orders to them."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.admin.links import LinkView
from aldis.admin.node_document import LinkOnNode, link_document_of
from aldis.clock import iso_or_none
from aldis.console.api.documents import answer
from aldis.console.page import Calls, RequestContext
from aldis.store.contract.link_states import Wanted
from aldis.telemetry import Noted
from aldis.traffic.anomalies import describe


class AnomalyDocument(msgspec.Struct, frozen=True):
    """Something that the carrier did otherwise than specifications and settings say, since the start."""

    kind: str
    #: which word it was about
    detail: str | None
    times: int
    says: str
    advice: str | None


class LinkDocument(msgspec.Struct, frozen=True):
    """One link."""

    name: str
    wanted: Wanted
    ordered_by: str | None
    ordered_at: str | None
    #: it has left, as ordered
    is_closed: bool
    binds: tuple[str, ...]
    in_flight: int
    window: int
    segments_per_s: float
    #: its limit
    tps: float | None
    #: the carrier throttles
    slowed_to: float | None
    #: the last answer by which it did, and when
    throttled_by: str | None
    throttled_at: str | None
    #: when an answer was last awaited for longer than `response_s`, and whether answers come late just now
    late_at: str | None
    is_late: bool
    last_error: str | None
    last_error_at: str | None
    #: messages that wait for it
    backlog: int
    #: false of one that the settings lack while messages wait for it
    is_known: bool
    anomalies: list[AnomalyDocument]
    #: how it stands on the other gateways of the database that are alive
    elsewhere: list[LinkOnNode]


class LinkList(msgspec.Struct, frozen=True):
    """All links in the order of the settings."""

    links: list[LinkDocument]


CALLS = Calls()


@CALLS.add("GET", "/v1/links", "Tell how the links stand", gives=LinkList)
async def _links(context: RequestContext) -> Response:
    return answer(LinkList([_document(view) for view in await context.services.links.links()]))


@CALLS.add(
    "POST", "/v1/links/{name}/{order}", "Stop, start or drain a link", Role.OPERATOR, gives=LinkDocument
)
async def _order(context: RequestContext) -> Response:
    name, order = context.part("name"), context.part("order")
    await context.services.links.order(context.actor, name, order, context.now)
    (view,) = (view for view in await context.services.links.links() if view.name == name)
    return answer(_document(view), 202)


def _document(view: LinkView) -> LinkDocument:
    condition = view.condition
    return LinkDocument(
        name=view.name,
        wanted=view.wanted,
        ordered_by=view.actor or None,
        ordered_at=iso_or_none(view.at),
        is_closed=view.is_closed,
        binds=condition.binds if condition else (),
        in_flight=condition.in_flight if condition else 0,
        window=condition.window if condition else 0,
        segments_per_s=round(condition.per_s, 1) if condition else 0.0,
        tps=view.tps,
        slowed_to=condition.slowed_to if condition else None,
        throttled_by=(condition.throttled_by or None) if condition else None,
        throttled_at=iso_or_none(condition.throttled_at) if condition else None,
        late_at=iso_or_none(condition.late_at) if condition else None,
        is_late=condition is not None and condition.is_late,
        last_error=(condition.last_error or None) if condition else None,
        last_error_at=iso_or_none(condition.last_error_at) if condition else None,
        backlog=view.backlog,
        is_known=view.is_known,
        anomalies=[_anomaly(noted) for noted in condition.anomalies] if condition else [],
        elsewhere=[link_document_of(node, view.name, each) for node, each in view.elsewhere.items()],
    )


def _anomaly(noted: Noted) -> AnomalyDocument:
    says, advice = describe(noted.kind, noted.detail)
    return AnomalyDocument(noted.kind, noted.detail or None, noted.times, says, advice or None)
