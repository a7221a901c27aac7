"""Carries out the commands of other processes: what only the gateway may do that has a message's slot, since
it alone knows which messages are in a sender's hands.
"""

from __future__ import annotations

import structlog

from aldis.accounts.staff import Actor, Role
from aldis.admin.messages import Messages
from aldis.clock import Clock
from aldis.errors import AdminError, TransitionRefused
from aldis.stages.agent import Agent
from aldis.store.contract.actions import Command, CommandAnswer, CommandKind, CommandStore

log = structlog.get_logger()

POLL_S = 0.5
BATCH = 20
#: whoever gave a command that is older waits no more
PATIENCE_MS = 60_000
DAY_MS = 86_400_000


class CommandWorker(Agent):
    """Carries out commands."""

    def __init__(self, store: CommandStore, messages: Messages, clock: Clock) -> None:
        super().__init__("worker", POLL_S)
        self._store = store
        self._messages = messages
        self._clock = clock

    async def step(self) -> int:
        """Do one round; returns how many commands were carried out or turned down."""
        commands = await self._store.waiting(BATCH)
        for command in commands:
            answer = await self._carry_out(command)
            if answer is not None:
                await self._store.answer(command.command_id, answer)
        await self._store.forget(self._clock.now() - DAY_MS)
        return len(commands)

    async def _carry_out(self, command: Command) -> CommandAnswer | None:
        """Do it; None where that has written its own answer, in one transaction with what was done."""
        now = self._clock.now()
        if command.asked_at < now - PATIENCE_MS:
            return CommandAnswer(done=False, answer="nobody was here to do it in time")
        actor = Actor(command.actor, Role(command.role), "command line")
        try:
            if command.kind is CommandKind.CANCEL:
                await self._messages.cancel(actor, command.message_id, now, command.command_id)
                return CommandAnswer(done=True, answer="")
            if command.kind is CommandKind.TRY_AGAIN:
                await self._messages.try_again(actor, command.message_id, now, command.command_id)
            else:
                await self._messages.again(actor, command.message_id, now, command.command_id)
        except AdminError as fault:
            return CommandAnswer(done=False, answer=str(fault))
        except TransitionRefused:
            log.info("a command was carried out by another gateway", command_id=command.command_id)
        return None
