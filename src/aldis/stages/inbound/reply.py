"""Writes the answers to STOP, START and HELP: messages of the account's like any other, but exempt from
opt-outs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aldis.accounts.account import Account
from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.numbering import Numbering, read_number
from aldis.accounts.routes import RoutesByContent, choose_link, choose_route
from aldis.sms.fitting import TextRules, fit
from aldis.sms.segments import TooLong
from aldis.traffic.message import NewMessage
from aldis.traffic.postback import Notify
from aldis.traffic.submission import Priority

#: an answer that comes a day later only confuses
VALIDITY_MS = 86_400_000


class Replier:
    """Routes and prices answers."""

    def __init__(
        self,
        current: CurrentDirectory,
        rules: Mapping[str, TextRules],
        is_up: Callable[[str], bool],
        routes: RoutesByContent,
    ) -> None:
        """`rules`: what each link for texts can carry."""
        self._current = current
        self._rules = rules
        self._is_up = is_up
        self._routes = routes

    def write(
        self, account: Account, sender: str, msisdn: str, text: str, message_id: int, now: int
    ) -> NewMessage | None:
        """Write an answer; None where it cannot be sent: no route, no price, too long."""
        directory = self._current.directory
        recipient = read_number(msisdn, Numbering.INTERNATIONAL, "")
        if recipient is None:
            return None
        carrier = directory.carrier_of(recipient.msisdn)
        routes = self._routes.for_texts(directory.routes)
        route = choose_route(routes, carrier, sender, recipient.country)
        price = directory.price_micros(carrier, recipient.country)
        link = "" if route is None else choose_link(route, self._is_up)
        if link not in self._rules or price is None:
            return None
        try:
            fitted = fit(text, self._rules[link])
        except TooLong:
            return None
        return NewMessage(
            message_id=message_id,
            submission_id=message_id,
            account_id=account.account_id,
            dialect="",
            reference=f"reply {message_id}",
            duplicate_scope="",
            link=link,
            priority=Priority.INTERACTIVE,
            sender=sender,
            recipient=recipient.msisdn,
            country=recipient.country,
            coding=fitted.coding,
            octets=fitted.encoded.octets,
            segments=fitted.segments,
            price_micros=price,
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
