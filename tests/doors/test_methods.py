"""What is asked with a method that a path does not take: it is refused, and TRACE tells nothing of what came."""

from __future__ import annotations

import pytest

from aldis.dialects.registry import BY_PATH
from tests.doors.stranger import Stranger
from tests.fakes.whole import WholeGateway

PATHS = [*sorted(path for path in BY_PATH if "*" not in path), "/health/live", "/health/ready", "/metrics"]


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PROPFIND"])
async def test_methods_that_nobody_needs_are_refused_everywhere(whole: WholeGateway, method: str) -> None:
    stranger = await Stranger.at(whole.gateway.server)
    for path in PATHS:
        await stranger.say(f"{method} {path} HTTP/1.1\r\nHost: x\r\nX-Told: to-nobody\r\n\r\n".encode())
        head = await stranger.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await stranger.reader.readexactly(length)
        assert b"\r\nAllow: " in head, path
        assert b"to-nobody" not in head + body, path
    stranger.leave()
