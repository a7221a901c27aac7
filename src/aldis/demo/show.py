"""Runs the demo: the gateway with its simulator, four messages, their journeys on the screen, then goes on
serving.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiohttp
from rich.console import Console

from aldis.app.entropy import Entropy
from aldis.app.gateway import Gateway
from aldis.clock import Clock, unix_s
from aldis.demo.requests import DemoRequest, four, multimedia, native
from aldis.demo.world import CONSOLE_LOGIN, apply_world, refuse_public_addresses
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.doors.http.server import HttpServer, ServerSettings
from aldis.errors import GatewayError
from aldis.settings import Settings, host_and_port
from aldis.store.contract.search import MessageFilter, MessageView

#: how long the four journeys may take
PATIENCE_S = 60.0
POLL_S = 0.05
#: where demo/world.toml sends the demo account's postbacks
RECEIVER = ("127.0.0.1", 8091)
SHOWN_OCTETS = 160


class DemoFailed(GatewayError):
    """A journey did not end as it should have."""


class Demo:
    """One demo from start to stop."""

    def __init__(
        self, settings: Settings, data_dir: Path, clock: Clock, console: Console, command: str
    ) -> None:
        refuse_public_addresses(settings)
        self._settings = settings
        self._data_dir = data_dir
        self._clock = clock
        self._console = console
        #: how the user called us, for lines to paste
        self._command = command
        self._is_watching = False

    async def run(self, *, once: bool, stopped: asyncio.Event) -> None:
        """Show the journeys; unless `once`, go on until `stopped`. Raises DemoFailed when a journey does not
        end well, or when the store's writer has ended by itself.
        """
        gateway = await Gateway.open(self._settings, self._data_dir, self._clock)
        await apply_world(gateway.store)
        await gateway.start()
        receiving = HttpServer(self._take_postback, ServerSettings(*RECEIVER), Entropy(), unix_s)
        await receiving.start()
        try:
            journeys = asyncio.create_task(self._journeys(gateway))
            ends = [asyncio.create_task(event.wait()) for event in (stopped, gateway.lost)]
            await asyncio.wait({journeys, *ends}, return_when=asyncio.FIRST_COMPLETED)
            if journeys.done():
                await journeys
            else:
                journeys.cancel()
            if not (once or gateway.lost.is_set()):
                self._invite(gateway)
                self._is_watching = True
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in ends:
                end.cancel()
        finally:
            await (gateway.abandon() if gateway.lost.is_set() else gateway.stop())
            await receiving.stop()
        if gateway.lost.is_set():
            raise DemoFailed("the store's writer has ended by itself")

    def _base(self, gateway: Gateway) -> str:
        host, _ = host_and_port(self._settings.http.listen)
        return f"http://{f'[{host}]' if ':' in host else host}:{gateway.server.port}"

    async def _journeys(self, gateway: Gateway) -> None:
        console = self._console
        base = self._base(gateway)
        console.print(
            f"[bold]Aldis is up[/bold] at {base}; its carrier is simulated, spoken to in SMPP on loopback.\n"
        )
        async with asyncio.timeout(PATIENCE_S) as patience:
            requests = four(1)
            async with aiohttp.ClientSession() as session:
                for request in requests:
                    await self._send(session, base, request)
            console.print()
            try:
                await asyncio.gather(*(self._watch(gateway, request) for request in requests))
            except asyncio.CancelledError:
                if patience.expired():
                    raise DemoFailed(f"the journeys did not end within {PATIENCE_S:.0f} s") from None
                raise
        console.print("\n[green]All four messages were delivered and their customers told.[/green]")

    async def _send(self, session: aiohttp.ClientSession, base: str, request: DemoRequest) -> None:
        headers = {"Content-Type": request.content_type}
        async with session.post(request.url(base), data=request.body.encode(), headers=headers) as response:
            answer = await response.text()
        self._console.print(f"[cyan]{request.dialect:9}[/cyan] POST {request.path}")
        self._console.print(f"          {response.status} {answer}", markup=False, soft_wrap=True)

    async def _watch(self, gateway: Gateway, request: DemoRequest) -> None:
        """Print each step of one message as it happens, until its last postback is taken."""
        told = 0
        while True:
            steps, finished = _steps(await _timeline(gateway, request))
            for step in steps[told:]:
                self._console.print(
                    f"[cyan]{request.dialect:9}[/cyan] {step}", highlight=False, soft_wrap=True
                )
            told = len(steps)
            if finished:
                return
            await asyncio.sleep(POLL_S)

    def _invite(self, gateway: Gateway) -> None:
        console, simulator = self._console, self._settings.simulator
        console.print(
            "\n[bold]Try it yourself[/bold]: the last two digits of a number decide what the carrier does, "
            "…80 fails, …83 is throttled first.\n"
        )
        for request in four(2):
            console.print(request.curl(self._base(gateway)), markup=False)
        console.print(native().curl(self._base(gateway)), markup=False)
        console.print(f"\nA picture, by MM7: {multimedia(3).curl(self._base(gateway))}", markup=False)
        if simulator is not None:
            view = f"http://{simulator.view}/handsets"
            console.print(f"\nWhat a handset received: curl -sS {view}/4512345602")
            said = """-d '{"to": "74700", "text": "STOP"}'"""
            console.print(
                f"Have the first one say STOP, and send to it again: curl -sS {view}/14805550102 {said}"
            )
        if gateway.console is not None:
            name, _, password = CONSOLE_LOGIN
            console.print(
                f"\n[bold]The console[/bold] is at {gateway.console.url} : sign in as {name} / {password}\n"
            )
        console.print(f"The life of a message:   {self._command} message 1 --data-dir {self._data_dir}")
        console.print(f"Numbers:                 curl -sS {self._base(gateway)}/metrics")
        console.print("Ctrl-C stops. Postbacks show up below as they arrive.\n")

    def _take_postback(self, request: HttpRequest, answer: Callable[[HttpReply], None]) -> None:
        """Be the demo customer's own server: answer 200, and show what came; the path names the dialect."""
        if self._is_watching:
            content = (request.body or request.query).decode("utf-8", "replace")
            if len(content) > SHOWN_OCTETS:
                content = content[:SHOWN_OCTETS] + "…"
            dialect = request.path.strip("/")
            self._console.print(f"postback  {dialect}: {content}", markup=False, soft_wrap=True)
        answer(HttpReply(200, b"text/plain", b"OK"))


