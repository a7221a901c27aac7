"""How long anything may take when the gateway stops."""

from __future__ import annotations

import asyncio

import structlog

log = structlog.get_logger()

#: what is under way
GRACE_S = 10.0


async def within(seconds: float, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for tasks, but no longer."""
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=seconds)
        if late:
            log.warning("stopping without waiting any longer", tasks=len(late))
