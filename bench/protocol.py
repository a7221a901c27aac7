#!/usr/bin/env python3
"""SMPP and text by themselves: our codec beside other Python libraries, and a session on loopback; `make bench-protocol`.

Run with the project's interpreter, after `make interop` has installed the others. Each figure is the median of
rounds in which everybody takes turns, in thousands a second on one core.
"""
import argparse
import asyncio
import contextlib
import gc
import io
import socket
import statistics
import subprocess
import sys
import time
from types import SimpleNamespace

import uvloop

from aldis.smpp import codec, receipt_text
from aldis.smpp.command import CommandId
from aldis.smpp.connection import Connection, RequestArrived, ResponseArrived
from aldis.smpp.pdus import Bind, BindResp, MessageIdBody, Pdu, ShortMessageBody
from aldis.smpp.session import Role
from aldis.smpp.timers import Timers
from aldis.sms.encoding import encode
from aldis.sms.segments import split

BODY = ShortMessageBody(
    source_addr_ton=5, source_addr="Aldis", dest_addr_ton=1, dest_addr_npi=1, destination_addr="447700900001",
    registered_delivery=1, short_message=b"x" * 80)
PDU = Pdu(CommandId.submit_sm, 7, body=BODY)
OCTETS = codec.encode(PDU)
RECEIPT = b"id:1234567890 sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:DELIVRD err:000 text:hello"


def ours():
    yield "encode submit_sm", "aldis", lambda: codec.write(CommandId.submit_sm, 7, 0, BODY, {})
    yield "decode submit_sm", "aldis", lambda: codec.decode(OCTETS)
    yield "read a receipt's text", "aldis", lambda: receipt_text.read(RECEIPT)
    for name, alphabet in (("GSM", "a"), ("UCS-2", "ж")):
        for size in (60, 160, 500):
            text = alphabet * size
            yield f"encode and cut {size} characters, {name}", "aldis", lambda text=text: split(encode(text), 1)


def theirs():
    with contextlib.suppress(ImportError):
        import smpplib.gsm
        import smpplib.smpp
        client = SimpleNamespace(allow_unknown_opt_params=True, next_sequence=lambda: 7)
        values = {"source_addr_ton": 5, "source_addr": "Aldis", "dest_addr_ton": 1, "dest_addr_npi": 1,
                  "destination_addr": "447700900001", "registered_delivery": 1, "short_message": b"x" * 80}

        def parse():
            pdu = smpplib.smpp.make_pdu("submit_sm", client=client)
            pdu.parse(OCTETS)

        yield "encode submit_sm", "smpplib", lambda: smpplib.smpp.make_pdu("submit_sm", client=client, **values).generate()
        yield "decode submit_sm", "smpplib", parse
        for name, alphabet in (("GSM", "a"), ("UCS-2", "ж")):
            for size in (60, 160, 500):
                text = alphabet * size
                yield f"encode and cut {size} characters, {name}", "smpplib", lambda text=text: smpplib.gsm.make_parts(text)
    with contextlib.suppress(ImportError):
        from smpp.pdu import operations, pdu_encoding, pdu_types
        encoder = pdu_encoding.PDUEncoder()
        pdu = operations.SubmitSM(
            7, source_addr_ton=pdu_types.AddrTon.ALPHANUMERIC, source_addr=b"Aldis",
            dest_addr_ton=pdu_types.AddrTon.INTERNATIONAL, dest_addr_npi=pdu_types.AddrNpi.ISDN,
            destination_addr=b"447700900001", short_message=b"x" * 80)
        yield "encode submit_sm", "smpp.pdu3", lambda: encoder.encode(pdu)
        yield "decode submit_sm", "smpp.pdu3", lambda: encoder.decode(io.BytesIO(OCTETS))


def rate(work, seconds):
    """Runs a second."""
    count, end = 0, time.perf_counter() + seconds
    started = time.perf_counter()
    while time.perf_counter() < end:
        for _ in range(200):
            work()
        count += 200
    return count / (time.perf_counter() - started)


