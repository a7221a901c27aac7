"""The Genesys SMS Aggregation HTTP API. Source: seed 003; docs/dialects/genesys.md."""

from __future__ import annotations

from aldis.accounts.directory_file import DialectTraits
from aldis.accounts.numbering import Numbering
from aldis.dialects.contract import HOW_IT_GOES, WHO_ASKS, Check, Dialect, Policy, RetrySchedule, is_2xx
from aldis.dialects.genesys import postback, reply, submission
from aldis.dialects.http_face import HttpFace

METHODS = frozenset({"GET", "POST"})
PATHS = {"/httpapi/receiver": METHODS, "/httpapi/receiver/": METHODS}

#: any 2XX; otherwise every 10 minutes until 25 retries have failed
SCHEDULE = RetrySchedule(waits_s=(600,) * 25, connect_s=10, total_s=15, taken=is_2xx)

#: 1 → 2 → 6 → 4/5 → 3 → 8, then 7 in the store; whether message_id may be missing only the account tells
POLICY = Policy(
    name="genesys",
    checks=(
        Check.READABLE,
        Check.RECIPIENTS_PRESENT,
        Check.TEXT,
        Check.RECIPIENTS,
        *WHO_ASKS,
        Check.REFERENCE,
        Check.THROTTLE,
        Check.SENDER,
        Check.CARRIER,
        Check.CONTENT,
        *HOW_IT_GOES,
    ),
    numbering=Numbering.INTERNATIONAL,
    reference=reply.reference,
    notify=postback.notify,
    schedule=SCHEDULE,
    postback=postback.write,
    inbound=postback.write_inbound,
    refuses_duplicates=True,
    tells_attachments=True,
    hides_networks=True,
    traits=DialectTraits(has_keys=False, has_logins=True),
)

DIALECT = Dialect(POLICY, HttpFace(PATHS, submission.read, reply.accept, reply.refuse))
