"""The simulated carrier as operators see it: conversations of its handsets, writing back as a subscriber,
faults by chance. Whoever simulates implements `SimulatedCarrier`; where nobody does, everything says so.
"""

from __future__ import annotations

from typing import Protocol

from aldis.accounts.staff import Actor, audit
from aldis.errors import AdminError
from aldis.sms.address import is_msisdn, is_sender
from aldis.sms.segments import TooLong
from aldis.store.contract.operators import AuditStore
from aldis.traffic.handset import FAULTS, Bubble, Chaos, Orders, Phone, chaos_fault

#: handsets in a list, messages of a conversation
MOST_PHONES, MOST_BUBBLES = 100, 500
#: characters that a handset writes at once
LONGEST_TEXT = 2000
NONE = (
    "there is no simulated carrier in this gateway: add a [simulator] section to aldis.toml, with a [[link]] "
    "that leads to it"
)


class SimulatedCarrier(Protocol):
    """What a simulator offers."""

    def phones(self, limit: int) -> list[Phone]:
        """Give the handsets that had something to do last, newest first."""

    def conversation(self, number: str, limit: int) -> list[Bubble]:
        """Give the newest messages of one, oldest first."""

    def content(self, content_id: int, part: int) -> tuple[str, bytes] | None:
        """Give content type and octets of a part of a multimedia message; None where it is gone."""

    def changes(self) -> int:
        """Give a number that grows with everything that changes a conversation."""

    def write(self, handset: str, number: str, text: str) -> int | None:
        """Have a handset write; returns how many segments that takes, None when nobody is bound. Raises
        TooLong, UnicodeError.
        """

    def chaos(self) -> Chaos:
        """Give the faults that it makes."""

    def make_chaos(self, chaos: Chaos) -> None:
        """Make these faults from now on."""

    def orders(self) -> list[Orders]:
        """Give the table of misbehaviour."""


class SimulatorControl:
    """The handsets, for operators."""

    def __init__(self, carrier: SimulatedCarrier | None, store: AuditStore) -> None:
        self._carrier = carrier
        self._store = store

    @property
    def are_there(self) -> bool:
        """Whether a carrier is simulated at all."""
        return self._carrier is not None

    def _simulated(self) -> SimulatedCarrier:
        if self._carrier is None:
            raise AdminError(NONE, 404)
        return self._carrier

    def newest(self) -> list[Phone]:
        """Give the handsets that had something to do last. Raises AdminError without a simulator, as all
        that follow.
        """
        return self._simulated().phones(MOST_PHONES)

    def conversation(self, number: str) -> list[Bubble]:
        """Give what a handset received and wrote, oldest first."""
        return self._simulated().conversation(_handset(number), MOST_BUBBLES)

    def content(self, content_id: int, part: int) -> tuple[str, bytes]:
        """Give content type and octets of a picture or other part. Raises AdminError where it is gone."""
        found = self._simulated().content(content_id, part)
        if found is None:
            raise AdminError("the handset does not have this any more", 404)
        return found

    def changes(self) -> int:
        """Give a number that grows with everything that changes a conversation."""
        return self._simulated().changes()

    def orders(self) -> list[Orders]:
        """Give the table of misbehaviour."""
        return self._simulated().orders()

    def chaos(self) -> Chaos:
        """Give the faults that the carrier makes."""
        return self._simulated().chaos()

    async def write(self, actor: Actor, handset: str, to: str, text: str, now: int) -> int:
        """Write as a subscriber; returns how many segments that took."""
        carrier, handset, to = self._simulated(), _handset(handset), to.strip().removeprefix("+")
        if not is_sender(to):
            raise AdminError("say to which number or short code the handset writes")
        if not text.strip() or len(text) > LONGEST_TEXT:
            raise AdminError(f"a handset writes 1 to {LONGEST_TEXT} characters")
        try:
            segments = carrier.write(handset, to, text)
        except (UnicodeError, TooLong):
            raise AdminError("a handset cannot write this text") from None
        if segments is None:
            raise AdminError("no link is bound to the simulated carrier, so nobody would hear it", 409)
        await self._store.note(audit(actor, now, "write as handset", handset, f"to {to}"))
        return segments

    async def make_chaos(self, actor: Actor, chaos: Chaos, now: int) -> None:
        """Have the carrier make faults from now on."""
        carrier, fault = self._simulated(), chaos_fault(chaos)
        if fault:
            raise AdminError(fault)
        carrier.make_chaos(chaos)
        likely = [f"{name} {getattr(chaos, name):g}" for name in FAULTS if getattr(chaos, name)]
        detail = ", ".join([*likely, f"seed {chaos.seed}"]) if likely else "none"
        await self._store.note(audit(actor, now, "make chaos", "simulator", detail))


def _handset(number: str) -> str:
    number = number.strip().removeprefix("+")
    if not is_msisdn(number):
        raise AdminError("a handset has an international number, in digits")
    return number
