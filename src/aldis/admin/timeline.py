"""Tells the life of a message as a list of events, from its acceptance to the last try at a postback; what
its text needed too.
"""

from __future__ import annotations

import msgspec

from aldis.sms.encoding import decode
from aldis.sms.fitting import PLAIN, NonGsmCharacter, TextRules, from_coding, non_gsm_characters
from aldis.sms.national_tables import Language
from aldis.store.contract.outbox import PostbackRow, PostbackTry
from aldis.store.contract.search import MessageView
from aldis.traffic.content import MMS
from aldis.traffic.message import SegmentFacts
from aldis.traffic.postback import Notify, place_of

#: what is due so long after its acceptance was to be sent later, or is tried again
LATER_MS = 1_000


class TimelineEntry(msgspec.Struct, frozen=True):
    """One thing that happened."""

    at: int
    text: str
    #: "good", "bad", "warn" or "" for how a reader should take it
    mood: str = ""


class WrittenText(msgspec.Struct, frozen=True):
    """How a message is written."""

    text: str
    encoding: str
    #: national tables: "turkish locking shift"; "" for none
    tables: str
    message_class: int | None
    splitting: str
    #: what forced UCS-2
    forced_by: tuple[NonGsmCharacter, ...]


#: of a message whose customer wants its text shown to nobody
HIDDEN = WrittenText("", "hidden", "", None, "", ())


def written(view: MessageView, rules: TextRules = PLAIN) -> WrittenText:
    """Tell how a message is written. `rules`: what its link can carry."""
    if view.accepted.coding == MMS:
        return WrittenText(view.accepted.octets.decode("utf-8", "replace"), "MMS", "", None, "", ())
    try:
        kept = from_coding(view.accepted.coding, view.accepted.octets)
        encoded, text = kept.encoded, decode(kept.encoded)
    except (LookupError, ValueError):  # a row that is damaged can still be looked at
        return WrittenText("", "unreadable", "", None, "", ())
    tables = [
        f"{Language(language).name.lower()} {kind} shift"
        for kind, language in (("locking", encoded.locking), ("single", encoded.single))
        if language
    ]
    return WrittenText(
        text,
        encoded.encoding.name,
        " and ".join(tables),
        kept.message_class,
        kept.splitting.value,
        non_gsm_characters(encoded, rules),
    )


def events(view: MessageView) -> tuple[TimelineEntry, ...]:
    """Give all that happened, in order."""
    message = view.message
    found = [TimelineEntry(message.accepted_at, f"accepted from the customer, in {message.dialect}")]
    if view.accepted.due_at >= message.accepted_at + LATER_MS:
        found.append(TimelineEntry(view.accepted.due_at, "due to be sent"))
    for segment in view.segments:
        found += _of_segment(segment)
    if message.ended_at:
        mood = {"delivered": "good", "unconfirmed": "warn"}.get(message.state, "bad")
        found.append(TimelineEntry(message.ended_at, f"{message.state} {message.reason}".strip(), mood))
    for postback in view.postbacks:
        found += _of_postback(postback, view.tries.get(postback.postback_id, ()))
    return tuple(sorted(found, key=lambda event: event.at))


def _of_segment(segment: SegmentFacts) -> list[TimelineEntry]:
    named = f"segment {segment.number}" if segment.number else "the whole message"
    found = [
        TimelineEntry(
            segment.submitted_at, f"{named} submitted, the carrier calls it {segment.smsc_message_id}"
        )
    ]
    if segment.receipt_at:
        mood = "good" if segment.state == "delivered" else "warn" if segment.state == "enroute" else "bad"
        error = f", error {segment.error_code}" if segment.error_code else ""
        found.append(TimelineEntry(segment.receipt_at, f"receipt: {named} {segment.state}{error}", mood))
    return found


def _of_postback(postback: PostbackRow, tries: tuple[PostbackTry, ...]) -> list[TimelineEntry]:
    what = f"postback “{postback.event}{' ' + postback.state if postback.state else ''}”"
    found = [TimelineEntry(postback.happened_at, f"{what} due to {postback.lane}")]
    found += [
        TimelineEntry(each.tried_at, f"{what} failed: {fault_of(each.http_status, each.fault)}", "bad")
        for each in tries
        if each.fault
    ]
    if postback.done:
        found.append(
            TimelineEntry(
                postback.last_tried_at, f"{what} posted and taken: {postback.last_http_status}", "good"
            )
        )
    elif postback.due_at is None:
        found.append(
            TimelineEntry(
                postback.last_tried_at, f"{what} dead-lettered after {postback.attempts} attempts", "bad"
            )
        )
    return found


def expectation(view: MessageView) -> str:
    """Say of a message without postbacks what its customer is to be told, and where, or why nothing."""
    notify, dialect = Notify(view.accepted.notify), view.message.dialect
    if not notify:
        return f"the account had no postback address for {dialect}, or did not ask for a receipt"
    where = place_of(view.accepted.lane).endpoint
    if Notify.SENT in notify and not view.message.ended_at:
        return f"none is due yet; {where} is told when it is sent"
    if not view.message.ended_at:
        ended = "has ended" if Notify.ENDED in notify else "has ended and was not delivered"
        return f"none is due yet; {where} is told when it {ended}"
    return f"{where} is told only of messages that were not delivered"


def fault_of(http_status: int | None, fault: str) -> str:
    """Say what a try met."""
    return fault or (f"answer {http_status}" if http_status is not None else "no answer")
