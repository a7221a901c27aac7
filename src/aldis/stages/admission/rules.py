"""The questions of admission that need no store, each a pure function of one case; a dialect's policy sets
their order.

A check returns the Refusal that it finds, or None after noting in the case what it found out (the account,
the country …).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from aldis.accounts.account import may_connect_from, source_address
from aldis.accounts.numbering import read_number
from aldis.accounts.routing import Unroutable
from aldis.accounts.senders import Sender
from aldis.dialects.contract import Check
from aldis.sms.address import is_digits, is_sender
from aldis.sms.fitting import PLAIN, Fitted, TextRules, fit, fit_octets
from aldis.sms.segments import TooLong
from aldis.stages.admission import content
from aldis.stages.admission.case import Case, Findings, Routed, Unit
from aldis.traffic.on_behalf import OnBehalf
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import MessageAsk
from aldis.traffic.template import Template

#: asks one thing of a case; returns the refusal that it finds
Question = Callable[[Case], Refusal | None]


#: with what is asked
Questions = tuple[tuple[Check, Question], ...]


class Plan(NamedTuple):
    """The questions of a policy, in its order: those before it is known who asks, and those after."""

    before_credentials: Questions
    after_credentials: Questions


def plan(checks: tuple[Check, ...]) -> Plan:
    """Put a policy's questions in order."""
    at = checks.index(Check.CREDENTIALS)
    return Plan(_of(checks[:at]), _of(checks[at + 1 :]))


def _of(checks: tuple[Check, ...]) -> Questions:
    return tuple((check, _CHECKS[check]) for check in checks)


def ask(questions: Questions, case: Case) -> Refusal | None:
    """Ask one after the other, up to the first refusal."""
    for _, question in questions:
        refusal = question(case)
        if refusal is not None:
            return refusal
    return None


def _address(case: Case) -> Refusal | None:
    if isinstance(case.submission.caller.presented, OnBehalf):
        return None  # the house itself comes from nowhere
    peer = case.submission.caller.peer
    allowed = may_connect_from(case.account, source_address(peer))
    return None if allowed else Refusal(RefusalReason.ADDRESS_NOT_ALLOWED, value=peer)


def _active(case: Case) -> Refusal | None:
    return None if case.account.active else Refusal(RefusalReason.ACCOUNT_INACTIVE, value=case.account.name)


def _may_send(case: Case) -> Refusal | None:
    return None if case.account.may_send else Refusal(RefusalReason.SENDING_NOT_PERMITTED)


def _readable(case: Case) -> Refusal | None:
    return case.submission.fault


def _reference(case: Case) -> Refusal | None:
    if case.account.reference_optional:
        return None
    for ask in case.submission.asks:
        if ask.client_reference is None:
            return Refusal(RefusalReason.PARAMETER_MISSING)
    return None


def _throttle(case: Case) -> Refusal | None:
    rate = case.account.rate_per_s
    if case.submission.dry_run:
        return None
    # a request that names nobody is asked to wait like any other
    if rate is None or case.throttle(case.account, Unit.MESSAGES, max(1, case.count)):
        return None
    return Refusal(RefusalReason.THROTTLED, value=f"{1 / rate:g}")


def _segment_rate(case: Case) -> Refusal | None:
    rate = case.account.segments_per_s
    if rate is None or case.submission.dry_run:
        return None
    segments = sum(routed.fitted.segments for found in case.findings for routed in found.routes)
    if case.throttle(case.account, Unit.SEGMENTS, segments):
        return None
    return Refusal(RefusalReason.THROTTLED, "segments", f"{1 / rate:g}")


def _recipients_present(case: Case) -> Refusal | None:
    for ask in case.submission.asks:
        if not ask.recipients or not all(ask.recipients):
            return Refusal(RefusalReason.RECIPIENT_MISSING)
    return None


def _recipients(case: Case) -> Refusal | None:
    home = case.credential.country if case.credential else ""
    for found in case.findings:
        found.recipients = []
        for number in found.ask.recipients:
            recipient = read_number(number, case.policy.numbering, home)
            if recipient is None:
                return Refusal(RefusalReason.RECIPIENT_INVALID, value=number)
            found.recipients.append(recipient)
        repeated = None
        if len(found.recipients) > 1:
            repeated = _first_repeated([recipient.msisdn for recipient in found.recipients])
        if repeated:
            return Refusal(RefusalReason.RECIPIENTS_REPEATED, value=repeated)
    return None


def _text(case: Case) -> Refusal | None:
    for ask in case.submission.asks:
        if not ask.has_content:
            return Refusal(RefusalReason.TEXT_MISSING)
    return None


def _sender(case: Case) -> Refusal | None:
    account = case.account
    for found in case.findings:
        sender = found.ask.sender
        if not case.policy.sender_required:
            sender = sender or account.default_sender
        if not is_sender(sender):
            return Refusal(RefusalReason.SENDER_INVALID, value=sender)
        owners = case.directory.senders.get(sender)
        if owners is None:
            if is_digits(sender) or case.policy.name not in account.alphanumeric_in:
                return Refusal(RefusalReason.SENDER_UNKNOWN, value=sender)
        elif account.name not in owners:
            return Refusal(RefusalReason.SENDER_NOT_YOURS, value=sender)
        found.sender = sender
    return None