async def _timeline(gateway: Gateway, request: DemoRequest) -> MessageView | None:
    recent = (await gateway.store.search.messages(MessageFilter(), 0, 20)).found
    messages = (each.message for each in recent)
    found = next((message for message in messages if message.recipient.endswith(request.recipient)), None)
    return await gateway.store.search.message(found.message_id) if found else None


def _steps(timeline: MessageView | None) -> tuple[list[str], bool]:
    """Spell a timeline; the second value tells whether all has happened that will. Raises DemoFailed on a bad
    end.
    """
    if timeline is None:
        raise DemoFailed("a message was refused; its answer is above")
    message = timeline.message
    steps = [f"accepted   as {message.reference} for {message.recipient}, {message.segments} segment(s)"]
    steps += [
        f"submitted  segment {s.number}, the SMSC calls it {s.smsc_message_id}" for s in timeline.segments
    ]
    steps += [f"receipt    segment {s.number}: {s.state}" for s in timeline.segments if s.receipt_at]
    if message.ended_at and message.state != "delivered":
        raise DemoFailed(f"message {message.message_id} ended as {message.state}: {message.reason}")
    if message.ended_at:
        steps.append(f"final      {message.state}")
    steps += [
        f"postback   '{p.event}' taken with HTTP {p.last_http_status}" for p in timeline.postbacks if p.done
    ]
    dead = next((p for p in timeline.postbacks if p.due_at is None and not p.done), None)
    if dead is not None:
        raise DemoFailed(
            f"the postback '{dead.event}' of {message.message_id} is a dead letter: {dead.last_fault}"
        )
    told = {p.event for p in timeline.postbacks if p.done}
    return steps, bool(message.ended_at) and "ended" in told and all(p.done for p in timeline.postbacks)
