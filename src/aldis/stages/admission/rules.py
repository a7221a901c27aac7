"""The questions of admission that need no store, each a pure function of its context; a dialect's policy sets
their order.

A check returns the Refusal that it finds, or None after noting in the context what it found out (the account,
the country …).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from aldis.accounts.account import may_connect_from
from aldis.accounts.numbering import read_number
from aldis.accounts.routing import Unroutable
from aldis.accounts.senders import Sender
from aldis.addresses import source_address
from aldis.dialects.contract import Check
from aldis.sms.address import is_digits, is_sender
from aldis.sms.fitting import (
    MOST_UNCOMPOSED,
    PLAIN,
    ChosenEncoding,
    TextRules,
    fit,
    fit_octets,
)
from aldis.sms.segments import TooLong
from aldis.sms.subscribers import canonical
from aldis.stages.admission import content
from aldis.stages.admission.context import AdmissionContext, Lacking, ResolvedRequest, Routed
from aldis.stages.rates import Unit
from aldis.traffic.on_behalf import OnBehalf
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import MessageAsk
from aldis.traffic.template import Template

#: asks one thing of a submission; returns the refusal that it finds
Question = Callable[[AdmissionContext], Refusal | None]


#: with what is asked
Questions = tuple[tuple[Check, Question], ...]


class CheckOrder(NamedTuple):
    """The questions of a policy, in its order: those before it is known who asks, and those after."""

    before_credentials: Questions
    after_credentials: Questions


def order_of(checks: tuple[Check, ...]) -> CheckOrder:
    """Put a policy's questions in order."""
    at = checks.index(Check.CREDENTIALS)
    return CheckOrder(_of(checks[:at]), _of(checks[at + 1 :]))


def _of(checks: tuple[Check, ...]) -> Questions:
    return tuple((check, _CHECKS[check]) for check in checks)


def ask(questions: Questions, context: AdmissionContext) -> Refusal | None:
    """Ask one after the other, up to the first refusal."""
    for _, question in questions:
        refusal = question(context)
        if refusal is not None:
            return refusal
    return None


def _address(context: AdmissionContext) -> Refusal | None:
    if isinstance(context.submission.caller.presented, OnBehalf):
        return None  # the house itself comes from nowhere
    peer = context.submission.caller.peer
    allowed = may_connect_from(context.account, source_address(peer))
    return None if allowed else Refusal(RefusalReason.ADDRESS_NOT_ALLOWED, value=peer)


def _active(context: AdmissionContext) -> Refusal | None:
    return (
        None
        if context.account.active
        else Refusal(RefusalReason.ACCOUNT_INACTIVE, value=context.account.name)
    )


def _may_send(context: AdmissionContext) -> Refusal | None:
    return None if context.account.may_send else Refusal(RefusalReason.SENDING_NOT_PERMITTED)


def _readable(context: AdmissionContext) -> Refusal | None:
    return context.submission.fault


def _reference(context: AdmissionContext) -> Refusal | None:
    if context.account.reference_optional:
        return None
    for ask in context.submission.asks:
        if ask.client_reference is None:
            return Refusal(RefusalReason.PARAMETER_MISSING)
    return None


def _throttle(context: AdmissionContext) -> Refusal | None:
    rate = context.account.rate_per_s
    if _is_asked_by_us(context):
        return None
    # a request that names nobody is asked to wait like any other
    count = max(1, context.count)
    if rate is None or context.rates.take(context.account, Unit.MESSAGES, count):
        return None
    _note_lacking(context, Lacking(Check.THROTTLE, Unit.MESSAGES, count))
    return Refusal(RefusalReason.THROTTLED, value=f"{1 / rate:g}")


def _segment_rate(context: AdmissionContext) -> Refusal | None:
    rate = context.account.segments_per_s
    if rate is None or _is_asked_by_us(context):
        return None
    segments = sum(routed.fitted.segments for resolved in context.requests for routed in resolved.routes)
    if context.rates.take(context.account, Unit.SEGMENTS, segments):
        return None
    _note_lacking(context, Lacking(Check.SEGMENT_RATE, Unit.SEGMENTS, segments))
    return _too_many_segments(rate)


