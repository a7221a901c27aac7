"""A channel in memory: keeps what is posted until a test answers it. A real implementation of the contract."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aldis.stages.postbacks.channel import Answer, Limits
from aldis.traffic.postback import PostbackRequest


class FakeChannel:
    """Implements `stages.postbacks.channel.Channel`."""

    def __init__(self) -> None:
        #: posted and not answered, oldest first
        self.out: list[tuple[PostbackRequest, Callable[[Answer], None]]] = []

    def post(self, request: PostbackRequest, _limits: Limits, told: Callable[[Answer], None]) -> None:
        self.out.append((request, told))

    async def answer(self, status: int | None = 200) -> PostbackRequest:
        """Answer the oldest, and let what follows from it happen."""
        request, told = self.out.pop(0)
        told(Answer(status, "" if status else "no answer in time"))
        await asyncio.sleep(0)
        return request
