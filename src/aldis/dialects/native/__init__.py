"""Aldis's own API for customers, under the name `aldis`: JSON, bearer keys, problems, idempotency keys,
Standard Webhooks. docs/dialects/native.md describes it.
"""

from __future__ import annotations

from aldis.accounts.numbering import Numbering
from aldis.dialects.contract import HOW_IT_GOES, WHO_ASKS, Check, Dialect, Policy, RetrySchedule, is_2xx
from aldis.dialects.http_face import HttpFace
from aldis.dialects.native import postback, reply, request

#: at once, then as Standard Webhooks recommends: 5 s, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours
SCHEDULE = RetrySchedule(
    waits_s=(5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400),
    connect_s=10,
    total_s=20,
    taken=is_2xx,
    ends=frozenset((410,)),  # the endpoint is gone for good, says "Event Delivery" there
)

POLICY = Policy(
    name="aldis",
    checks=(
        *WHO_ASKS,
        Check.READABLE,
        Check.THROTTLE,
        Check.RECIPIENTS_PRESENT,
        Check.RECIPIENTS,
        Check.TEXT,
        Check.SENDER,
        Check.CAMPAIGN,
        *HOW_IT_GOES,
    ),
    numbering=Numbering.INTERNATIONAL_FIRST,
    reference=reply.reference,
    notify=postback.notify,
    schedule=SCHEDULE,
    postback=postback.write,
    inbound=postback.write_inbound,
    sender_required=False,
    refuses_duplicates=True,
    shares_references=True,
    signs=True,
)

FACE = HttpFace(request.PATHS, request.read, reply.accept, reply.refuse, reply.answer, reply.replay)

DIALECT = Dialect(POLICY, FACE)