def _note_lacking(context: AdmissionContext, lacking: Lacking) -> None:
    if context.rates.may_borrow(context.account, lacking.unit, lacking.wanted):
        context.lacking = lacking


def segment_room(context: AdmissionContext, segments: int) -> Refusal | None:
    """Refuse what the account's rate has no room for, whatever else is to be said of it; takes nothing."""
    rate = context.account.segments_per_s
    if rate is None or _is_asked_by_us(context):
        return None
    has_room = context.rates.have_room(context.account, Unit.SEGMENTS, segments)
    return None if has_room else _too_many_segments(rate)


def _too_many_segments(rate: float) -> Refusal:
    return Refusal(RefusalReason.THROTTLED, "segments", f"{1 / rate:g}")


def _is_asked_by_us(context: AdmissionContext) -> bool:
    """Tell whether an operator only asks what something would be, which is no use of the account's rate."""
    submission = context.submission
    return submission.dry_run and isinstance(submission.caller.presented, OnBehalf)


def _recipients_present(context: AdmissionContext) -> Refusal | None:
    for ask in context.submission.asks:
        if not ask.recipients or not all(ask.recipients):
            return Refusal(RefusalReason.RECIPIENT_MISSING)
    return None


def _recipients(context: AdmissionContext) -> Refusal | None:
    home = context.credential.country if context.credential else ""
    numbering, ranges = context.policy.numbering, context.directory.number_ranges
    for resolved in context.requests:
        resolved.recipients = []
        for number in resolved.ask.recipients:
            recipient = read_number(number, numbering, home, ranges)
            if recipient is None:
                return Refusal(RefusalReason.RECIPIENT_INVALID, value=number)
            resolved.recipients.append(recipient)
        repeated = None
        if len(resolved.recipients) > 1:
            repeated = _first_repeated([canonical(recipient.msisdn) for recipient in resolved.recipients])
        if repeated:
            return Refusal(RefusalReason.RECIPIENTS_REPEATED, value=repeated)
    return None


def _text(context: AdmissionContext) -> Refusal | None:
    for ask in context.submission.asks:
        if not ask.has_content:
            return Refusal(RefusalReason.TEXT_MISSING)
    return None


def _sender(context: AdmissionContext) -> Refusal | None:
    account = context.account
    for resolved in context.requests:
        sender = resolved.ask.sender
        if not context.policy.sender_required:
            sender = sender or account.default_sender
        if not is_sender(sender):
            return Refusal(RefusalReason.SENDER_INVALID, value=sender)
        owners = context.directory.senders.get(sender)
        if owners is None:
            if is_digits(sender) or context.policy.name not in account.alphanumeric_in:
                return Refusal(RefusalReason.SENDER_UNKNOWN, value=sender)
        elif account.name not in owners:
            return Refusal(RefusalReason.SENDER_NOT_YOURS, value=sender)
        resolved.sender = sender
    return None


def _keyword(context: AdmissionContext) -> Refusal | None:
    for resolved in context.requests:
        resolved.keyword = _owned(context, resolved).keyword_meant_by(resolved.ask.keyword)
        if resolved.keyword is None:
            return Refusal(RefusalReason.KEYWORD_UNKNOWN, value=resolved.ask.keyword or "")
    return None


def _campaign(context: AdmissionContext) -> Refusal | None:
    for resolved in context.requests:
        campaign = resolved.ask.campaign
        if campaign is None and not context.account.enforce_campaign:
            continue
        if campaign not in _owned(context, resolved).campaigns:
            return Refusal(RefusalReason.CAMPAIGN_UNKNOWN, value=campaign or "")
    return None


def _carrier(context: AdmissionContext) -> Refusal | None:
    for resolved in context.requests:
        code = resolved.ask.carrier
        if code is None:
            if context.policy.carrier_required:
                return Refusal(RefusalReason.CARRIER_MISSING, value=resolved.ask.recipients[0])
            continue
        carrier = context.directory.carrier(context.policy.name, code)
        if carrier is None:
            return Refusal(RefusalReason.CARRIER_UNKNOWN, value=code)
        resolved.carrier = carrier
    return None


