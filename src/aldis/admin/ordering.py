"""Has another process do to a message what it alone may: a row that it finds, and its answer."""

from __future__ import annotations

import asyncio

from aldis.clock import SystemClock
from aldis.store.contract.actions import Command, CommandAnswer, CommandStore

#: how long a gateway may take to carry an order out
PATIENCE_S = 5.0
POLL_S = 0.05


async def order(commands: CommandStore, command: Command) -> CommandAnswer | None:
    """Give an order and wait for what comes of it; None, and it is withdrawn, when nobody carries it out."""
    command_id = await commands.give(command)
    until = SystemClock().monotonic() + PATIENCE_S
    while SystemClock().monotonic() < until:
        if answer := await commands.answer_to(command_id):
            return answer
        await asyncio.sleep(POLL_S)
    if await commands.withdraw(command_id):
        return None
    return await commands.answer_to(command_id)
