"""Mavorion's API, which is GatewayAPI's under another name. Source: seed 001; docs/dialects/mavorion.md."""

from __future__ import annotations

from aldis.accounts.directory_file import DialectTraits
from aldis.accounts.numbering import Numbering
from aldis.dialects.contract import HOW_IT_GOES, WHO_ASKS, Check, Dialect, Policy, RetrySchedule, is_2xx
from aldis.dialects.http_face import HttpFace
from aldis.dialects.mavorion import postback, reply, report, request

#: one, two and six minutes, 24 minutes, two hours, twelve hours; fifteen seconds for each try
SCHEDULE = RetrySchedule(waits_s=(60, 120, 360, 1440, 7200, 43200), connect_s=10, total_s=15, taken=is_2xx)

POLICY = Policy(
    name="mavorion",
    checks=(
        *WHO_ASKS,
        Check.READABLE,
        Check.THROTTLE,
        Check.TEXT,
        Check.RECIPIENTS_PRESENT,
        Check.RECIPIENTS,
        Check.SENDER,
        *HOW_IT_GOES,
    ),
    numbering=Numbering.INTERNATIONAL_FIRST,
    reference=reply.reference,
    notify=postback.notify,
    schedule=SCHEDULE,
    postback=postback.write,
    inbound=postback.write_inbound,
    sender_required=False,
    signs=True,
    hides_text=report.hides_text,
    traits=DialectTraits(has_logins=True, has_signatures=True),
)

DIALECT = Dialect(POLICY, HttpFace(request.PATHS, request.read, reply.accept, reply.refuse, reply.answer))
