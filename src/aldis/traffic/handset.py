"""What a simulated carrier shows of its handsets, and the faults that it may be asked to make. Pure."""

from __future__ import annotations

import msgspec


class Attached(msgspec.Struct, frozen=True):
    """A part of a multimedia message, without its octets."""

    content_type: str
    name: str
    octets: int

    @property
    def kind(self) -> str:
        """What it is: "image", "audio", "video" or another."""
        return self.content_type.partition("/")[0].strip().lower()


class Bubble(msgspec.Struct, frozen=True):
    """One message in a handset's conversation."""

    #: Unix milliseconds
    at: int
    #: whether the handset wrote it
    is_written: bool
    #: the other end: who wrote to it, or whom it wrote to
    other: str
    text: str
    encoding: str = ""
    segments: int = 1
    #: 0: shown at once and not kept; None: not told
    message_class: int | None = None
    #: of a multimedia message; its octets are found by `content_id` and their place here
    parts: tuple[Attached, ...] = ()
    content_id: int = 0


class Phone(msgspec.Struct, frozen=True):
    """One handset in a list of them."""

    number: str
    #: how many messages are kept
    messages: int
    last: Bubble


class Chaos(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Faults of a carrier, each with its probability (0..1), drawn anew for each submit."""

    #: ends it: ESME_RINVDSTADR
    refuse: float = 0.0
    #: ESME_RTHROTTLED
    throttle: float = 0.0
    #: answers after `delay_s`
    delay: float = 0.0
    #: closes the connection instead of answering
    drop: float = 0.0
    #: takes it and never sends its receipt
    lose_receipts: float = 0.0
    delay_s: float = 3.0
    #: the same seed draws the same faults for the same submits
    seed: int = 1


#: the names of the probabilities, in the order in which they are drawn
FAULTS = ("drop", "refuse", "throttle", "delay", "lose_receipts")
LONGEST_DELAY_S = 60.0
LARGEST_SEED = 2**53


def chaos_fault(chaos: Chaos) -> str:
    """Say what is wrong with a wish for chaos; "" when it can be had."""
    for name in FAULTS:
        if not 0.0 <= getattr(chaos, name) <= 1.0:
            return f"`{name}` is a probability, from 0 to 1"
    if not 0.0 <= chaos.delay_s <= LONGEST_DELAY_S:
        return f"`delay_s` is from 0 to {LONGEST_DELAY_S:.0f} seconds"
    if not 0 <= chaos.seed <= LARGEST_SEED:
        return "`seed` is a whole number from 0 to 2^53"
    return ""


class Orders(msgspec.Struct, frozen=True):
    """A row of the table of misbehaviour."""

    #: the last two digits of the recipient
    digits: str
    #: what the carrier does then
    does: str