def _length(context: AdmissionContext) -> Refusal | None:
    for resolved in context.requests:
        ask = resolved.ask
        if ask.attachments:  # its text is one of its parts
            continue
        if ask.tags:
            refusal = _length_of_each(context, resolved)
            if refusal is not None:
                return refusal
            continue
        resolved.texts = [ask.text]
        resolved.fitted = [_fit(context, ask, ask.text, PLAIN)]
        if resolved.fitted[0] is None and _all_are_plain(context):
            return Refusal(RefusalReason.TEXT_TOO_LONG)
    return None


def _length_of_each(context: AdmissionContext, resolved: ResolvedRequest) -> Refusal | None:
    """Fill and write the text of one recipient after the other, up to the first that is too long."""
    ask, is_final = resolved.ask, _all_are_plain(context)
    resolved.texts, resolved.fitted = [], []
    try:
        template = Template(ask.text, ask.tags)
        if any(template.is_empty(values) for values in ask.tag_values):
            return Refusal(RefusalReason.TEXT_MISSING)
        for values in ask.tag_values:
            text = template.filled(values)
            fitted = _fit(context, ask, text, PLAIN)
            if fitted is None and is_final:
                return Refusal(RefusalReason.TEXT_TOO_LONG)
            resolved.texts.append(text)
            resolved.fitted.append(fitted)
    except TooLong:
        return Refusal(RefusalReason.TEXT_TOO_LONG)
    return None


def _all_are_plain(context: AdmissionContext) -> bool:
    """Tell whether no link is of a kind that may carry a text in fewer segments: then `_route` judges."""
    return all(rules is PLAIN for rules in context.router.rules.values())


def _fit(context: AdmissionContext, ask: MessageAsk, text: str, rules: TextRules) -> ChosenEncoding | None:
    """Write a message for a link, once, however many it is for; None if that takes more segments than the
    account may send.
    """
    if context.count == 1 or ask.data:
        return _written(context, ask, text, rules)
    key = (text, ask.encoding_options, rules)
    if key not in context.written:
        context.written[key] = _written(context, ask, text, rules)
    return context.written[key]


def _written(
    context: AdmissionContext, ask: MessageAsk, text: str, rules: TextRules
) -> ChosenEncoding | None:
    options, most = ask.encoding_options, context.account.max_segments
    if options.most_segments is not None and options.most_segments > most:
        options = msgspec.structs.replace(options, most_segments=None)  # what that cuts is too long already
    if len(text) > most * MOST_UNCOMPOSED and options.most_segments is None:
        return None
    if context.account.smart_encoding:
        options = msgspec.structs.replace(options, smart=True)
    try:
        if ask.data:
            return fit_octets(ask.data, options)
        fitted = fit(text, rules, options)
    except TooLong:
        return None
    return fitted if fitted.segments <= most else None


def _route(context: AdmissionContext) -> Refusal | None:
    for resolved in context.requests:
        refusal = (
            content.route(context, resolved) if resolved.ask.attachments else _route_text(context, resolved)
        )
        if refusal is not None:
            return refusal
    return None


def _route_text(context: AdmissionContext, resolved: ResolvedRequest) -> Refusal | None:
    directory, router, tags = context.directory, context.router, resolved.ask.tags
    is_later = resolved.ask.send_at > 0
    resolved.routes = []
    others: dict[tuple[str, int], ChosenEncoding | None] = {}
    before: object = None
    for position, recipient in enumerate(resolved.recipients):
        planned = router.plan(directory, resolved.sender, recipient, resolved.carrier, None, is_later)
        if isinstance(planned, Unroutable):
            return Refusal(RefusalReason.NO_ROUTE, value=recipient.country)
        if planned is before and not tags:
            resolved.routes.append(resolved.routes[-1])
            continue
        before = planned
        link, price, backups = planned
        rules = router.rules[link]
        which = position if tags else 0
        if rules is not PLAIN and (link, which) not in others:
            others[link, which] = _fit(context, resolved.ask, resolved.texts[which], rules)
        text = resolved.fitted[which] if rules is PLAIN else others[link, which]
        if text is None:
            return Refusal(RefusalReason.TEXT_TOO_LONG)
        resolved.routes.append(Routed(link, price, text, backups))
    return None


def _owned(context: AdmissionContext, resolved: ResolvedRequest) -> Sender:
    owners = context.directory.senders.get(resolved.sender, {})
    return owners.get(context.account.name) or Sender(resolved.sender)


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
