"""Writes the answers to STOP, START and HELP: messages of the account's like any other, but exempt from
opt-outs.
"""

from __future__ import annotations

from aldis.accounts.account import Account
from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.numbering import Numbering, read_number
from aldis.accounts.routing import Router, Unroutable
from aldis.sms.fitting import fit
from aldis.sms.segments import TooLong
from aldis.traffic.message import NewMessage
from aldis.traffic.postback import Notify
from aldis.traffic.submission import Priority

#: an answer that comes a day later only confuses
VALIDITY_MS = 86_400_000


class Replier:
    """Routes and prices answers."""

    def __init__(self, current: CurrentDirectory, router: Router) -> None:
        self._current = current
        self._router = router

    def write(
        self, account: Account, sender: str, msisdn: str, text: str, message_id: int, now: int
    ) -> NewMessage | None:
        """Write an answer; None where it cannot be sent: no route, no price, too long."""
        directory = self._current.directory
        recipient = read_number(msisdn, Numbering.INTERNATIONAL, "", directory.number_ranges)
        if recipient is None:
            return None
        planned = self._router.plan(directory, sender, recipient)
        if isinstance(planned, Unroutable):
            return None
        try:
            fitted = fit(text, self._router.rules[planned.link])
        except TooLong:
            return None
        return NewMessage(
            message_id=message_id,
            submission_id=message_id,
            account_id=account.account_id,
            dialect="",
            reference=f"reply {message_id}",
            duplicate_scope="",
            link=planned.link,
            priority=Priority.INTERACTIVE,
            sender=sender,
            recipient=recipient.msisdn,
            country=recipient.country,
            coding=fitted.coding,
            octets=fitted.encoded.octets,
            segments=fitted.segments,
            price_micros=planned.price,
            notify=Notify.NOTHING,
            lane="",
            callback_url="",
            echo=b"{}",
            accepted_at=now,
            due_at=now,
            expires_at=now + VALIDITY_MS,
            review_at=now + VALIDITY_MS,
            exempt=True,
        )
