"""One MM7 link: an upstream that posts each message to an MMSC, with a window of unanswered requests.

Implements `stages.sending.upstream.Upstream`. HTTP has no session, so a link is up until the MMSC cannot be
reached, and then looks for it with growing pauses until it can; while it says that it is too much, the link
sends slower. A request that was written and not answered is reported as InDoubt; what the MMSC says later
is still heard for a while. What comes the other way is `listening.py`.
"""

from __future__ import annotations

import asyncio
import functools
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO

import aiohttp
import structlog

from aldis.clock import Clock
from aldis.errors import StoreUnavailable
from aldis.links.carrier_answers import CarrierAnswers
from aldis.links.contract import NOBODY, LinkDependencies, taking_nothing
from aldis.links.mm7 import verdicts
from aldis.links.mm7.entry import Mm7Entry
from aldis.links.mm7.half_answers import Connector, HalfAnswer
from aldis.links.mm7.translate import to_submit
from aldis.links.uptime import Uptime
from aldis.mms import images
from aldis.mms.access import Access
from aldis.mms.composing import compose
from aldis.mms.mm7 import BrokenMm7, Mm7Body, Response, read_message, write
from aldis.mms.parts import Part
from aldis.mms.status import Mm7Status
from aldis.stages.sending.upstream import (
    CLOSED,
    Accepted,
    Condition,
    Deferred,
    InDoubt,
    LinkTrouble,
    Outbound,
    Outcome,
    Rejected,
    UpstreamListener,
)
from aldis.traffic.anomalies import Anomaly

log = structlog.get_logger()

#: one picture at a time is decoded, of all links, and whoever else needs a thread does not wait for it
_PICTURES = ThreadPoolExecutor(1, "aldis-pictures")

#: between two looks for an MMSC that cannot be reached
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
#: shorter than what servers commonly keep, so that most idle connections are closed by us
KEEP_ALIVE_S = 4.0
#: of an answer, and of one of its header lines
MAX_ANSWER_OCTETS = MAX_HEADER_OCTETS = 65_536
#: a request leaves its place after so many times `response_s`, and is not waited for any longer after so many
LOST_FACTOR, LATEST_FACTOR = 4, 10
_OK = range(200, 300)
_UNAUTHORIZED = frozenset((401, 403))
_BUSY = frozenset((429, 503))
#: how often a link that is slowed down looks whether it may go on
TICK_S = 0.2


