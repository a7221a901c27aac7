"""Kannel's bearerbox, bound to our simulator: the customer's software that is met most."""

from __future__ import annotations

import asyncio
import shutil
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from aldis.app.simulator import Simulator
from tests.fakes.ports import free_port
from tests.interop.conftest import PEERS

LONG = "Привет, это длинное сообщение из нескольких частей. " * 5


class Boxes:
    """bearerbox and smsbox, and a listener for the delivery reports."""

    def __init__(self, http: int, reports: int) -> None:
        self.http = http
        self.reports = reports
        self.heard: list[dict[str, list[str]]] = []

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heard.append(urllib.parse.parse_qs(urllib.parse.urlsplit(head.split()[1]).query))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async def send(self, to: str, text: str, *, unicode: bool = False) -> None:
        report = f"http://127.0.0.1:{self.reports}/?to={to}&type=%d"
        query = {
            "username": "u",
            "password": "p",
            "from": "447700900001",
            "to": to,
            "text": text,
            "charset": "UTF-8",
            "coding": "2" if unicode else "0",
            "dlr-mask": "31",
            "dlr-url": report,
        }
        url = f"http://127.0.0.1:{self.http}/cgi-bin/sendsms?{urllib.parse.urlencode(query)}"
        answer = await asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=10).status)
        assert answer == 202

    def reported(self, to: str) -> set[str]:
        return {report["type"][0] for report in self.heard if report["to"] == [to]}


async def until(condition: Callable[[], bool], what: str) -> None:
    for _ in range(300):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"never happened: {what}")


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@pytest.fixture
async def boxes(carrier: Simulator, tmp_path: Path) -> AsyncIterator[Boxes]:
    bearerbox, smsbox = (
        shutil.which("bearerbox", path="/usr/sbin:/usr/bin"),
        shutil.which("smsbox", path="/usr/sbin"),
    )
    assert bearerbox, "install Debian's kannel"
    assert smsbox
    ports = {name: free_port() for name in ("admin", "boxes", "http")}
    config = tmp_path / "kannel.conf"
    config.write_text((PEERS / "kannel.conf").read_text().format(smpp=carrier.smsc.port, **ports))
    made = Boxes(ports["http"], free_port())
    listener = await asyncio.start_server(made.take, "127.0.0.1", made.reports)
    log = (tmp_path / "kannel.log").open("wb")
    processes = []
    for program, port in ((bearerbox, ports["boxes"]), (smsbox, ports["http"])):
        process = await asyncio.create_subprocess_exec(
            program, "-v", "1", str(config), stdout=log, stderr=log
        )
        processes.append(process)
        for _ in range(200):
            if await listens(port):
                break
            assert process.returncode is None, (tmp_path / "kannel.log").read_text()[-1000:]
            await asyncio.sleep(0.05)
    await until(lambda: carrier.memory.system_ids == ["aldis"], "the bind")
    yield made
    for process in processes:
        process.terminate()
    await until(lambda: carrier.memory.system_ids == [], "the unbind")
    for process in processes:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    listener.close()
    log.close()


async def test_kannel_sends_long_and_unicode_messages_and_hears_receipts(
    carrier: Simulator, boxes: Boxes
) -> None:
    await boxes.send("447700900001", "Hello @£$ {€} [~]")
    await boxes.send("447700900002", LONG, unicode=True)
    await boxes.send("447700900003", "A long text of one hundred and sixty characters and more. " * 5)
    await boxes.send("447700900080", "never arrives")
    await boxes.send("447700900082", "refused")
    await boxes.send("447700900087", "hex in the response, decimal in the receipt")
    expected = {
        "447700900001": ({"8", "1"}, "Hello @£$ {€} [~]"),
        "447700900002": ({"8", "1"}, LONG),
        "447700900003": ({"8", "1"}, "A long text of one hundred and sixty characters and more. " * 5),
        "447700900080": ({"8", "2"}, None),
        "447700900082": ({"16"}, None),
        "447700900087": ({"8", "1"}, "hex in the response, decimal in the receipt"),
    }
    for number, (reports, text) in expected.items():
        await until(lambda n=number, r=reports: boxes.reported(n) == r, f"reports of {number}")  # type: ignore[misc]
        shown = [received.text for received in carrier.memory.handsets.of(number)]
        assert shown == ([text] if text is not None else [])
    # apart from the others, because a response that is on its way when the connection drops is lost to Kannel
    await boxes.send("447700900089", "the connection drops first")
    await until(
        lambda: {"8", "1"} <= boxes.reported("447700900089"), "the receipt after the dropped connection"
    )
    shown = [received.text for received in carrier.memory.handsets.of("447700900089")]
    assert shown == ["the connection drops first"]
