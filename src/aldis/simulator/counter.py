"""The simulator as the gateway's operators reach it, in the same process: implements
`admin.simulator_control.SimulatedCarrier`.
"""

from __future__ import annotations

from aldis.simulator.behaviour import BY_LAST_DIGITS
from aldis.simulator.memory import Memory
from aldis.traffic.handset import Bubble, Chaos, Orders, Phone


class OperatorsCounter:
    """Where operators ask for what they want of the carrier."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def phones(self, limit: int) -> list[Phone]:
        return self._memory.handsets.phones(limit)

    def conversation(self, number: str, limit: int) -> list[Bubble]:
        return self._memory.handsets.conversation(number, limit)

    def content(self, content_id: int, part: int) -> tuple[str, bytes] | None:
        found = self._memory.handsets.content(content_id, part)
        return None if found is None else (found.content_type, found.octets)

    def changes(self) -> int:
        return self._memory.handsets.changes

    def write(self, handset: str, number: str, text: str) -> int | None:
        return self._memory.write(handset, number, text)

    def chaos(self) -> Chaos:
        return self._memory.mischiefs.chaos

    def make_chaos(self, chaos: Chaos) -> None:
        self._memory.make_chaos(chaos)

    def orders(self) -> list[Orders]:
        return [Orders(digits, behaviour.says) for digits, behaviour in BY_LAST_DIGITS.items()]
