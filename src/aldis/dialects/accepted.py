"""What was accepted, or would be, as JSON: the native dialect answers it, and so do console and admin API."""

from __future__ import annotations

import msgspec

from aldis.accounts.price import from_micros
from aldis.sms.fitting import NonGsmCharacter
from aldis.traffic.query import StatusFound
from aldis.traffic.submission import AdmittedAsk, Submission, Writing


class AcceptedMessage(msgspec.Struct, frozen=True):
    """One message of what was accepted."""

    id: str
    to: str
    country: str
    segments: int


class Accepted(msgspec.Struct, frozen=True):
    """The yes: it is on disk, and paid for."""

    #: of all of it
    id: str
    messages: list[AcceptedMessage]
    segments: int
    price: str
    currency: str


class EstimatedMessage(msgspec.Struct, frozen=True):
    """One message as it would be sent."""

    to: str
    country: str
    encoding: str
    segments: int
    #: septets, or UTF-16 units
    units: int
    units_a_segment: int
    forced_by: tuple[NonGsmCharacter, ...]
    route: str
    price_a_segment: str


class Estimate(msgspec.Struct, frozen=True):
    """What a message would be and cost."""

    messages: list[EstimatedMessage]
    segments: int
    price: str
    currency: str


def accepted_of(ask: AdmittedAsk, currency: str) -> Accepted:
    """Say what was accepted."""
    messages = [
        AcceptedMessage(str(message.message_id), message.recipient, message.country, message.segments)
        for message in ask.messages
    ]
    price = from_micros(ask.price_micros)
    return Accepted(ask.reference, messages, ask.segments, price, currency)


def estimate_of(ask: AdmittedAsk, currency: str) -> Estimate:
    """Say what a message would be and cost."""
    messages = [
        _estimated(message.recipient, message.country, message.segments, writing)
        for message, writing in zip(ask.messages, ask.writings, strict=True)
    ]
    return Estimate(messages, ask.segments, from_micros(ask.price_micros), currency)


def _estimated(to: str, country: str, segments: int, writing: Writing) -> EstimatedMessage:
    return EstimatedMessage(
        to=to,
        country=country,
        encoding=writing.encoding.name.lower(),
        segments=segments,
        units=writing.units,
        units_a_segment=writing.units_a_segment,
        forced_by=writing.non_gsm,
        route=writing.link,
        price_a_segment=from_micros(writing.price_micros),
    )


def replayed(submission: Submission, found: StatusFound) -> Accepted | None:
    """Make the first answer again of what was stored with it; None for another request under the same key,
    and where a part of it has been forgotten since.
    """
    first, ask = found.messages[0].message, submission.asks[0]
    echo = msgspec.json.decode(first.echo, type=dict[str, str])
    kept = (echo.get("fingerprint"), echo.get("count"))
    if kept != (ask.echo.get("fingerprint"), str(len(found.messages))):
        return None
    messages = [
        AcceptedMessage(str(m.message_id), m.recipient, m.country, m.segments)
        for m in (each.message for each in found.messages)
    ]
    micros = sum(each.message.price_micros * each.message.segments for each in found.messages)
    segments = sum(message.segments for message in messages)
    return Accepted(first.reference, messages, segments, from_micros(micros), found.currency)
