#!/bin/sh
# aiohttp 3.14.5 posts to a server that answers "200 OK" and, in the same piece, a body that is not chunked as its header
# says.
#
# Guess: the status is 200, and reading the body fails.
# Seen:  the response is never given: `post()` itself raises ClientResponseError, whose status says 400. Who takes that for
#        the server's answer sends the message again.
#
# For Aldis: a 2xx that was read is the answer; `links/mm7/half_answers.py` keeps the status line.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet aiohttp==3.14.5
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio

import aiohttp

ANSWER = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n"


async def answer(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(ANSWER)
    await writer.drain()
    writer.close()


async def post():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = "http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
    async with server, aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as session:
        try:
            async with session.post(url) as response:
                return f"status {response.status}"
        except aiohttp.ClientResponseError as fault:
            return f"no response: {type(fault).__name__}, status {fault.status}"


seen = asyncio.run(post())
print(seen)
assert seen == "no response: ClientResponseError, status 400", seen
PYTHON
