"""Reads server-sent events as a browser would."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import NamedTuple

import aiohttp


class JournaledResults(NamedTuple):
    """One event."""

    event: str
    data: str
    event_id: str


async def heard(answer: aiohttp.ClientResponse) -> AsyncGenerator[JournaledResults, None]:
    """Give events until the stream ends."""
    fields: dict[str, str] = {}
    async for line in answer.content:
        text = line.decode().rstrip("\n")
        if not text and "event" in fields:
            yield JournaledResults(fields["event"], fields["data"], fields.get("id", ""))
        if not text:
            fields = {}
        name, _, value = text.partition(": ")
        fields[name] = value