class End(asyncio.Protocol):
    """One end of a session on loopback: as much of a link, or of an SMSC, as a benchmark wants."""

    def __init__(self, role, window=0, total=0, done=None):
        self.connection = Connection(role, 0.0, Timers())
        self.window, self.left, self.answered, self.done = window, total, 0, done

    def connection_made(self, transport):
        self.transport = transport
        if self.window:
            self.connection.bind(CommandId.bind_transceiver, Bind("x"))
            self.flush()

    def data_received(self, data):
        connection = self.connection
        for event in connection.receive(data, 0.0):
            kind = type(event)
            if kind is ResponseArrived:
                self.answered += 1
            elif kind is RequestArrived:
                is_bind = isinstance(event.pdu.body, Bind)
                connection.respond(event.pdu, body=BindResp("y") if is_bind else MessageIdBody("1234567890"))
        if self.window and connection.is_bound:
            while self.left and connection.in_flight < self.window:
                connection.request(CommandId.submit_sm, BODY, None, 0.0)
                self.left -= 1
            if not self.left and not connection.in_flight and not self.done.done():
                self.done.set_result(None)
        self.flush()

    def flush(self):
        if octets := self.connection.take_output():
            self.transport.write(octets)


async def session(window, total):
    """Submits a second over loopback, both ends in this process."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: End(Role.SMSC), "127.0.0.1", 0)
    done = loop.create_future()
    started = time.perf_counter()
    await loop.create_connection(lambda: End(Role.ESME, window, total, done), *server.sockets[0].getsockname())
    await done
    seconds = time.perf_counter() - started
    server.close()
    return total / seconds


# its runtime does not survive the interpreter's own end, so it gets a process of its own; it bounds no window itself
SMPP34 = """
import asyncio, os, sys, time
import smpp34
window, total = int(sys.argv[1]), int(sys.argv[2])

async def main():
    server = smpp34.Server(host="127.0.0.1", port=int(sys.argv[3]), system_id="x")
    await server.start()
    async def serve():
        while True:
            event = await server.next()
            if isinstance(event, smpp34.SubmitSmEvent):
                event.accept("1234567890")
    serving = asyncio.ensure_future(serve())
    client = smpp34.Client(host="127.0.0.1", port=int(sys.argv[3]), system_id="x", password="x", bind_type="TRX",
                           window_size=window, connect_timeout_ms=3000)
    smsc = await client.connect()
    async def submit(count):
        for _ in range(count):
            await smsc.submit_sm("447700900001", b"x" * 80, source_addr="Aldis", source_addr_ton=5, registered_delivery=1)
    started = time.perf_counter()
    await asyncio.gather(*(submit(total // window) for _ in range(window)))
    print(total // window * window / (time.perf_counter() - started), flush=True)
    os._exit(0)

asyncio.run(main())
"""


def smpp34_session(window, total):
    """The same through smpp34, both ends in one process; None without it."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-c", SMPP34, str(window), str(total), str(port)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return float(ended.stdout) if ended.returncode == 0 else None


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--seconds", type=float, default=0.3)
    args = ap.parse_args()
    gc.freeze()
    cases = [*ours(), *theirs()]
    seen = {}
    for _ in range(args.rounds):
        for work, library, run in cases:
            seen.setdefault(work, {}).setdefault(library, []).append(rate(run, args.seconds))
        for window in (10, 100):
            found = uvloop.run(session(window, 50_000))
            by_library = seen.setdefault(f"submits through a loopback session, window {window}, both ends", {})
            by_library.setdefault("aldis", []).append(found)
            found = smpp34_session(window, 5_000)
            if found:
                by_library.setdefault("smpp34", []).append(found)
    libraries = ("aldis", "smpplib", "smpp.pdu3", "smpp34")
    print(f"Python {sys.version.split()[0]}; thousands a second, medians of {args.rounds} rounds")
    print("| work | " + " | ".join(libraries) + " | ours against the best other |\n|---" * 1 + "|---" * (len(libraries) + 1) + "|")
    for work, by_library in seen.items():
        medians = {library: statistics.median(rates) / 1000 for library, rates in by_library.items()}
        others = [value for library, value in medians.items() if library != "aldis"]
        ratio = f"{medians['aldis'] / max(others):.1f} ×" if others else ""
        cells = [f"{medians[library]:.0f}" if library in medians else "" for library in libraries]
        print(f"| {work} | {' | '.join(cells)} | {ratio} |")


if __name__ == "__main__":
    main()
