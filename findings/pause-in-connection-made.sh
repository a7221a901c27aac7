#!/bin/sh
# uvloop 0.23.0, beside the own loop of the asyncio that runs it: does a server's transport that is told to pause reading
# in `connection_made` read nothing until it is told to go on, so that `loop.start_tls` can be called a turn of the loop later?
#
# Guess: yes, with both.
# Seen:  uvloop reads behind `connection_made`, whatever was said about reading in it. So the first octets of the handshake go
#        to the protocol of before, and start_tls waits for them in vain until its time is over. asyncio of CPython 3.11.2
#        does the same; that of 3.11.7 looks whether reading is paused, and holds it.
#
# For Aldis: whoever upgrades an accepted connection calls `start_tls` (up to its first wait) within `connection_made`.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet uvloop==0.23.0
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import platform

import uvloop


async def read_while_paused():
    """Whether what a client says is read although its connection was paused when it was made."""
    found = []

    class Paused(asyncio.Protocol):
        def connection_made(self, transport):
            transport.pause_reading()

        def data_received(self, data):
            found.append(data)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(Paused, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"hello")
    await asyncio.sleep(0.5)
    writer.close()
    server.close()
    return bool(found)


found = {
    factory.__module__.split(".")[0]: asyncio.Runner(loop_factory=factory).run(read_while_paused())
    for factory in (asyncio.SelectorEventLoop, uvloop.new_event_loop)
}
print("read while paused:", found, "CPython", platform.python_version())
assert found["uvloop"], found
PYTHON
