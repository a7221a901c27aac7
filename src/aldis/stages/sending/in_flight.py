"""A message in flight: which of its segments are out, and what has become of them."""

from __future__ import annotations

from collections.abc import Callable

from aldis.clock import Clock
from aldis.sms.encoding import Encoding
from aldis.sms.fitting import from_coding
from aldis.sms.segments import split
from aldis.stages.sending.retry import Attempt, RetryPolicy, next_step
from aldis.stages.sending.upstream import (
    Accepted,
    Deferred,
    InDoubt,
    LinkTrouble,
    Outbound,
    Outcome,
    Rejected,
)
from aldis.traffic.content import MMS
from aldis.traffic.message import AttemptResult, ClaimedMessage, SubmittedSegment
from aldis.traffic.states import Event

#: which bad outcome decides for the message
_GRAVITY: dict[type[Outcome], int] = {LinkTrouble: 1, Deferred: 2, InDoubt: 3, Rejected: 4}

#: codings of short texts without national tables: they need no header, however long ones are split
_PLAIN = {int(encoding): encoding for encoding in (Encoding.GSM7, Encoding.UCS2)}


class InFlightMessage:
    """One message between its claim and what the attempt led to."""

    __slots__ = (
        "_bad",
        "_dropped",
        "_is_expired",
        "_message",
        "_submitted",
        "_unanswered",
        "_was_troubled",
        "is_hopeless",
        "message_id",
    )

    def __init__(self, message: ClaimedMessage, was_troubled: bool = False) -> None:  # noqa: FBT001, FBT002 - made by the thousand
        """`was_troubled`: its last attempt met a link's trouble; a second time in a row the message is to
        blame.
        """
        #: which message it is
        self.message_id = message.message_id
        #: sending more segments of it makes no sense in this attempt
        self.is_hopeless = False
        self._message = message
        self._was_troubled = was_troubled
        self._submitted: list[SubmittedSegment] = []
        self._bad: Deferred | Rejected | InDoubt | LinkTrouble | None = None
        #: segments were never submitted, because the link went down
        self._dropped = False
        #: because its validity passed
        self._is_expired = False
        self._unanswered = 0

    def segments(self) -> list[Outbound]:
        """Cut the message and give what is still to be submitted; counts them as unanswered."""
        message = self._message
        taken = message.accepted_segments
        if taken and (taken == (0,) or len(taken) == message.segments):
            return []  # an answer came late
        if message.segments == 1 and message.coding in _PLAIN:
            self._unanswered = 1
            return [
                Outbound(
                    message.message_id,
                    1,
                    1,
                    message.sender,
                    message.recipient,
                    _PLAIN[message.coding],
                    b"",
                    message.octets,
                    message.priority,
                    message.expires_at,
                )
            ]
        if message.coding == MMS:
            self._unanswered = 1
            return [self._multimedia()]
        kept = from_coding(message.coding, message.octets)
        todo = [
            Outbound(
                message_id=message.message_id,
                number=segment.number,
                total=segment.total,
                sender=message.sender,
                recipient=message.recipient,
                encoding=kept.encoded.encoding,
                header=segment.header,
                octets=segment.octets,
                priority=message.priority,
                expires_at=message.expires_at,
                splitting=kept.splitting,
                message_class=kept.message_class,
            )
            for segment in split(kept.encoded, message.message_id, kept.splitting, message.segments)
            if segment.number not in message.accepted_segments
        ]
        self._unanswered = len(todo)
        return todo

    def _multimedia(self) -> Outbound:
        message = self._message
        if not message.parts:
            raise ValueError("the parts of a multimedia message cannot be read")
        return Outbound(
            message_id=message.message_id,
            number=1,
            total=1,
            sender=message.sender,
            recipient=message.recipient,
            encoding=Encoding.OCTETS,
            header=b"",
            octets=message.octets,
            priority=message.priority,
            expires_at=message.expires_at,
            parts=message.parts,
        )

    @property
    def is_troubled(self) -> bool:
        """Whether the session was at fault in this attempt."""
        return isinstance(self._bad, LinkTrouble)

    def note(self, segment: Outbound, outcome: Outcome) -> bool:
        """Take in an outcome; returns True when it was the last one missing."""
        self._unanswered -= 1
        if isinstance(outcome, Accepted):
            self._submitted.append(SubmittedSegment(segment.number, outcome.smsc_message_id))
        elif self._bad is None or _GRAVITY[type(outcome)] > _GRAVITY[type(self._bad)]:
            self._bad = outcome
            self.is_hopeless = True
        return self._unanswered == 0

    def expire(self) -> None:
        """Submit no more of it: its validity has passed."""
        self._is_expired = self.is_hopeless = True

    def drop(self) -> bool:
        """Give up on a segment that was not submitted; returns True when nothing is out any more."""
        self._dropped = True
        self._unanswered -= 1
        return self._unanswered == 0

    def conclude(self, policy: RetryPolicy, clock: Clock, jitter: Callable[[], float]) -> AttemptResult:
        """Say what the attempt led to: sent when every segment was taken, otherwise by the worst outcome."""
        if self._bad is None and not self._dropped:  # nearly every message
            return AttemptResult(self.message_id, Event.SUBMIT_ACCEPTED, tuple(self._submitted))
        message, submitted, now = self._message, tuple(self._submitted), clock.now()
        requeued = Event.SUBMIT_DEFERRED if submitted else Event.RELEASED
        match self._bad:
            case None if self._is_expired:
                event = Event.SUBMIT_UNACKNOWLEDGED if message.doubts else Event.VALIDITY_PASSED
                return AttemptResult(message.message_id, event, submitted, reason="validity passed")
            case None:
                return AttemptResult(message.message_id, requeued, submitted, now, "link down")
            case LinkTrouble(reason) if not self._was_troubled:
                return AttemptResult(message.message_id, requeued, submitted, now, reason)
            case Rejected(reason):  # of this attempt; an earlier one may have been taken
                event = Event.SUBMIT_UNACKNOWLEDGED if message.doubts else Event.SUBMIT_REJECTED
                return AttemptResult(message.message_id, event, submitted, reason=reason)
            case Deferred(reason) | InDoubt(reason) | LinkTrouble(reason):
                doubt = self._bad if isinstance(self._bad, InDoubt) else None
                attempt = Attempt(
                    message.message_id,
                    message.attempts,
                    message.expires_at,
                    submitted,
                    reason,
                    message.doubts + (doubt is not None),
                    doubt is not None,
                    doubt.patience_s if doubt is not None else 0.0,
                )
                return next_step(policy, attempt, now, jitter())
