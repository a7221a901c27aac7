"""Binds once and unbinds, to see whether a link's settings are right; for `aldis doctor`."""

from __future__ import annotations

import asyncio

import msgspec

from aldis.clock import Clock
from aldis.links.contract import NOBODY, taking_nothing
from aldis.links.smpp.entry import SmppEntry
from aldis.links.smpp.link import SmppLink

LONGEST_S = 15.0
_POLL_S = 0.02
UNDECIDED = "connecting"


async def probe(entry: SmppEntry, clock: Clock) -> list[str]:
    """Try one of each of a link's kinds of bind; returns how each went: "bound", or why not.

    What the carrier sends meanwhile is not taken, so that it sends it again later.
    """
    link = SmppLink(msgspec.structs.replace(entry, binds=1), taking_nothing(clock), NOBODY)
    running = asyncio.create_task(link.run())
    deadline = clock.monotonic() + LONGEST_S
    while any(bind.condition == UNDECIDED for bind in link.binds) and clock.monotonic() < deadline:
        await asyncio.sleep(_POLL_S)
    found = [bind.condition for bind in link.binds]
    await link.stop(1.0)
    await running
    return ["no answer to the bind" if condition == UNDECIDED else condition for condition in found]
