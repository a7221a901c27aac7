"""Implements `NodeStore` and `HintStore` for data that one process has to itself: nothing is written, and
nobody else is there to hear.
"""

from __future__ import annotations

from collections.abc import Callable

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.hints import Hint
from aldis.store.contract.nodes import NodeState, NodeStatus, NodeView


class OneNode:
    """Whoever asks."""

    async def say(self, status: NodeStatus) -> tuple[NodeView, ...]:
        said = {name: getattr(status, name) for name in NodeStatus.__struct_fields__}
        return (NodeView(**said, said_at=status.clock_at, is_alive=status.state is not NodeState.LEFT),)

    async def all(self) -> tuple[NodeView, ...]:
        return ()

    async def held(self) -> dict[str, tuple[str, ...]]:
        return {}

    async def drain(self, _name: str, _entry: AuditEntry, *, drained: bool) -> bool:  # noqa: ARG002 - the contract's
        return False

    async def remove(self, _name: str, _entry: AuditEntry) -> bool:
        return False

    async def forget(self, _commands_s: int, _nodes_s: int) -> int:
        return 0


class NoHints:
    """Whoever has work hears of it within the process."""

    def tell(self, hint: Hint) -> None:
        pass

    def subscribe(self, hear: Callable[[Hint], None]) -> None:
        pass