class Mm7Link:
    """A link to one MMSC; `run` inside the event loop."""

    def __init__(self, entry: Mm7Entry, around: LinkDependencies, listener: UpstreamListener) -> None:
        """Raise SettingsError where a file that the entry names cannot be read."""
        self.name = entry.name
        self.window = entry.window
        self._on_outcome = listener.on_outcome
        self._on_late = listener.on_late
        self._on_change = listener.on_change
        self._entry = entry
        self._access = Access(entry.user, entry.secret())
        self._tls = entry.tls_context()
        self._clock = around.clock
        self._jitter = around.jitter
        self._read_content = around.read_content
        metrics = around.metrics
        self._uptime = Uptime(entry.name, self._clock, metrics)
        self._in_flight = metrics.link_in_flight.labels(entry.name)
        self._answers = CarrierAnswers(entry.name, entry.response_s, self._clock, metrics)
        self._slow_down = self._answers.slow_down
        self._anomalies = metrics.anomalies
        self._failures = metrics.bind_failures.labels(entry.name, "unreachable")
        self._session: aiohttp.ClientSession
        self._tasks: set[asyncio.Task[None]] = set()
        #: wait for answers to what has left its place
        self._overdue: set[asyncio.Task[Outcome]] = set()
        self._is_reachable = False
        self._condition = "unreachable"
        #: why the MMSC was last not to be had, and when (Unix milliseconds)
        self._last_error, self._last_error_at = "", 0
        #: by an operator
        self._is_closed = False
        self._stopping = False
        #: set when the MMSC has to be looked for, and when we stop
        self._wake = asyncio.Event()
        self._uptime.note(is_up=False)

    @property
    def is_up(self) -> bool:
        """Whether the MMSC could be reached when it was last tried."""
        return self._is_reachable and not self._stopping and not self._is_closed

    def condition(self) -> Condition:
        """Tell how it stands."""
        return Condition(
            binds=(CLOSED if self._is_closed else self._condition,),
            in_flight=len(self._tasks),
            window=self.window,
            per_s=self._slow_down.recent_per_s,
            slowed_to=self._slow_down.rate_per_s,
            last_error=self._last_error,
            last_error_at=self._last_error_at,
            throttled_by=self._answers.throttled_by,
            throttled_at=self._answers.throttled_at,
            late_at=self._answers.late_at,
            is_late=self._answers.is_late,
            down_since=self._uptime.down_since,
            anomalies=self._anomalies.of(self.name),
        )

    def room(self) -> int:
        """How many more requests may be under way."""
        if not self.is_up:
            return 0
        room = self.window - len(self._tasks)
        allowed = self._slow_down.room(self._clock.monotonic())
        return room if allowed > room else max(0, int(allowed))

    def submit(self, segment: Outbound) -> None:
        """Post a message; the listener hears of its outcome."""
        self._slow_down.submitted()
        task = asyncio.create_task(self._submit(segment))
        self._tasks.add(task)
        self._in_flight.set(len(self._tasks))
        task.add_done_callback(self._ended)

    async def run(self) -> None:
        """Stay reachable until stopped."""
        connector = Connector(limit=2 * self.window, keepalive_timeout=KEEP_ALIVE_S)
        times = aiohttp.ClientTimeout(
            total=LATEST_FACTOR * self._entry.response_s, sock_connect=min(10.0, self._entry.response_s / 2)
        )
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=times,
            max_line_size=MAX_HEADER_OCTETS,
            max_field_size=MAX_HEADER_OCTETS,
        ) as self._session:
            pause_s = FIRST_PAUSE_S
            while not self._stopping:
                self._wake.clear()
                if not self._is_reachable and not self._is_closed and await self.reaches():
                    pause_s = FIRST_PAUSE_S
                    self._found(is_reachable=True)
                was_reachable = self._is_reachable
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._wait_s(pause_s))
                if not was_reachable:
                    pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                self._go_on()
            for task in self._overdue:
                task.cancel()
            while self._tasks or self._overdue:
                await asyncio.wait({*self._tasks, *self._overdue})

    def _wait_s(self, pause_s: float) -> float | None:
        if self._is_closed:
            return None
        if not self._is_reachable:
            return pause_s * (1 + self._jitter() / 5)
        return TICK_S if self._slow_down.rate_per_s is not None or self._answers.is_late else None

    def _go_on(self) -> None:
        """Go on with what a throttled rate has held back."""
        if self._answers.tick():
            self._on_change()

    def _throttled(self, answer: str) -> None:
        self._answers.note_throttled(answer)
        self._wake.set()

    async def stop(self, grace_s: float) -> None:
        """Wait for answers, but not for long."""
        self._stopping = True
        await self._drain(grace_s)

    def open(self) -> None:
        """Look for the MMSC again."""
        self._is_closed = False
        self._wake.set()

    async def close(self, grace_s: float) -> None:
        """Wait for answers, but not for long, and post nothing more until opened."""
        self._is_closed, self._is_reachable = True, False
        await self._drain(grace_s)
        self._on_change()

    async def _drain(self, grace_s: float) -> None:
        self._wake.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace_s)
            for task in late:
                task.cancel()
        self._uptime.note(is_up=False)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._in_flight.set(len(self._tasks))
        self._on_change()

    def _found(self, *, is_reachable: bool) -> None:
        if is_reachable == self._is_reachable:
            return
        log.info("link up" if is_reachable else "link down", link=self.name)
        self._is_reachable = is_reachable
        self._condition = "reachable" if is_reachable else "unreachable"
        self._uptime.note(is_up=is_reachable)
        self._wake.set()
        self._on_change()

    async def reaches(self) -> bool:
        """Tell whether the MMSC takes a connection."""
        host, port = self._entry.address
        try:
            async with asyncio.timeout(self._entry.response_s):
                _, writer = await asyncio.open_connection(host, port, ssl=self._tls)
        except (OSError, TimeoutError) as fault:
            self._failures.inc()
            condition = f"unreachable: {fault.strerror or type(fault).__name__}"
            self._note_error(condition)
            if condition != self._condition:  # said once, not at each look
                log.warning("an MMSC cannot be reached", link=self.name, fault=condition)
                self._condition = condition
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True

    def _note_error(self, why: str) -> None:
        self._last_error, self._last_error_at = why, self._clock.now()

    async def _submit(self, message: Outbound) -> None:
        outcome: Outcome = InDoubt("stopping")
        try:
            outcome = await self._try(message)
        except Exception:  # a task's outermost frame: each message gets its outcome
            log.exception("a message could not be posted", link=self.name, message_id=message.message_id)
            outcome = InDoubt("internal")
        finally:
            self._on_outcome(message, outcome)

    async def _try(self, message: Outbound) -> Outcome:
        if not message.parts:
            return Rejected("a text cannot go over this link")
        media: list[Part] = []
        for kept in message.parts:
            try:
                octets = await self._read_content(kept.digest)
            except StoreUnavailable:
                return Deferred("content cannot be read now")
            if octets is None:
                log.error("content is lost", link=self.name, message_id=message.message_id)
                return Rejected("content lost")
            media.append(Part(kept.content_type, octets))
        loop = asyncio.get_running_loop()
        written = await loop.run_in_executor(_PICTURES, self._written, message, media, self._clock.now())
        if written is None:
            return Rejected("content too large for this link")
        return await self._ask(message, written)

    async def _ask(self, message: Outbound, written: Mm7Body) -> Outcome:
        """Post, and wait for the answer longer than it should take; after that it is heard as a late one."""
        response_s = self._entry.response_s
        asking = asyncio.create_task(self._exchange(written))
        try:
            done, _ = await asyncio.wait({asking}, timeout=response_s)
            if not done:
                self._answers.note_late()
                self._wake.set()
                done, _ = await asyncio.wait({asking}, timeout=(LOST_FACTOR - 1) * response_s)
        except asyncio.CancelledError:
            asking.cancel()
            await asyncio.wait({asking})
            if asking.cancelled():
                raise
            return asking.result()  # the status had been said
        if done:
            return asking.result()
        if len(self._overdue) < self.window:
            self._overdue.add(asking)
            asking.add_done_callback(functools.partial(self._take_late, message))
        else:
            asking.cancel()
        return InDoubt("response overdue", response_s)

    def _take_late(self, message: Outbound, asking: asyncio.Task[Outcome]) -> None:
        """Take an answer to what is in doubt: the id is worth having, a refusal comes again at a repeat."""
        self._overdue.discard(asking)
        outcome = None if asking.cancelled() or asking.exception() else asking.result()
        if isinstance(outcome, Accepted):
            self._on_late(message, outcome)

    async def _exchange(self, written: Mm7Body) -> Outcome:
        """Post, and read what the answer means."""
        try:
            return self._judge(*await self._post(written))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            self._found(is_reachable=False)
            self._note_error("unreachable")
            return LinkTrouble("unreachable")
        except TimeoutError:
            return InDoubt("response overdue")
        except HalfAnswer as answer:
            return self._judge(answer.status, "", b"")
        except (aiohttp.ClientError, OSError):
            return InDoubt("connection lost")

    def _written(self, message: Outbound, media: list[Part], now: int) -> Mm7Body | None:
        """Write a message, as small as this MMSC wants it; None where that cannot be. In a thread: a megabyte
        takes milliseconds.
        """
        text, most = message.octets.decode("utf-8", "replace"), self._entry.max_octets
        content = compose(text, media)
        if most and len(content.octets) > most and self._entry.downscale and not media[0].is_multipart:
            frame = len(content.octets) - sum(len(part.octets) for part in media)
            content = compose(text, images.shrunk(media, most - frame))
        if most and len(content.octets) > most:
            return None
        return write(to_submit(message, content, self._entry, now))

    async def _post(self, written: Mm7Body) -> tuple[int, str, bytes]:
        shown = self._access.headers
        headers = {"Content-Type": written.content_type, "SOAPAction": '""', **shown}
        async with self._session.post(
            self._entry.url,
            data=BytesIO(written.octets),
            headers=headers,
            ssl=self._tls or True,
            allow_redirects=False,
        ) as answer:
            found = bytearray()
            # The status was said, whatever becomes of the body; also when we are being stopped.
            with suppress(aiohttp.ClientError, OSError, asyncio.CancelledError):
                async with asyncio.timeout(self._entry.response_s):
                    async for chunk in answer.content.iter_chunked(MAX_ANSWER_OCTETS):
                        found += chunk
                        if len(found) > MAX_ANSWER_OCTETS:
                            break
            return answer.status, answer.headers.get("Content-Type", ""), bytes(found)

    def _judge(self, http_status: int, content_type: str, octets: bytes) -> Outcome:
        try:
            answer = read_message(content_type, octets)
        except BrokenMm7:
            answer = None
        code = answer.code if isinstance(answer, Response) else 0
        if http_status in _BUSY or code == Mm7Status.SERVICE_UNAVAILABLE:
            self._throttled(f"MM7 {code}" if code else f"HTTP {http_status}")
        if isinstance(answer, Response) and code:
            return verdicts.judge(answer)
        if http_status in _OK:  # it has the message: posting it again would send it twice
            self._anomalies.note(self.name, Anomaly.UNREADABLE_ANSWER)
            return Accepted(verdicts.known_as(answer.message_id) if isinstance(answer, Response) else "")
        if http_status in _UNAUTHORIZED:
            self._note_error(f"refused: HTTP {http_status}, user and password?")
            log.error("an MMSC does not let us in: user and password?", link=self.name)
        return Deferred(f"HTTP {http_status}")


async def probe(entry: Mm7Entry, clock: Clock) -> list[str]:
    """Tell whether an MMSC takes a connection: "reachable", or why not."""
    link = Mm7Link(entry, taking_nothing(clock), NOBODY)
    return ["reachable" if await link.reaches() else link.condition().last_error]
