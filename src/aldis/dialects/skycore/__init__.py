"""Skycore's sendSMS(), subscribe() and unsubscribe(). Source: seed 002; docs/dialects/skycore.md."""

from __future__ import annotations

import hashlib

from aldis.accounts.directory_file import DialectTraits
from aldis.accounts.numbering import Numbering
from aldis.dialects.contract import HOW_IT_GOES, WHO_ASKS, Check, Dialect, Policy, RetrySchedule
from aldis.dialects.http_face import HttpFace
from aldis.dialects.skycore import postback, reply, submission

METHODS = frozenset({"GET", "POST"})
PATHS = dict.fromkeys(("/API/wxml/1.3/index.php", "/API/wxml/1.3/", "/API/wxml/1.3"), METHODS)


def _is_200(status: int) -> bool:
    return status == 200  # noqa: PLR2004 - only this one counts, says appendix D


#: ten seconds to connect, then every five minutes, five times
SCHEDULE = RetrySchedule(
    waits_s=(300,) * 5, connect_s=10, total_s=15, taken=_is_200, bundles=postback.BUNDLES
)


def _sent_password(password: str) -> str:
    """Give what PASS holds: the MD5 of the password, in hex."""
    return hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()


#: action (E101) and key (E102) are looked at on reading; then E104, rights, E201, E712, E111, E110, E628,
#: E714
POLICY = Policy(
    name="skycore",
    checks=(
        *WHO_ASKS,
        Check.READABLE,
        Check.THROTTLE,
        Check.RECIPIENTS_PRESENT,
        Check.TEXT,
        Check.SENDER,
        Check.RECIPIENTS,
        Check.CARRIER,
        Check.CAMPAIGN,
        *HOW_IT_GOES,
    ),
    numbering=Numbering.INTERNATIONAL,
    reference=reply.reference,
    notify=postback.notify,
    schedule=SCHEDULE,
    postback=postback.write,
    inbound=postback.write_inbound,
    traits=DialectTraits(styles=postback.STYLES, sent_password=_sent_password, has_logins=True),
)

DIALECT = Dialect(POLICY, HttpFace(PATHS, submission.read, reply.accept, reply.refuse, reply.answer))
