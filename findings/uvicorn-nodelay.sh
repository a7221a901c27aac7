#!/bin/sh
# uvicorn 0.54.0 with the loop of asyncio (CPython 3.11 to 3.13) and with uvloop 0.22.1: is Nagle's algorithm off on the
# connections it accepts (TCP_NODELAY), as asyncio has done for TCP since Python 3.6?
#
# Guess: always.
# Seen:  not with asyncio where the listening socket was made without naming TCP, as `Config.bind_socket()` makes it (so
#        for several workers and for reload) and as everybody does who calls `socket.socket(AF_INET, SOCK_STREAM)`: asyncio
#        looks at the socket's protocol number, which is 0 then. Answers in two writes wait about 40 ms for the
#        peer's acknowledgement. `socket.socket(..., proto=IPPROTO_TCP)`, or a host and port, or uvloop: off.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet uvicorn==0.54.0 uvloop==0.22.1
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import socket

import uvicorn
import uvloop


async def no_app(scope, receive, send):
    """Answers nothing; only the connection is looked at."""


def plain():
    return uvicorn.Config(no_app, host="127.0.0.1", port=0, log_level="error").bind_socket()


def named():
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    return listening


async def accepted(listening):
    """Whether TCP_NODELAY is set on a connection to a socket."""
    seen = asyncio.get_running_loop().create_future()

    class Look(asyncio.Protocol):
        def connection_made(self, transport):
            peer = transport.get_extra_info("socket")
            seen.set_result(peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0)
            transport.close()

    server = await asyncio.get_running_loop().create_server(Look, sock=listening)
    _, writer = await asyncio.open_connection(*listening.getsockname()[:2])
    answer = await asyncio.wait_for(seen, 10)
    writer.close()
    server.close()
    return answer


found = {
    (loop.__module__.split(".")[0], make.__name__): asyncio.Runner(loop_factory=loop).run(accepted(make()))
    for loop in (asyncio.SelectorEventLoop, uvloop.new_event_loop)
    for make in (plain, named)
}
print(found)
assert found == {
    ("asyncio", "plain"): False, ("asyncio", "named"): True, ("uvloop", "plain"): True, ("uvloop", "named"): True,
}, found
PYTHON
