"""What has become of the messages that the simulated SMSC took, for query_sm and cancel_sm; bounded."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from aldis.simulator.behaviour import Behaviour
from aldis.smpp.receipt_text import MessageState

MAX_TAKEN = 100_000
#: how long a message that never gets a receipt counts as under way
VALIDITY_MS = 86_400_000


class QueriedState(msgspec.Struct, frozen=True):
    """One message, as of the moment it was asked about."""

    state: MessageState
    has_ended: bool
    #: Unix milliseconds
    ends_at: int
    #: 0..255. Source: SMPP v3.4 §4.8.2
    error_code: int


class _Kept(msgspec.Struct):
    sender: str
    final: MessageState
    error_code: int
    ends_at: int


class Taken:
    """The newest of them, by id."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def add(self, smsc_message_id: str, sender: str, behaviour: Behaviour, now: int) -> None:
        """Remember a message and how it will end."""
        final = behaviour.receipt
        ends_at = now + (VALIDITY_MS if final is None else int(behaviour.receipt_delay_s * 1000))
        error_code = int(behaviour.error_code) & 0xFF
        self._kept[smsc_message_id] = _Kept(sender, final or MessageState.EXPIRED, error_code, ends_at)
        if len(self._kept) > MAX_TAKEN:
            self._kept.popitem(last=False)

    def find(self, smsc_message_id: str, sender: str, now: int) -> QueriedState | None:
        """Tell how a sender's message stands; None for one that is not known."""
        kept = self._kept.get(smsc_message_id)
        if kept is None or kept.sender != sender:
            return None
        has_ended = now >= kept.ends_at
        return QueriedState(
            kept.final if has_ended else MessageState.ENROUTE,
            has_ended,
            kept.ends_at,
            kept.error_code if has_ended else 0,
        )

    def cancel(self, smsc_message_id: str, now: int) -> None:
        """End a message that is still under way."""
        kept = self._kept[smsc_message_id]
        kept.final, kept.error_code, kept.ends_at = MessageState.DELETED, 0, now
