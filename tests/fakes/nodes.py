"""Nodes that share a memory instead of a database."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from aldis.accounts.staff import AuditEntry
from aldis.errors import StoreUnavailable
from aldis.store.contract.hints import Hint
from aldis.store.contract.nodes import NodeState, NodeStatus, NodeView
from tests.fakes.clock import FakeClock

#: as leases hold over PostgreSQL
ALIVE_MS = 3_000


class Telling:
    """Implements `HintStore`: keeps what was told, and who would hear."""

    def __init__(self) -> None:
        self.told: list[Hint] = []
        self.hearing: list[Callable[[Hint], None]] = []

    def tell(self, hint: Hint) -> None:
        self.told.append(hint)

    def subscribe(self, hear: Callable[[Hint], None]) -> None:
        self.hearing.append(hear)


class SharedNodes:
    """Implements `NodeStore`."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._said: dict[str, NodeView] = {}
        #: nothing can be written
        self.is_away = False
        self.forgotten = 0

    async def say(self, status: NodeStatus) -> tuple[NodeView, ...]:
        if self.is_away:
            raise StoreUnavailable("away")
        said = {name: getattr(status, name) for name in NodeStatus.__struct_fields__}
        before = self._said.get(status.name)
        is_drained = before is not None and before.is_drained
        self._said[status.name] = NodeView(
            **said, said_at=self._clock.now(), is_alive=True, is_drained=is_drained
        )
        return await self.all()

    async def all(self) -> tuple[NodeView, ...]:
        oldest = self._clock.now() - ALIVE_MS
        return tuple(
            replace(view, is_alive=view.said_at > oldest and view.state is not NodeState.LEFT)
            for _, view in sorted(self._said.items())
        )

    async def held(self) -> dict[str, tuple[str, ...]]:
        return {}

    async def drain(self, name: str, _entry: AuditEntry, *, drained: bool) -> bool:
        if name in self._said:
            self._said[name] = replace(self._said[name], is_drained=drained)
        return name in self._said

    async def remove(self, name: str, _entry: AuditEntry) -> bool:
        return self._said.pop(name, None) is not None

    async def forget(self, _commands_s: int, _nodes_s: int) -> int:
        self.forgotten += 1
        return 0
