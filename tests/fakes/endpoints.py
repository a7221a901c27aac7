"""Customers' endpoints in a process of their own, so that what is scarce here is not scarce there.

    python -m tests.fakes.endpoints COUNT

says the port of each, answers everything with 200 and keeps its connections, until its standard input ends.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.scripted import OK

ROOT = Path(__file__).parents[2]


@contextmanager
def endpoints(count: int) -> Iterator[list[str]]:
    """Run so many; gives their addresses."""
    command = (sys.executable, "-m", "tests.fakes.endpoints", str(count))
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield [f"http://127.0.0.1:{port}/" for port in process.stdout.readline().decode().split()]
        process.stdin.close()


async def _take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(
                int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
            )
            writer.write(OK)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _serve(count: int) -> None:
    servers = [await asyncio.start_server(_take, "127.0.0.1", 0) for _ in range(count)]
    sys.stdout.write(" ".join(str(server.sockets[0].getsockname()[1]) for server in servers) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
