"""SUMOTEXT's API for mobile-terminated messages and carrier lookup. Source: seed 000;
docs/dialects/sumotext.md.
"""

from __future__ import annotations

from aldis.accounts.directory_file import DialectTraits
from aldis.accounts.numbering import Numbering
from aldis.dialects.contract import HOW_IT_GOES, WHO_ASKS, Check, Dialect, Policy, RetrySchedule, is_2xx
from aldis.dialects.http_face import HttpFace
from aldis.dialects.sumotext import legacy, postback, reply, submission

METHODS = frozenset({"GET", "POST"})
PATHS = {
    **{path + slash: METHODS for path in (submission.SEND, submission.LOOKUP) for slash in ("", "/")},
    **dict.fromkeys(legacy.PATHS, METHODS),
}

#: nothing is documented; ours: quick at first, then patient, a day in all
SCHEDULE = RetrySchedule(waits_s=(60, 120, 360, 1440, 7200, 43200), connect_s=10, total_s=15, taken=is_2xx)

#: key known (258), address (28), active (26), permission (128), carrier (9), opted in (27); the rest where it
#: harms least
POLICY = Policy(
    name="sumotext",
    checks=(
        *WHO_ASKS,
        Check.READABLE,
        Check.THROTTLE,
        Check.RECIPIENTS_PRESENT,
        Check.RECIPIENTS,
        Check.CARRIER,
        Check.SENDER,
        Check.KEYWORD,
        Check.TEXT,
        *HOW_IT_GOES,
    ),
    numbering=Numbering.LOCAL_FIRST,
    reference=reply.reference,
    notify=postback.notify,
    schedule=SCHEDULE,
    postback=postback.write,
    inbound=postback.write_inbound,
    carrier_required=True,
    opt_in_required=True,
    traits=DialectTraits(styles=postback.STYLES),
)

DIALECT = Dialect(POLICY, HttpFace(PATHS, submission.read, reply.accept, reply.refuse, reply.answer))