def _keyword(case: Case) -> Refusal | None:
    for found in case.findings:
        found.keyword = _owned(case, found).keyword_meant_by(found.ask.keyword)
        if found.keyword is None:
            return Refusal(RefusalReason.KEYWORD_UNKNOWN, value=found.ask.keyword or "")
    return None


def _campaign(case: Case) -> Refusal | None:
    for found in case.findings:
        campaign = found.ask.campaign
        if campaign is None and not case.account.enforce_campaign:
            continue
        if campaign not in _owned(case, found).campaigns:
            return Refusal(RefusalReason.CAMPAIGN_UNKNOWN, value=campaign or "")
    return None


def _carrier(case: Case) -> Refusal | None:
    for found in case.findings:
        code = found.ask.carrier
        if code is None:
            if case.policy.carrier_required:
                return Refusal(RefusalReason.CARRIER_MISSING, value=found.ask.recipients[0])
            continue
        carrier = case.directory.carrier(case.policy.name, code)
        if carrier is None:
            return Refusal(RefusalReason.CARRIER_UNKNOWN, value=code)
        found.carrier = carrier
    return None


def _length(case: Case) -> Refusal | None:
    for found in case.findings:
        ask = found.ask
        if ask.attachments:  # its text is one of its parts
            continue
        if not ask.tags:
            found.texts = [ask.text]
            found.fitted = [_fit(case, ask, ask.text, PLAIN)]
        else:
            try:
                found.texts = _texts(ask)
            except TooLong:
                return Refusal(RefusalReason.TEXT_TOO_LONG)
            if "" in found.texts:
                return Refusal(RefusalReason.TEXT_MISSING)
            found.fitted = [_fit(case, ask, text, PLAIN) for text in found.texts]
        # a link of another kind may carry it in fewer segments: then `_route` judges
        if None in found.fitted and all(rules is PLAIN for rules in case.router.rules.values()):
            return Refusal(RefusalReason.TEXT_TOO_LONG)
    return None


def _texts(ask: MessageAsk) -> list[str]:
    """Give the texts of an ask with tags, one for each recipient. Raises TooLong."""
    template = Template(ask.text, ask.tags)
    return [template.filled(values) for values in ask.tag_values]


def _fit(case: Case, ask: MessageAsk, text: str, rules: TextRules) -> Fitted | None:
    """Write a message for a link; None if that takes more segments than the account may send."""
    wishes = ask.wishes
    if case.account.smart_encoding:
        wishes = msgspec.structs.replace(wishes, smart=True)
    try:
        if ask.data:
            return fit_octets(ask.data, wishes)
        fitted = fit(text, rules, wishes)
    except TooLong:
        return None
    return fitted if fitted.segments <= case.account.max_segments else None


def _route(case: Case) -> Refusal | None:
    for found in case.findings:
        refusal = content.route(case, found) if found.ask.attachments else _route_text(case, found)
        if refusal is not None:
            return refusal
    return None


def _route_text(case: Case, found: Findings) -> Refusal | None:
    directory, router, tags = case.directory, case.router, found.ask.tags
    is_later = found.ask.send_at > 0
    found.routes = []
    others: dict[tuple[str, int], Fitted | None] = {}
    for position, recipient in enumerate(found.recipients):
        planned = router.plan(directory, found.sender, recipient, found.carrier, None, is_later)
        if isinstance(planned, Unroutable):
            return Refusal(RefusalReason.NO_ROUTE, value=recipient.country)
        link, price, backups = planned
        rules = router.rules[link]
        which = position if tags else 0
        if rules is not PLAIN and (link, which) not in others:
            others[link, which] = _fit(case, found.ask, found.texts[which], rules)
        text = found.fitted[which] if rules is PLAIN else others[link, which]
        if text is None:
            return Refusal(RefusalReason.TEXT_TOO_LONG)
        found.routes.append(Routed(link, price, text, backups))
    return None


def _owned(case: Case, found: Findings) -> Sender:
    owners = case.directory.senders.get(found.sender, {})
    return owners.get(case.account.name) or Sender(found.sender)


def _first_repeated(numbers: list[str]) -> str | None:
    if len(set(numbers)) == len(numbers):
        return None
    seen: set[str] = set()
    return next(number for number in numbers if number in seen or seen.add(number))  # type: ignore[func-returns-value]


_CHECKS: dict[Check, Question] = {
    Check.ADDRESS: _address,
    Check.ACTIVE: _active,
    Check.MAY_SEND: _may_send,
    Check.READABLE: _readable,
    Check.REFERENCE: _reference,
    Check.THROTTLE: _throttle,
    Check.RECIPIENTS_PRESENT: _recipients_present,
    Check.RECIPIENTS: _recipients,
    Check.TEXT: _text,
    Check.SENDER: _sender,
    Check.KEYWORD: _keyword,
    Check.CAMPAIGN: _campaign,
    Check.CARRIER: _carrier,
    Check.CONTENT: content.judge,
    Check.LENGTH: _length,
    Check.ROUTE: _route,
    Check.SEGMENT_RATE: _segment_rate,
}
