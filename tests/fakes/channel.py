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

    def connections(self) -> tuple[int, int]:
        return len(self.out), 0

    async def answer(
        self, status: int | None = 200, retry_after: str = "", to: str = "", body: str = "", local: str = ""
    ) -> PostbackRequest:
        """Answer the oldest, or the oldest to an address, and let what follows from it happen."""
        at = next(number for number, (request, _) in enumerate(self.out) if to in request.url)
        request, told = self.out.pop(at)
        told(Answer(status, "" if status else "no answer in time", retry_after, body, local))
        await asyncio.sleep(0)
        return request
