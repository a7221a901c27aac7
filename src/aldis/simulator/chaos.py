"""Faults by chance: what chaos does to one submit. Pure; the chance is an argument, so that a seed repeats a
run.
"""

from __future__ import annotations

import random

import msgspec

from aldis.simulator.behaviour import Behaviour
from aldis.smpp.status import ESME_RINVDSTADR, ESME_ROK, ESME_RTHROTTLED
from aldis.traffic.handset import FAULTS, Chaos


class Mischief(msgspec.Struct, frozen=True):
    """What is done to one submit beside what the table says."""

    drops: bool = False
    #: answered instead; ESME_ROK: what the table says
    refusal: int = ESME_ROK
    delay_s: float = 0.0
    loses_receipt: bool = False

    def bend(self, behaviour: Behaviour) -> Behaviour:
        """Change how a submission that is taken is treated."""
        if not self.delay_s and not self.loses_receipt:
            return behaviour
        return msgspec.structs.replace(
            behaviour,
            response_delay_s=behaviour.response_delay_s + self.delay_s,
            receipt_count=0 if self.loses_receipt else behaviour.receipt_count,
        )


NONE = Mischief()


def decide(chaos: Chaos, draws: tuple[float, ...]) -> Mischief:
    """Decide from one draw (0..1) for each of FAULTS, in their order. The first of drop, refuse and throttle
    that strikes is the one; a submit that is taken may be delayed and its receipt lost.
    """
    drop, refuse, throttle, delay, lose = (
        draw < getattr(chaos, name) for name, draw in zip(FAULTS, draws, strict=True)
    )
    if drop:
        return Mischief(drops=True)
    if refuse or throttle:
        return Mischief(refusal=ESME_RINVDSTADR if refuse else ESME_RTHROTTLED)
    return Mischief(delay_s=chaos.delay_s if delay else 0.0, loses_receipt=lose)


class Mischiefs:
    """Draws one mischief after the other; the same from the same seed, whatever the probabilities are."""

    def __init__(self, chaos: Chaos) -> None:
        self.chaos = chaos
        self._is_calm = not any(getattr(chaos, name) for name in FAULTS)
        self._chance = random.Random(chaos.seed)  # noqa: S311 - to be repeated, not to be secret

    def draw(self) -> Mischief:
        """Draw what becomes of the next submit."""
        if self._is_calm:
            return NONE
        return decide(self.chaos, tuple(self._chance.random() for _ in FAULTS))
