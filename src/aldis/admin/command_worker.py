"""The clerk carries out what commands beside the gateway have ordered: what only its own process may do,
because it alone knows which messages are in a sender's hands.
"""

from __future__ import annotations

from aldis.accounts.staff import Actor, Role
from aldis.admin.messages import Messages
from aldis.clock import Clock
from aldis.errors import AdminError
from aldis.stages.agent import Agent
from aldis.store.contract import Store
from aldis.store.orders import Order, OrderAnswer, OrderKind

POLL_S = 0.5
BITE = 20
#: whoever gave an order that is older has given up on it
PATIENCE_MS = 60_000
DAY_MS = 86_400_000


class CommandWorker(Agent):
    """Carries out orders."""

    def __init__(self, store: Store, messages: Messages, clock: Clock) -> None:
        super().__init__("clerk", POLL_S)
        self._store = store
        self._messages = messages
        self._clock = clock

    async def step(self) -> int:
        """Do one round; returns how many orders were carried out or turned down."""
        orders = await self._store.orders.open_orders(BITE)
        for order in orders:
            answer = await self._carry_out(order)
            if answer is not None:
                await self._store.orders.answer_order(order.order_id, answer)
        await self._store.orders.forget_orders(self._clock.now() - DAY_MS)
        return len(orders)

    async def _carry_out(self, order: Order) -> OrderAnswer | None:
        """Do it; None where that has written its own answer, in one transaction with what was done."""
        now = self._clock.now()
        if order.asked_at < now - PATIENCE_MS:
            return OrderAnswer(done=False, answer="nobody was here to do it in time")
        actor = Actor(order.actor, Role(order.role), "command line")
        try:
            if order.kind is OrderKind.CANCEL:
                await self._messages.cancel(actor, order.message_id, now)
                return OrderAnswer(done=True, answer="")
            await self._messages.again(actor, order.message_id, now, order.order_id)
        except AdminError as fault:
            return OrderAnswer(done=False, answer=str(fault))
        return None
