"""Which link takes a multimedia message: by what it carries, how much of it, and whether it is up."""

from __future__ import annotations

from typing import Any

import pytest

from aldis.accounts.directory import assemble
from aldis.accounts.numbering import Recipient
from aldis.accounts.price import MMS, Price
from aldis.accounts.routes import Route
from aldis.accounts.routing import MmsRules, Router
from aldis.clock import SystemClock
from aldis.dialects.registry import POLICIES
from aldis.sms.fitting import PLAIN
from aldis.stages.admission.content import judge, route
from aldis.stages.admission.context import AdmissionContext, ContentLimits, ResolvedRequest
from aldis.stages.rates import AccountRates
from aldis.traffic.caller import Caller, Presented
from aldis.traffic.content import Attachment
from aldis.traffic.refusal import RefusalReason
from aldis.traffic.submission import MessageAsk, Submission
from tests.mms.samples import PNG

ROUTES = [Route("sms"), Route("small", backups=("large", "sms"))]
MMS_LINKS = {"small": MmsRules(100), "large": MmsRules(1_000)}
PICTURE = "image/png"


def a_context(size: int, content_type: str = PICTURE, **changes: Any) -> AdmissionContext:
    """One message with one attachment of a size, to one number."""
    ask = MessageAsk(
        recipients=("447700900001",), text="", attachments=(Attachment(content_type, bytes(size)),)
    )
    found = ResolvedRequest(ask, [Recipient("447700900001", "GB")], "74700")
    submission = Submission(Caller(Presented("genesys", "x")), (ask,))
    is_up = changes.get("is_up", lambda _: True)
    router = Router({"sms": PLAIN}, is_up, changes.get("mms", MMS_LINKS))
    prices = changes.get("prices", [Price(1), Price(20, content=MMS)])
    directory = assemble(1, [], [], [], changes.get("routes", ROUTES), prices)
    limits = ContentLimits(10_000, changes.get("look"))
    policy = POLICIES["genesys"]
    return AdmissionContext(
        policy,
        directory,
        submission,
        router,
        AccountRates(SystemClock()),
        [found],
        limits,
        has_content=True,
        count=1,
    )


@pytest.mark.parametrize(
    ("size", "up", "link", "backups"),
    [
        (100, {"small", "large"}, "small", ("large",)),
        (100, {"large"}, "large", ("small",)),
        (100, set(), "small", ("large",)),
        (101, {"small", "large"}, "large", ()),
        (101, {"small"}, "large", ()),
    ],
)
def test_a_link_that_takes_it_and_is_up(size: int, up: set[str], link: str, backups: tuple[str, ...]) -> None:
    context = a_context(size, is_up=up.__contains__)
    assert route(context, context.requests[0]) is None
    (routed,) = context.requests[0].routes
    assert (routed.link, routed.backups, routed.price, routed.fitted.segments) == (link, backups, 20, 1)


def reason_of(context: AdmissionContext) -> RefusalReason | None:
    refusal = route(context, context.requests[0])
    return refusal.reason if refusal else None


def test_what_no_link_takes_is_refused() -> None:
    assert reason_of(a_context(1_001)) is RefusalReason.CONTENT_TOO_LARGE
    assert reason_of(a_context(1, routes=[Route("sms")])) is RefusalReason.NO_MMS_ROUTE
    assert reason_of(a_context(1, prices=[Price(1)])) is RefusalReason.NO_MMS_ROUTE


def test_a_link_that_shrinks_pictures_takes_them_but_no_multipart() -> None:
    shrinking = {"small": MmsRules(100, shrinks=True)}
    assert reason_of(a_context(5_000, mms=shrinking)) is None
    multipart = "multipart/related; boundary=x"
    assert reason_of(a_context(5_000, multipart, mms=shrinking)) is RefusalReason.CONTENT_TOO_LARGE
    assert reason_of(a_context(50, multipart, mms=shrinking)) is None


def test_pictures_are_looked_into_where_that_is_wanted() -> None:
    def look(_media_type: str, octets: bytes) -> str:
        return "" if octets == PNG else "is damaged"

    context = a_context(0, look=look)
    for octets, reason in ((PNG, None), (PNG + b"x", RefusalReason.CONTENT_INVALID)):
        ask = MessageAsk(recipients=("1",), text="", attachments=(Attachment(PICTURE, octets),))
        context.requests = [ResolvedRequest(ask)]
        refusal = judge(context)
        assert (refusal.reason if refusal else None) is reason
